// SPDX-License-Identifier: GPL-2.0-only
/*
 * Values by record: reads the text of a scalar in the unit its record says, and words what would have been accepted.
 *
 * A unit is never guessed: sizes and durations come from base/units, and a size in bytes without unit is refused wherever more than
 * 0 is meant, since "512" for a guest's memory is far more often a mistake than 512 bytes.
 */
#include "key.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "../base/units.h"
#include "../pin/notation.h"

/* PN_BYTES_ACCEPTED has an example without unit, which is refused here. */
#define SIZE_ACCEPTED "a size with its unit, such as 64KiB, 512MiB or 2GiB"

static const char *const flag_words[] = {"false", "true", "off", "on", "no", "yes", NULL};

static bool has_unit(const char *text)
{
	return *text && g_ascii_isalpha(text[strlen(text) - 1]);
}

static int parse_percent(const struct pn_key_info *key, const char *text, uint64_t memory_bytes, uint64_t *ret_bytes)
{
	char *end;
	double percent = g_ascii_strtod(text, &end);

	if (!g_ascii_isdigit(text[0]) || strcmp(end, "%") != 0 || strspn(text, "0123456789.") != strlen(text) - 1)
		return -EINVAL; /* strtod alone would take 0x10% and 1e1% */
	if (!(percent >= 0 && percent <= (key->percent_max ? key->percent_max : 100)))
		return -EINVAL;
	*ret_bytes = (uint64_t)((double)memory_bytes * percent / 100) / PN_PAGE_BYTES * PN_PAGE_BYTES;
	return 0;
}

static int parse_bytes(const struct pn_key_info *key, const char *text, uint64_t *ret_bytes)
{
	if (!has_unit(text) && strcmp(text, "0") != 0)
		return -EINVAL;
	return pn_bytes_parse(text, ret_bytes) < 0 ? -EINVAL : 0;
}

static int parse_whole(const char *text, bool sign, uint64_t *ret_number)
{
	char *end;
	const char *digits = sign && text[0] == '-' ? text + 1 : text;

	if (!g_ascii_isdigit(digits[0]) || (digits[0] == '0' && digits[1])) /* libcyaml would read 010 as octal */
		return -EINVAL;
	errno = 0;
	*ret_number = sign ? (uint64_t)g_ascii_strtoll(text, &end, 10) : g_ascii_strtoull(text, &end, 10);
	return errno || *end ? -EINVAL : 0;
}

static int parse_word(const char *const *words, const char *text, uint64_t *ret_index)
{
	for (uint64_t i = 0; words[i]; i++)
		if (strcmp(words[i], text) == 0) {
			*ret_index = i;
			return 0;
		}
	return -EINVAL;
}

static bool is_name(const char *text)
{
	if (!*text)
		return false;
	for (; *text; text++)
		if (g_ascii_isspace(*text) || g_ascii_iscntrl(*text))
			return false;
	return true;
}

static bool in_range(const struct pn_key_info *key, uint64_t number)
{
	if (key->type == PN_KEY_INTEGER)
		return (int64_t)number >= (int64_t)key->min && (int64_t)number <= (int64_t)key->max;
	return number >= key->min && (!key->max || number <= key->max);
}

int pn_key_parse(const struct pn_key_info *key, const char *text, uint64_t memory_bytes, struct pn_key_value *ret_value)
{
	struct pn_notation notation;
	uint64_t number = 0;
	int r = 0;

	switch (key->type) {
	case PN_KEY_SHARE:
		if (g_str_has_suffix(text, "%")) {
			r = parse_percent(key, text, memory_bytes, &number);
			break;
		}
		/* fall through */
	case PN_KEY_BYTES:
		r = parse_bytes(key, text, &number);
		r = r < 0 ? r : in_range(key, number) ? 0 : -EINVAL;
		break;
	case PN_KEY_DURATION:
		r = pn_duration_parse(text, &number) < 0 || !in_range(key, number) ? -EINVAL : 0;
		break;
	case PN_KEY_MOMENT:
		if (pn_notation_is(text))
			r = pn_notation_parse(text, &notation);
		else
			r = pn_duration_parse(text, &number) < 0 || !in_range(key, number) ? -EINVAL : 0;
		break;
	case PN_KEY_COUNT:
	case PN_KEY_INTEGER:
		r = parse_whole(text, key->type == PN_KEY_INTEGER, &number);
		r = r < 0 ? r : in_range(key, number) ? 0 : -EINVAL;
		break;
	case PN_KEY_FLAG:
		r = parse_word(flag_words, text, &number);
		number &= 1;
		break;
	case PN_KEY_CHOICE:
		r = parse_word(key->choices, text, &number);
		break;
	case PN_KEY_NAME:
	case PN_KEY_NAMES:
		r = !is_name(text) ? -EINVAL : key->choices ? parse_word(key->choices, text, &number) : 0;
		break;
	case PN_KEY_TEXT:
	case PN_KEY_TEXTS:
		break;
	case PN_KEY_MAP:
	case PN_KEY_MAPS:
		r = -EINVAL;
		break;
	}
	if (r < 0)
		return r;
	*ret_value = (struct pn_key_value){.number = number, .text = text};
	return 0;
}

