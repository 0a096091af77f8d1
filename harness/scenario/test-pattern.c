// SPDX-License-Identifier: GPL-2.0-only
/* Properties of all patterns over random parameters: bounded, whole pages, end where they say, the same for the same seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../base/units.h"
#include "doc.h"
#include "event.h"
#include "pattern.h"
#include "seed.h"

#define MEMORY (512 * PN_MIB)

struct expansion {
	GArray *events;
	struct pn_args *args;
};

static void clear_event(gpointer data)
{
	pn_event_clear(data);
}

static struct expansion expand(const struct pn_pattern *pattern, const char *params, uint64_t seed)
{
	g_autofree char *text = g_strdup_printf("pattern: {%s}\n", params);
	struct pn_pattern_context context = {.memory_bytes = MEMORY, .seed = seed};
	struct expansion expansion = {.events = g_array_new(FALSE, TRUE, sizeof(struct pn_event))};
	g_autofree char *accepted = NULL;
	struct pn_doc *doc;

	g_array_set_clear_func(expansion.events, clear_event);
	assert_int_equal(pn_doc_parse(text, strlen(text), "t", &doc, NULL), 0);
	assert_int_equal(pn_args_read(doc, pn_doc_find(doc, "pattern"), pattern->params, MEMORY, "pattern", &expansion.args, NULL), 0);
	assert_null(pattern->expand(expansion.args, &context, expansion.events, &accepted));
	pn_doc_free(doc);
	return expansion;
}

static void drop(struct expansion *expansion)
{
	g_array_unref(expansion->events);
	pn_args_free(expansion->args);
}

static const struct pn_event *event(const struct expansion *expansion, guint i)
{
	return &g_array_index(expansion->events, struct pn_event, i);
}

static uint64_t last_target(const struct expansion *expansion)
{
	uint64_t bytes = UINT64_MAX;

	for (guint i = 0; i < expansion->events->len; i++)
		if (event(expansion, i)->action == PN_DO_TARGET)
			bytes = event(expansion, i)->balloon_bytes;
	return bytes;
}

static uint64_t pages(uint64_t bytes)
{
	return bytes / PN_PAGE_BYTES * PN_PAGE_BYTES;
}

/* Where each pattern says that it ends. */
static void check_end(const struct pn_pattern *pattern, const struct expansion *expansion)
{
	uint64_t amount = pages(pn_args_number(expansion->args, "amount")), end = last_target(expansion);
	uint64_t base = strstr(pattern->ends, "base") ? pn_args_number(expansion->args, "base") : 0;

	if (g_str_equal(pattern->ends, "at amount"))
		assert_int_equal(end, amount);
	else if (g_str_equal(pattern->ends, "at 0"))
		assert_int_equal(end, 0);
	else if (g_str_equal(pattern->ends, "at base"))
		assert_int_equal(end, pages(base));
	else
		assert_in_range(end, pages(base), amount);
}

static void check_events(const struct pn_pattern *pattern, const struct expansion *expansion)
{
	uint64_t amount = pn_args_number(expansion->args, "amount");
	uint64_t base =
	    strcmp(pattern->name, "sweep") != 0 && pn_args_text(expansion->args, "base") ? pn_args_number(expansion->args, "base") : 0;
	const struct pn_event *last = event(expansion, expansion->events->len - 1);

	assert_non_null(event(expansion, 0)->phase);
	assert_int_equal(last->action, PN_DO_HOLD);
	assert_int_equal(last->after, PN_AFTER_SETTLED);
	for (guint i = 0; i < expansion->events->len; i++) {
		const struct pn_event *one = event(expansion, i);

		assert_int_not_equal(one->after, PN_AFTER_TIME);
		if (one->action != PN_DO_TARGET || strcmp(pattern->name, "sweep") == 0)
			continue;
		assert_false(one->may_miss);
		assert_int_equal(one->balloon_bytes % PN_PAGE_BYTES, 0);
		if (strcmp(pattern->name, "deflate") != 0 && strcmp(pattern->name, "step") != 0)
			assert_true(one->balloon_bytes >= pages(base));
		assert_true(one->balloon_bytes <= amount);
	}
}

static void check_same(const struct expansion *a, const struct expansion *b)
{
	assert_int_equal(a->events->len, b->events->len);
	for (guint i = 0; i < a->events->len; i++) {
		assert_int_equal(event(a, i)->balloon_bytes, event(b, i)->balloon_bytes);
		assert_int_equal(event(a, i)->at_ns, event(b, i)->at_ns);
		assert_int_equal(event(a, i)->for_ns, event(b, i)->for_ns);
	}
}

static void keeps_its_word_by_default(void **state)
{
	for (const struct pn_pattern *pattern = pn_patterns; pattern->name && !pattern->reclaims; pattern++) {
		struct expansion one = expand(pattern, "", 1), again = expand(pattern, "", 1);

		check_events(pattern, &one);
		check_end(pattern, &one);
		check_same(&one, &again);
		if (strcmp(pattern->name, "sweep") != 0)
			assert_true(pn_args_number(one.args, "amount") <= pn_events_reachable(MEMORY));
		drop(&one);
		drop(&again);
	}
}

