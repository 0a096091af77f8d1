// SPDX-License-Identifier: GPL-2.0-only
/* Which of the things that pass are hit. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "words.h"

/* One letter each: X hit, . not. */
static void play(const struct pn_tamper_order *order, unsigned int count, char *ret_text)
{
	struct pn_words words;

	pn_words_begin(&words, order);
	for (unsigned int i = 0; i < count; i++)
		ret_text[i] = pn_words_hit(&words) ? 'X' : '.';
	ret_text[count] = '\0';
	assert_int_equal(words.seen, count);
}

static void the_words_of_fault_injection(void **state)
{
	static const struct {
		struct pn_tamper_order order;
		const char *expected;
	} cases[] = {
		{ { .probability = 100 }, "XXXXXXXX" },
		{ { .probability = 100, .space = 3 }, "...XXXXX" },
		{ { .probability = 100, .interval = 3 }, "X..X..X." },
		{ { .probability = 100, .times = 2 }, "XX......" },
		{ { .probability = 100, .space = 1, .interval = 2, .times = 2 }, ".X.X...." },
		{ { .probability = 0 }, "........" },
	};
	char text[9];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		play(&cases[i].order, 8, text);
		assert_string_equal(text, cases[i].expected);
	}
}

static void chance_follows_the_seed(void **state)
{
	struct pn_tamper_order order = { .probability = 50, .seed = 7 };
	char first[1001], again[1001], other[1001];
	unsigned int hits = 0;

	play(&order, 1000, first);
	play(&order, 1000, again);
	order.seed = 8;
	play(&order, 1000, other);
	assert_string_equal(first, again);
	assert_string_not_equal(first, other);
	for (const char *at = first; *at; at++)
		hits += *at == 'X';
	assert_in_range(hits, 430, 570);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_words_of_fault_injection),
		cmocka_unit_test(chance_follows_the_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
