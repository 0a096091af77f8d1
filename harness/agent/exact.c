/* SPDX-License-Identifier: GPL-2.0-only */
/* Holding oneself in exact mode, and letting a stretch of the guest's own time pass until the next hold. */
#include "exact.h"

#include "agent.h"
#include "link.h"
#include "loop.h"
#include "ops.h"

#include "../pin/wire.h"

#include <errno.h>
#include <stdint.h>

_Static_assert(sizeof(PN_PIN_SELF_INSN) == PN_PIN_SELF_SIZE + 1, "the instruction below is that of wire.h");

static bool enabled, wanted, spinning;
static struct pn_loop_timer timer;
static struct pn_request waiting;

void pn_exact_set(bool on)
{
	enabled = on;
}

void pn_exact_replied(void)
{
	wanted = enabled;
	if (pn_link_empty())
		pn_exact_drained();
}

static void hold(void)
{
	__asm__ volatile(".byte 0x0f, 0x1f, 0x84, 0x00, 0x70, 0x6e, 0x69, 0x6e" ::: "memory"); /* PN_PIN_SELF_INSN */
}

void pn_exact_drained(void)
{
	if (!wanted)
		return;
	wanted = false;
	hold();
}

bool pn_exact_spin(void)
{
	if (spinning)
		hold();
	return spinning;
}

void pn_exact_awake(void)
{
	spinning = false;
}

static int run_exact(const struct pn_request *request, json_t **ret_reply)
{
	const json_t *on = json_object_get(request->args, "on");

	if (!json_is_boolean(on))
		return pn_fail(-EINVAL, "exact: on: expected true or false");
	pn_exact_set(json_is_true(on));
	spinning = json_is_true(json_object_get(request->args, "spin"));
	*ret_reply = json_pack("{s:I}", "mono_ns", (json_int_t)pn_now_ns());
	return 0;
}

static void on_due(struct pn_loop_timer *due)
{
	pn_reply(&waiting, json_pack("{s:I}", "mono_ns", (json_int_t)pn_now_ns()));
}

static int run_run(const struct pn_request *request, json_t **ret_reply)
{
	int64_t for_ns;
	int r = pn_arg_integer(request, "for_ns", 0, 3600000000000, -1, &for_ns);

	if (r < 0)
		return r;
	if (timer.armed)
		return pn_fail(-EBUSY, "run: one is under way");
	waiting = *request;
	waiting.args = NULL;
	timer.fire = on_due;
	pn_loop_arm(&timer, pn_now_ns() + (uint64_t)for_ns);
	return 1;
}

const struct pn_op pn_ops_exact[] = {
	{"exact", "hold after each reply", run_exact},
	{"run", "reply after some time", run_run},
	{0},
};
