// SPDX-License-Identifier: GPL-2.0-only
/*
 * The budget invariant, checked exhaustively on a small model: three guests, sizes in a few units, every interleaving of what guests, host and
 * controller do, breadth first over all states that can be reached. The law is the real one; its file is included for its state.
 *
 * A round: each guest's new target is set, or refused; the guest sees it, before or after the next look at it; its driver moves towards what it has
 * seen, in part or all the way; the host has the memory back, at once or later; what it uses changes; it is looked at, in full, without
 * statistics, or not at all; it moves on. When all have been looked at the law decides. Between two decisions guests do not influence each other, so
 * every interleaving of theirs is some combination of moments out of each one's own course, and the most that all can hold together is the sum
 * of what each holds at its worst moment: that sum is checked for every combination of courses.
 *
 * A round is longer than every delay of the law, so all its ages look the same at the next decision and states repeat. The mishaps are spread: guest 0 may
 * take its OOM quota at any time, refuse and be unreadable; guest 1 may be silent and slow; the host gets guest 2's memory back late; 0 and 1 see late.
 */
#define ALIGN_BYTES (64ULL << 20) /* one unit */
#include "policy.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <glib.h>
#include <stdio.h>

#define GUESTS 3
#define U ALIGN_BYTES
#define ROUND_NS (10000 * SECOND_NS)
#define NOW_NS (1000 * ROUND_NS)
#define COURSES_MOST 512

/** struct body - the guest itself */
struct body {
	uint64_t device, seen; /* targets */
	uint64_t actual, resident, used;
	bool late; /* has not seen its target at the last look */
};

enum look { LOOK_FULL, LOOK_SILENT, LOOK_NOTHING, LOOKS };

struct state {
	struct body bodies[GUESTS];
	struct guest guests[GUESTS];
};

/** struct course - what one guest may do in a round: how it ends and the most it held */
struct course {
	struct body body;
	struct body at_look;
	enum look look;
	bool refused;
	uint64_t peak;
};

struct courses {
	struct course list[COURSES_MOST];
	size_t count;
};

static const struct pn_policy_guest limits[GUESTS] = {
	{ .min_bytes = U, .max_bytes = 2 * U, .oom_quota_bytes = U, .overhead_bytes = U / 4, .weight = 1 },
	{ .min_bytes = U, .max_bytes = 2 * U, .weight = 1 },
	{ .min_bytes = U, .max_bytes = 2 * U, .weight = 1 },
};

static struct pn_policy_config small_config(void)
{
	struct pn_policy_config config = pn_policy_defaults();

	config.capacity_bytes = 6 * U + U / 2; /* quota, overhead, the least for all, and one unit to quarrel over */
	config.reserve_bytes = U;
	config.price_s = config.headroom = 0;
	config.headroom_bytes = U;
	config.hidden_after_ns = 1;
	config.full_step = 0;
	config.shrink_step = 1;
	config.shrink_per_s = 1;
	return config;
}

static void note_peak_of(struct course *course)
{
	course->peak = larger(course->peak, larger(course->body.actual, course->body.resident));
}

static void move(struct course *course, bool part, bool host_late)
{
	struct body *body = &course->body;
	uint64_t distance = body->seen > body->actual ? body->seen - body->actual : body->actual - body->seen;

	if (part && distance > U / 2)
		distance = U / 2;
	body->actual = body->seen > body->actual ? body->actual + distance : body->actual - distance;
	if (!host_late || body->resident < body->actual)
		body->resident = body->actual;
	note_peak_of(course);
}

static void add_course(struct courses *courses, const struct course *course)
{
	for (size_t i = 0; i < courses->count; i++) {
		struct course *known = &courses->list[i];
		uint64_t peak = known->peak;

		known->peak = course->peak;
		if (!memcmp(known, course, sizeof(*course))) {
			known->peak = larger(peak, course->peak);
			return;
		}
		known->peak = peak;
	}
	assert_true(courses->count < COURSES_MOST);
	courses->list[courses->count++] = *course;
}

/* the choices of a round, one bit field each; what a guest never does is left out */
enum { REFUSE = 1, EARLY = 2, LATE = 4, STILL = 8, PART = 16, HOST_LATE = 32, MOVE_ON = 64, USE_MORE = 128, CHOICES = 256 };

