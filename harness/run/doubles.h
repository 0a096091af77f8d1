/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>

#include "run.h"

/* For the supervisor's tests: a plan and cases without guests. pn_plan_build() is here, too. */

/** double_ops - cases that do what their names say */
extern const struct pn_run_ops double_ops;

/** double_noisy_host - the host is not fit for measuring */
extern bool double_noisy_host;
