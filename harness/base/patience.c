// SPDX-License-Identifier: GPL-2.0-only
/* Waiting for a guest by the CPU time of its QEMU: clock_getcpuclockid(3) of another process. */
#include "patience.h"

#include <glib.h>
#include <time.h>

#include "clock.h"
#include "units.h"

#define IDLE_PART 20 /* of a CPU: below this a guest does nothing but wait; a halted one takes 1 to 3 % under emulation */
#define WALL_FACTOR 10
#define LOOK_NS (5 * PN_NS_PER_S)

/* CPU time of all threads of the process so far. Return: false when it is not there. */
static bool read_cpu(pid_t pid, uint64_t *ret_ns)
{
	struct timespec spent;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &spent))
		return false;
	*ret_ns = (uint64_t)spent.tv_sec * PN_NS_PER_S + (uint64_t)spent.tv_nsec;
	return true;
}

void pn_patience_begin(struct pn_patience *patience, pid_t pid, uint64_t allowed_ns)
{
	*patience = (struct pn_patience){.pid = pid, .allowed_ns = allowed_ns, .begun_ns = pn_clock_now_ns()};
	if (pid)
		read_cpu(pid, &patience->begun_cpu_ns);
}

/* Return: false when the process has gone; the number may be another's by now, then it has run for less than at the beginning. */
static bool has_run(const struct pn_patience *patience, uint64_t *ret_ns)
{
	uint64_t now_ns;

	if (!read_cpu(patience->pid, &now_ns) || now_ns < patience->begun_cpu_ns)
		return false;
	*ret_ns = now_ns - patience->begun_cpu_ns;
	return true;
}

bool pn_patience_spent(uint64_t allowed_ns, uint64_t passed_ns, uint64_t ran_ns)
{
	if (ran_ns >= allowed_ns || passed_ns / WALL_FACTOR >= allowed_ns)
		return true;
	return passed_ns >= allowed_ns && ran_ns < passed_ns / IDLE_PART;
}

bool pn_patience_over(const struct pn_patience *patience)
{
	uint64_t passed_ns = pn_clock_now_ns() - patience->begun_ns, ran = 0;

	if (!patience->pid)
		return passed_ns >= patience->allowed_ns;
	return !has_run(patience, &ran) || pn_patience_spent(patience->allowed_ns, passed_ns, ran);
}

uint64_t pn_patience_left_ns(const struct pn_patience *patience)
{
	uint64_t passed_ns = pn_clock_now_ns() - patience->begun_ns;

	if (pn_patience_over(patience))
		return 0;
	return passed_ns < patience->allowed_ns ? patience->allowed_ns - passed_ns : LOOK_NS;
}

char *pn_patience_text(const struct pn_patience *patience)
{
	uint64_t passed_s = (pn_clock_now_ns() - patience->begun_ns) / PN_NS_PER_S, ran = 0;

	if (!patience->pid)
		return g_strdup_printf("%llu s", (unsigned long long)passed_s);
	if (!has_run(patience, &ran))
		return g_strdup_printf("%llu s, and QEMU has gone", (unsigned long long)passed_s);
	return g_strdup_printf("%llu s, %llu s of them on a CPU", (unsigned long long)passed_s, (unsigned long long)(ran / PN_NS_PER_S));
}