char *pn_key_quote(enum pn_key_type type, uint64_t number)
{
	static const struct {
		uint64_t size;
		const char *bytes;
	} sizes[] = {{1ULL << 40, "TiB"}, {PN_GIB, "GiB"}, {PN_MIB, "MiB"}, {PN_KIB, "KiB"}};
	static const struct {
		uint64_t ns;
		const char *unit;
	} times[] = {{3600 * PN_NS_PER_S, "h"}, {60 * PN_NS_PER_S, "min"}, {PN_NS_PER_S, "s"}, {PN_NS_PER_MS, "ms"}, {PN_NS_PER_US, "us"}};

	if (type == PN_KEY_INTEGER)
		return g_strdup_printf("%" G_GINT64_FORMAT, (int64_t)number);
	if (type == PN_KEY_COUNT || number == 0)
		return g_strdup_printf("%" G_GUINT64_FORMAT, number);
	if (type == PN_KEY_DURATION || type == PN_KEY_MOMENT) {
		for (size_t i = 0; i < G_N_ELEMENTS(times); i++)
			if (number % times[i].ns == 0)
				return g_strdup_printf("%" G_GUINT64_FORMAT "%s", number / times[i].ns, times[i].unit);
		return g_strdup_printf("%" G_GUINT64_FORMAT "ns", number);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++)
		if (number % sizes[i].size == 0)
			return g_strdup_printf("%" G_GUINT64_FORMAT "%s", number / sizes[i].size, sizes[i].bytes);
	return g_strdup_printf("%" G_GUINT64_FORMAT "B", number);
}

static char *with_range(const struct pn_key_info *key, const char *what)
{
	g_autofree char *low = pn_key_quote(key->type, key->min);
	g_autofree char *high = pn_key_quote(key->type, key->max);

	if (key->type == PN_KEY_INTEGER || key->max)
		return g_strdup_printf("%s, from %s to %s", what, low, high);
	if (key->min)
		return g_strdup_printf("%s, at least %s", what, low);
	return g_strdup(what);
}

char *pn_key_accepted(const struct pn_key_info *key)
{
	g_autofree char *words = NULL;

	switch (key->type) {
	case PN_KEY_BYTES:
		return with_range(key, SIZE_ACCEPTED);
	case PN_KEY_SHARE:
		words = g_strdup_printf("%s, or a percentage of the guest's memory from 0%% to %u%%", SIZE_ACCEPTED,
					key->percent_max ? key->percent_max : 100);
		return with_range(key, words);
	case PN_KEY_DURATION:
		return with_range(key, PN_DURATION_ACCEPTED);
	case PN_KEY_MOMENT:
		words = with_range(key, PN_DURATION_ACCEPTED);
		return g_strdup_printf("%s, or %s", words, PN_NOTATION_ACCEPTED);
	case PN_KEY_COUNT:
	case PN_KEY_INTEGER:
		return with_range(key, "a whole number");
	case PN_KEY_FLAG:
		return g_strdup("true or false");
	case PN_KEY_CHOICE:
		words = g_strjoinv(", ", (char **)key->choices);
		return g_strdup_printf("one of %s", words);
	case PN_KEY_NAME:
		return g_strdup("a name without white space");
	case PN_KEY_TEXT:
		return g_strdup("a text");
	case PN_KEY_NAMES:
		words = key->choices ? g_strjoinv(", ", (char **)key->choices) : NULL;
		return words ? g_strdup_printf("one or a list of %s", words) : g_strdup("a name or a list of names");
	case PN_KEY_TEXTS:
		return g_strdup("a text or a list of texts");
	case PN_KEY_MAP:
		return g_strdup("a mapping of keys to values");
	case PN_KEY_MAPS:
		return g_strdup("a list of mappings");
	}
	return NULL;
}

const struct pn_key_info *pn_key_find(const struct pn_key_info *table, const char *name)
{
	for (; table && table->name; table++)
		if (strcmp(table->name, name) == 0)
			return table;
	return NULL;
}

/* Edit distance with one row; names are short and a long input is cut, so the cost is bounded. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[65];
	size_t rows = MIN(strlen(a), 64), columns = MIN(strlen(b), 64);

	for (size_t j = 0; j <= columns; j++)
		row[j] = j;
	for (size_t i = 1; i <= rows; i++) {
		unsigned int diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= columns; j++) {
			unsigned int above = row[j];

			row[j] = MIN(MIN(above, row[j - 1]) + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[columns];
}

static gint by_distance(gconstpointer a, gconstpointer b, gpointer name)
{
	unsigned int left = distance(name, *(const char *const *)a), right = distance(name, *(const char *const *)b);

	return left < right ? -1 : left > right;
}

char *pn_key_nearest(const char *name, const char *const *names)
{
	g_autoptr(GPtrArray) sorted = g_ptr_array_new();
	GString *text = g_string_new(NULL);

	for (; *names; names++)
		g_ptr_array_add(sorted, (gpointer)*names);
	g_ptr_array_sort_with_data(sorted, by_distance, (gpointer)name);
	guint shown = MIN(sorted->len, 5);

	for (guint i = 0; i < shown; i++)
		g_string_append_printf(text, "%s%s",
				       i == 0					? ""
				       : i + 1 == shown && shown == sorted->len ? " or "
										: ", ",
				       (const char *)sorted->pdata[i]);
	if (shown < sorted->len)
		g_string_append(text, ", ...");
	return g_string_free(text, FALSE);
}
