// SPDX-License-Identifier: GPL-2.0-only
/* The entry of the puncture program; cmd/ has the rest. */
#include "cmd/command.h"

int main(int argc, char **argv)
{
	return pn_command_main(argc, argv);
}
