// SPDX-License-Identifier: GPL-2.0-only
/* The list of known bugs: whole, and of every family, for every oracle, for every word of the oracle of liveness. */
#include "test-fixture.h"

#include "mutants.h"

#define LEAST 40

static struct pn_mutants mutants;

static int read_list(void **state)
{
	struct pn_diag diag = {};

	if (pn_mutants_read(&mutants, &diag))
		fail_msg("%s", diag.text);
	return 0;
}

static int free_list(void **state)
{
	pn_mutants_free(&mutants);
	return 0;
}

/* Of how many mutants the first to find it is this oracle; the suite wants two of each that nobody else finds. */
static unsigned int first_by(const char *oracle)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < mutants.count; i++)
		count += mutants.list[i].oracles_count && g_str_has_prefix(mutants.list[i].oracles[0], oracle);
	return count;
}

static void every_entry_says_what_it_stands_for(void **state)
{
	unsigned int judged = 0;

	for (unsigned int i = 0; i < mutants.count; i++) {
		const struct pn_mutant *mutant = &mutants.list[i];

		if (!mutant->oracles_count) /* for compare, shrink and the like */
			continue;
		judged++;
		if (!mutant->bugs || !mutant->family || (!strcmp(mutant->base, "vballoon") && !mutant->scenario))
			fail_msg("%s has no bugs, family or scenario", mutant->name);
	}
	assert_true(judged >= LEAST);
}

static void every_family_has_one(void **state)
{
	for (char family = 'A'; family <= 'J'; family++) {
		bool found = false;

		for (unsigned int i = 0; i < mutants.count; i++)
			found |= mutants.list[i].family && strchr(mutants.list[i].family, family);
		if (!found)
			fail_msg("no mutant of family %c", family);
	}
}

static void every_oracle_has_two(void **state)
{
	static const char *const oracles[] = {"ledger", "integrity", "liveness", "protocol", "kernel-log", "host", "brok:sanity", "brok:faults"};

	for (size_t i = 0; i < G_N_ELEMENTS(oracles); i++) {
		if (first_by(oracles[i]) < 2)
			fail_msg("%u mutants for %s", first_by(oracles[i]), oracles[i]);
	}
}

static void every_word_of_liveness_is_shown(void **state)
{
	static const char *const words[] = {"slow", "stuck", "livelock", "thrash", "silent no-op"};

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		g_autofree char *oracle = g_strdup_printf("liveness:%s", words[i]);

		if (!first_by(oracle))
			fail_msg("no mutant for %s", oracle);
	}
}

/* Stock is a control where it has no known issue of the same kind. */
static void controls_have_stock_but_for_known_issues(void **state)
{
	g_auto(GStrv) suites = pn_mutants_controls();
	unsigned int with = 0;

	for (char **suite = suites; *suite; suite++) {
		with += strstr(*suite, "driver: [vballoon, stock]") != NULL;
		if (strstr(*suite, "[mutant-hugetlb]"))
			assert_non_null(strstr(*suite, "driver: [vballoon]\n"));
		assert_null(strstr(*suite, "expect"));
	}
	assert_true(with > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_entry_says_what_it_stands_for), cmocka_unit_test(every_family_has_one),
		cmocka_unit_test(every_oracle_has_two), cmocka_unit_test(every_word_of_liveness_is_shown),
		cmocka_unit_test(controls_have_stock_but_for_known_issues),
	};

	return cmocka_run_group_tests(tests, read_list, free_list);
}