static void take_course(struct courses *courses, size_t i, const struct body *from, uint64_t target, unsigned int choice, enum look look)
{
	struct course course;

	memset(&course, 0, sizeof(course)); /* compared bytewise */
	course.body = *from;
	course.look = look;
	course.refused = choice & REFUSE;
	course.body.used = choice & USE_MORE ? U : 0;
	note_peak_of(&course);
	if (choice & EARLY) /* towards the old target before it sees the new one */
		move(&course, false, choice & HOST_LATE);
	if (!course.refused)
		course.body.device = target;
	course.body.late = (choice & LATE) && course.body.seen != course.body.device;
	if (!course.body.late)
		course.body.seen = course.body.device;
	if (!(choice & STILL))
		move(&course, choice & PART, choice & HOST_LATE);
	course.at_look = course.body;
	if (choice & MOVE_ON)
		move(&course, false, choice & HOST_LATE);
	add_course(courses, &course);
}

/* With half steps of a driver it takes ten times as long; PN_MODEL_FULL=1 asks for them. */
static bool full_model(void)
{
	return getenv("PN_MODEL_FULL") != NULL;
}

static void all_courses(struct courses *courses, size_t i, const struct body *from, uint64_t target)
{
	const unsigned int never[GUESTS] = { PART | HOST_LATE, REFUSE | HOST_LATE | (full_model() ? 0 : PART), REFUSE | LATE | PART };
	static const bool looks[GUESTS][LOOKS] = { { true, false, true }, { true, true, false }, { true, false, false } };

	courses->count = 0;
	for (unsigned int choice = 0; choice < CHOICES; choice++) {
		if (choice & never[i] || (choice & LATE && from->late))
			continue;
		for (enum look look = 0; look < LOOKS; look++)
			if (looks[i][look])
				take_course(courses, i, from, target, choice, look);
	}
}

static struct pn_observation observe(const struct course *course, const struct guest *guest, size_t i)
{
	const struct body *body = &course->at_look;
	struct pn_observation o = { PN_UNSET, 0, course->refused, PN_UNSET, guest->trust.stats_ns, PN_UNSET, PN_UNSET, PN_UNSET, PN_UNSET, PN_UNSET, PN_UNSET };

	if (course->look == LOOK_NOTHING)
		return o;
	o.resident_bytes = body->resident + limits[i].overhead_bytes;
	o.actual_bytes = body->actual;
	if (course->look == LOOK_SILENT)
		return o;
	o.stats_ns = guest->trust.stats_ns == 1 ? 2 : 1;
	o.total_bytes = body->actual;
	o.available_bytes = body->used < body->actual ? body->actual - body->used : 0;
	o.free_bytes = o.available_bytes;
	return o;
}

static void age(uint64_t *ns)
{
	if (*ns)
		*ns = NOW_NS - ROUND_NS;
}

/* After a round all times are equally long ago, and what the next one overwrites or nothing depends on is gone: equal states are equal bytes. */
static void canonical(struct guest *guest, size_t i)
{
	guest->raised_ns = 0; /* longer ago than a cool-down */
	guest->demand.used_bytes = 0; /* only growth would count, and the headroom is fixed */
	if (guest->trust.trust != PN_TRUST_QUARANTINED)
		guest->trust.trust = PN_TRUST_FRESH;
	if (i > 0) /* only guest 0 may be unreadable */
		guest->actual_bytes = guest->resident_bytes = guest->claim_bytes = 0;
	age(&guest->trust.stats_seen_ns);
	age(&guest->trust.lied_ns);
	age(&guest->trust.mismatch_ns);
	age(&guest->trust.weighed_ns);
	age(&guest->trust.progress_ns);
	guest->trust.retry_ns = guest->trust.retry_ns ? 1 : 0;
	guest->trust.retry_gap_ns = guest->trust.retry_gap_ns ? 1 : 0;
	age(&guest->demand.seen_ns);
	age(&guest->demand.calm_ns);
	age(&guest->demand.peak_since_ns);
	guest->demand.hidden_bytes = 0; /* faded away */
	guest->demand.peak_bytes[0] = guest->demand.peak_bytes[1] = 0;
	guest->demand.stats_ns = guest->trust.stats_ns = guest->trust.stats_ns ? 1 : 0;
	guest->due_bytes = guest->held_bytes = 0;
}

static guint state_hash(gconstpointer key)
{
	const unsigned char *bytes = key;
	uint64_t hash = 14695981039346656037ULL;

	for (size_t i = 0; i < sizeof(struct state); i++)
		hash = (hash ^ bytes[i]) * 1099511628211ULL;
	return (guint)(hash ^ hash >> 32);
}

static gboolean state_equal(gconstpointer a, gconstpointer b)
{
	return !memcmp(a, b, sizeof(struct state));
}