static void keeps_its_word_anyhow(void **state)
{
	uint64_t random = 42;

	for (int round = 0; round < 300; round++)
		for (const struct pn_pattern *pattern = pn_patterns; pattern->name && !pattern->reclaims; pattern++) {
			g_autoptr(GString) params = g_string_new(NULL);
			uint64_t base = pn_seed_below(&random, 40 * PN_MIB);

			g_string_printf(params, "amount: %" G_GUINT64_FORMAT "B",
					(guint64)(base + 1 + PN_PAGE_BYTES) + (guint64)pn_seed_below(&random, 300 * PN_MIB));
			if (pn_key_find(pattern->params, "base"))
				g_string_append_printf(params, ", base: %" G_GUINT64_FORMAT "B", base);
			if (pn_key_find(pattern->params, "steps"))
				g_string_append_printf(params, ", steps: %" G_GUINT64_FORMAT, 1 + pn_seed_below(&random, 50));
			if (pn_key_find(pattern->params, "flips"))
				g_string_append_printf(params, ", flips: %" G_GUINT64_FORMAT, 1 + pn_seed_below(&random, 50));
			if (pn_key_find(pattern->params, "shape"))
				g_string_append_printf(params, ", shape: %s", (const char *[]){"sine", "square", "sawtooth"}[round % 3]);
			struct expansion one = expand(pattern, params->str, round);

			check_events(pattern, &one);
			check_end(pattern, &one);
			drop(&one);
		}
}

static void differs_by_seed(void **state)
{
	static const char *const seeded[] = {"random-walk", "flip"};

	for (size_t i = 0; i < G_N_ELEMENTS(seeded); i++) {
		struct expansion one = expand(pn_pattern_find(seeded[i]), "", 1), other = expand(pn_pattern_find(seeded[i]), "", 2);
		guint same = 0;

		for (guint k = 0; k < one.events->len; k++)
			same += event(&one, k)->balloon_bytes == event(&other, k)->balloon_bytes &&
				event(&one, k)->at_ns == event(&other, k)->at_ns;
		assert_true(same < one.events->len / 2);
		drop(&one);
		drop(&other);
	}
}

static void waves_reach_their_height(void **state)
{
	static const char *const shapes[] = {"sine", "square"};

	for (size_t i = 0; i < G_N_ELEMENTS(shapes); i++) {
		g_autofree char *params = g_strdup_printf("shape: %s, amount: 100MiB, base: 20MiB, cycles: 2", shapes[i]);
		struct expansion one = expand(pn_pattern_find("oscillate"), params, 1);
		uint64_t highest = 0, length = 0;

		for (guint k = 0; k < one.events->len; k++) {
			highest = MAX(highest, event(&one, k)->balloon_bytes);
			length += event(&one, k)->at_ns;
		}
		assert_int_equal(highest, 100 * PN_MIB);
		assert_int_equal(length, 4 * PN_NS_PER_S);
		drop(&one);
	}
}

static void flips_as_often_as_asked(void **state)
{
	struct expansion one = expand(pn_pattern_find("flip"), "flips: 7, gap-min: 1ms, gap-max: 1s", 9);
	uint64_t shortest = UINT64_MAX, longest = 0;

	assert_int_equal(one.events->len, 1 + 7 + 1); /* up, the flips, the hold */
	for (guint i = 1; i + 1 < one.events->len; i++) {
		assert_int_not_equal(event(&one, i)->balloon_bytes, event(&one, i - 1)->balloon_bytes);
		shortest = MIN(shortest, event(&one, i)->at_ns);
		longest = MAX(longest, event(&one, i)->at_ns);
	}
	assert_in_range(shortest, PN_NS_PER_MS - 1, PN_NS_PER_MS);
	assert_in_range(longest, PN_NS_PER_S - 1, PN_NS_PER_S);
	drop(&one);
}

static void sweeps_all_edges(void **state)
{
	struct expansion one = expand(pn_pattern_find("sweep"), "minimum: 64MiB", 1);
	static const uint64_t edges[] = {0, PN_PAGE_BYTES, MEMORY - 32 * PN_MIB, MEMORY, MEMORY + PN_PAGE_BYTES};
	bool unaligned = false;

	for (size_t i = 0; i < G_N_ELEMENTS(edges); i++) {
		bool found = false;

		for (guint k = 0; k < one.events->len; k++)
			if (event(&one, k)->action == PN_DO_TARGET && event(&one, k)->balloon_bytes == edges[i]) {
				found = true;
				assert_int_equal(event(&one, k)->may_miss, edges[i] > pn_events_reachable(MEMORY));
			}
		assert_true(found);
	}
	for (guint k = 0; k < one.events->len; k++)
		unaligned |= event(&one, k)->balloon_bytes % PN_PAGE_BYTES != 0;
	assert_true(unaligned);
	drop(&one);
}

static void names_match_the_table(void **state)
{
	size_t i = 0;

	for (; pn_pattern_names[i]; i++)
		assert_string_equal(pn_pattern_names[i], pn_patterns[i].name);
	assert_null(pn_patterns[i].name);
	for (i = 0; pn_event_kind_names[i]; i++)
		assert_string_equal(pn_event_kind_names[i], pn_event_kinds[i].name);
	assert_null(pn_event_kinds[i].name);
}

static void seeds_are_for_ever(void **state)
{
	uint64_t state_number = 0;

	/* First outputs of SplitMix64 from 0, as published with its reference code. */
	assert_true(pn_seed_next(&state_number) == 0xe220a8397b1dcdafULL);
	assert_true(pn_seed_next(&state_number) == 0x6e789e6aa1b965f4ULL);
	assert_true(pn_seed_of("a", "b", NULL) != pn_seed_of("ab", NULL));
	assert_true(pn_seed_of("inflate", NULL) == pn_seed_of("inflate", NULL));
	for (int i = 0; i < 1000; i++)
		assert_in_range(pn_seed_below(&state_number, 7), 0, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keeps_its_word_by_default), cmocka_unit_test(keeps_its_word_anyhow),   cmocka_unit_test(differs_by_seed),
	    cmocka_unit_test(waves_reach_their_height),	 cmocka_unit_test(flips_as_often_as_asked), cmocka_unit_test(sweeps_all_edges),
	    cmocka_unit_test(names_match_the_table),	 cmocka_unit_test(seeds_are_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