struct search {
	struct pn_policy *policy;
	GHashTable *known;
	GQueue queue;
	uint64_t steps;
	uint64_t worst;
};

static void visit(struct search *search, const struct state *state)
{
	struct state *copy;

	if (g_hash_table_contains(search->known, state))
		return;
	copy = g_memdup2(state, sizeof(*state));
	g_hash_table_add(search->known, copy);
	g_queue_push_tail(&search->queue, copy);
}

static void decide(struct search *search, const struct state *from, const struct course *const *taken)
{
	struct pn_policy *policy = search->policy;
	uint64_t budget = policy->config.capacity_bytes - policy->config.reserve_bytes, held = 0, bounds = 0;
	struct pn_observation observations[GUESTS];
	struct pn_decision decisions[GUESTS];
	struct state next;

	for (size_t i = 0; i < GUESTS; i++) {
		held += taken[i]->peak + limits[i].oom_quota_bytes + limits[i].overhead_bytes;
		observations[i] = observe(taken[i], &from->guests[i], i);
	}
	assert_true(held <= budget);
	search->worst = larger(search->worst, held);
	memcpy(policy->guests, from->guests, sizeof(from->guests));
	for (size_t i = 0; i < GUESTS; i++)
		policy->guests[i].known = true;
	policy->last_ns = NOW_NS - ROUND_NS;
	pn_policy_step(policy, observations, NOW_NS, decisions);
	memset(&next, 0, sizeof(next));
	memcpy(next.guests, policy->guests, sizeof(next.guests));
	for (size_t i = 0; i < GUESTS; i++) {
		next.bodies[i] = taken[i]->body;
		canonical(&next.guests[i], i);
		bounds += decisions[i].bound_bytes;
		assert_true(decisions[i].target_bytes <= limits[i].max_bytes);
		/* what a guest may come to hold is bounded by what is accounted for it */
		assert_true(decisions[i].bound_bytes >= larger(next.bodies[i].resident, next.bodies[i].actual) + limits[i].overhead_bytes ||
			    taken[i]->look == LOOK_NOTHING);
	}
	assert_true(bounds <= budget);
	search->steps++;
	visit(search, &next);
}

static void expand(struct search *search, const struct state *state)
{
	static struct courses courses[GUESTS];
	const struct course *taken[GUESTS];

	for (size_t i = 0; i < GUESTS; i++)
		all_courses(&courses[i], i, &state->bodies[i], state->guests[i].target_bytes);
	for (size_t a = 0; a < courses[0].count; a++) {
		for (size_t b = 0; b < courses[1].count; b++) {
			for (size_t c = 0; c < courses[2].count; c++) {
				taken[0] = &courses[0].list[a];
				taken[1] = &courses[1].list[b];
				taken[2] = &courses[2].list[c];
				decide(search, state, taken);
			}
		}
	}
}

static void test_every_interleaving_keeps_the_budget(void **unused)
{
	struct pn_policy_config config = small_config();
	uint64_t targets[GUESTS] = { U, U, U };
	struct search search = { .policy = pn_policy_new(&config, limits, targets, GUESTS), .queue = G_QUEUE_INIT };
	struct state start, *state;

	assert_non_null(search.policy);
	search.known = g_hash_table_new_full(state_hash, state_equal, g_free, NULL);
	memset(&start, 0, sizeof(start));
	memcpy(start.guests, search.policy->guests, sizeof(start.guests));
	for (size_t i = 0; i < GUESTS; i++) {
		pn_trust_init(&start.guests[i].trust, NOW_NS - ROUND_NS);
		/* seen once: what was never seen counts as the largest there can be */
		start.guests[i].actual_bytes = U;
		start.guests[i].resident_bytes = U + limits[i].overhead_bytes;
		start.bodies[i] = (struct body){ .device = U, .seen = U, .actual = U, .resident = U, .used = 0 };
	}
	visit(&search, &start);
	while ((state = g_queue_pop_head(&search.queue)))
		expand(&search, state);
	printf("%u states, %llu decisions, at worst %.2f of %.2f units held\n", g_hash_table_size(search.known), (unsigned long long)search.steps,
	       (double)search.worst / U, (double)(config.capacity_bytes - config.reserve_bytes) / U);
	/* the model must be able to get as far as the budget allows, or it shows nothing */
	assert_true(search.worst + U / 2 > config.capacity_bytes - config.reserve_bytes);
	assert_true(g_hash_table_size(search.known) > 100);
	g_hash_table_destroy(search.known);
	pn_policy_free(search.policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_interleaving_keeps_the_budget) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
