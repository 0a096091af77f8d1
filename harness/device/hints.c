// SPDX-License-Identifier: GPL-2.0-only
/*
 * Free page hinting. Hints are wanted during a migration of a guest that runs, so one is begun, of a vCPU that has halted, so slow that it is under way as
 * long as the check needs. Whether a hint was taken is told by what migration has left to send, by QEMU's own count.
 *
 * Hints are taken on a thread of QEMU's: all that is waited for here is waited for with a deadline, and the lack of an effect is looked for only after
 * the device has used the buffer.
 */

#include "checks.h"

#include <endian.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#define F_HINT (1 << 3)
#define HINT_QUEUE 3 /* of a device without reporting */
#define COMMAND_ID 8 /* in the configuration */
#define STOP 0
#define DONE 1
#define FIRST_ID 2

#define HINT_BYTES (4U << 20)
#define FILL_BYTES (32U << 20)
#define CONTENT 0x5c
#define LATER_CONTENT 0xc5
#define DEADLINE_US (5 * G_USEC_PER_SEC)
#define POLL_US 2000
#define SLOW "40960" /* bytes a second: a page every tenth */
#define FAST "1099511627776"

static bool set_bandwidth(struct pn_qtest *qtest, const char *bytes)
{
	g_autofree char *command = g_strdup_printf("{\"execute\":\"migrate-set-parameters\",\"arguments\":{\"max-bandwidth\":%s}}", bytes);

	return pn_qtest_does(qtest, command);
}

/* A guest that runs, with pages that are not zero: those would cost migration next to nothing. */
static bool begin(struct pn_balloon *balloon, struct pn_qtest *qtest, struct pn_device_words *words)
{
	if (!pn_balloon_start(balloon, qtest, F_HINT) || !(balloon->features & F_HINT)) {
		snprintf(words->text, sizeof(words->text), "FREE_PAGE_HINT is not offered");
		return false;
	}
	pn_qtest_fill(qtest, PN_BALLOON_PAGES, CONTENT, FILL_BYTES);
	snprintf(words->text, sizeof(words->text), "the guest could not be set going");
	return set_bandwidth(qtest, SLOW) && pn_qtest_does(qtest, "{\"execute\":\"cont\"}");
}

static uint32_t command_id(struct pn_balloon *balloon)
{
	return pn_balloon_config(balloon, COMMAND_ID);
}

/* Begin a migration. Return: the id of its command, or 0 with @words. */
static uint32_t migrate(struct pn_balloon *balloon, struct pn_device_words *words)
{
	gint64 until = g_get_monotonic_time() + DEADLINE_US;
	uint32_t id = 0;

	if (!pn_qtest_does(balloon->qtest, "{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"exec:cat > /dev/null\"}}")) {
		snprintf(words->text, sizeof(words->text), "migration could not be begun");
		return 0;
	}
	while (id < FIRST_ID && g_get_monotonic_time() < until) {
		g_usleep(POLL_US);
		id = command_id(balloon);
	}
	if (id >= FIRST_ID)
		return id;
	snprintf(words->text, sizeof(words->text), "migration goes on, and no hints are asked for");
	return 0;
}

/* Wait until migration is @wanted, such as "cancelled". */
static bool becomes(struct pn_qtest *qtest, const char *wanted, struct pn_device_words *words)
{
	gint64 until = g_get_monotonic_time() + DEADLINE_US;
	bool is = false;

	while (!is && g_get_monotonic_time() < until) {
		json_t *reply = pn_qtest_monitor(qtest, "{\"execute\":\"query-migrate\"}");

		is = g_strcmp0(json_string_value(json_object_get(reply, "status")), wanted) == 0;
		json_decref(reply);
		if (!is)
			g_usleep(POLL_US);
	}
	if (!is)
		snprintf(words->text, sizeof(words->text), "migration was to be %s, and is not", wanted);
	return is;
}

static bool cancel(struct pn_qtest *qtest, struct pn_device_words *words)
{
	return pn_qtest_does(qtest, "{\"execute\":\"migrate_cancel\"}") && becomes(qtest, "cancelled", words);
}

/* Return: bytes of memory that migration has yet to send, 0 when it does not say. */
static double remaining_bytes(struct pn_qtest *qtest)
{
	json_t *reply = pn_qtest_monitor(qtest, "{\"execute\":\"query-migrate\"}");
	double bytes = json_number_value(json_object_get(json_object_get(reply, "ram"), "remaining"));

	json_decref(reply);
	return bytes;
}

static bool send_and_wait(struct pn_balloon *balloon, const struct pn_balloon_desc *desc, struct pn_device_words *words)
{
	gint64 until = g_get_monotonic_time() + DEADLINE_US;
	bool used = pn_balloon_send(balloon, HINT_QUEUE, desc, 1);

	while (!used && g_get_monotonic_time() < until) {
		g_usleep(POLL_US);
		used = pn_balloon_used(balloon, HINT_QUEUE);
	}
	if (!used)
		snprintf(words->text, sizeof(words->text), "a buffer of the hinting queue was not used");
	return used;
}

static bool send_id(struct pn_balloon *balloon, uint32_t id, struct pn_device_words *words)
{
	struct pn_balloon_desc desc = { .addr = PN_BALLOON_SCRATCH, .bytes = sizeof(id) };
	uint32_t raw = htole32(id);

	pn_qtest_put(balloon->qtest, PN_BALLOON_SCRATCH, &raw, sizeof(raw));
	return send_and_wait(balloon, &desc, words);
}

/* Hint at @pages. Return: was it used? @ret_taken: did migration's work shrink by it? */
static bool hint(struct pn_balloon *balloon, uint64_t pages, bool *ret_taken, struct pn_device_words *words)
{
	struct pn_balloon_desc desc = { .addr = pages, .bytes = HINT_BYTES, .flags = PN_DESC_WRITE };
	double before = remaining_bytes(balloon->qtest);

	if (!send_and_wait(balloon, &desc, words))
		return false;
	*ret_taken = before - remaining_bytes(balloon->qtest) >= HINT_BYTES / 2;
	return true;
}

/* With what was asked for, a hint must be taken: or the lack of an effect elsewhere would show nothing. */
static bool is_taken(struct pn_balloon *balloon, uint32_t id, uint64_t pages, struct pn_device_words *words)
{
	bool taken = false;

	if (!send_id(balloon, id, words) || !hint(balloon, pages, &taken, words))
		return false;
	if (!taken)
		snprintf(words->text, sizeof(words->text), "a hint under the id asked for has no effect on migration: nothing could be told");
	return taken;
}

static bool says(struct pn_balloon *balloon, uint32_t wanted, const char *when, struct pn_device_words *words)
{
	uint32_t id = command_id(balloon);

	if (id != wanted)
		snprintf(words->text, sizeof(words->text), "%s the command id reads %u, not %u", when, id, wanted);
	return id == wanted;
}

bool pn_device_hints_stopped(struct pn_qtest *qtest, struct pn_device_words *words)
{
	struct pn_balloon balloon;
	uint32_t id;
	bool taken = false;

	if (!begin(&balloon, qtest, words) || !says(&balloon, STOP, "before any migration", words))
		return false;
	id = migrate(&balloon, words);
	if (!id || !is_taken(&balloon, id, PN_BALLOON_PAGES, words) || !send_id(&balloon, STOP, words) ||
	    !hint(&balloon, PN_BALLOON_PAGES + HINT_BYTES, &taken, words))
		return false;
	snprintf(words->text, sizeof(words->text), "a hint after the driver's STOP was taken");
	return !taken && says(&balloon, STOP, "when hints have no effect any more", words);
}

bool pn_device_hints_new_id(struct pn_qtest *qtest, struct pn_device_words *words)
{
	struct pn_balloon balloon;
	uint32_t ids[3];

	if (!begin(&balloon, qtest, words))
		return false;
	for (unsigned int i = 0; i < G_N_ELEMENTS(ids); i++) {
		ids[i] = migrate(&balloon, words);
		/* the first one is answered, and never finished; of the second nobody takes notice */
		if (!ids[i] || (i == 0 && !send_id(&balloon, ids[i], words)) || !cancel(qtest, words))
			return false;
	}
	snprintf(words->text, sizeof(words->text), "ids %u, %u, %u, and the driver has sent no STOP", ids[0], ids[1], ids[2]);
	return ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2];
}

bool pn_device_hints_mismatched(struct pn_qtest *qtest, struct pn_device_words *words)
{
	struct pn_balloon balloon;
	bool taken = false;
	uint32_t id;

	if (!begin(&balloon, qtest, words))
		return false;
	id = migrate(&balloon, words);
	if (!id || !send_id(&balloon, id + 1, words) || !hint(&balloon, PN_BALLOON_PAGES, &taken, words))
		return false;
	if (taken) {
		snprintf(words->text, sizeof(words->text), "a hint under id %u was taken, asked for was %u", id + 1, id);
		return false;
	}
	return is_taken(&balloon, id, PN_BALLOON_PAGES, words);
}

static bool holds(struct pn_qtest *qtest, uint64_t addr, unsigned char value)
{
	unsigned char page[4096];

	pn_qtest_get(qtest, addr, page, sizeof(page));
	for (unsigned int i = 0; i < sizeof(page); i++) {
		if (page[i] != value)
			return false;
	}
	return true;
}

bool pn_device_hints_left_alone(struct pn_qtest *qtest, struct pn_device_words *words)
{
	struct pn_balloon balloon;
	uint32_t id;

	if (!begin(&balloon, qtest, words))
		return false;
	id = migrate(&balloon, words);
	if (!id || !is_taken(&balloon, id, PN_BALLOON_PAGES, words) || !cancel(qtest, words) || !says(&balloon, DONE, "after migration", words))
		return false;
	pn_qtest_fill(qtest, PN_BALLOON_PAGES, LATER_CONTENT, HINT_BYTES);
	/* whatever is left of the hint has its chance now */
	if (!migrate(&balloon, words) || !cancel(qtest, words))
		return false;
	snprintf(words->text, sizeof(words->text), "a page that was hinted at before DONE has lost what was written to it after");
	return holds(qtest, PN_BALLOON_PAGES, LATER_CONTENT) && holds(qtest, PN_BALLOON_PAGES + HINT_BYTES / 2, LATER_CONTENT) &&
	       holds(qtest, PN_BALLOON_PAGES + HINT_BYTES - 4096, LATER_CONTENT);
}

bool pn_device_hints_done(struct pn_qtest *qtest, struct pn_device_words *words)
{
	struct pn_balloon balloon;
	uint32_t id;

	if (!begin(&balloon, qtest, words))
		return false;
	id = migrate(&balloon, words);
	if (!id || !is_taken(&balloon, id, PN_BALLOON_PAGES, words) || !cancel(qtest, words) ||
	    !says(&balloon, DONE, "after a cancelled migration", words))
		return false;
	id = migrate(&balloon, words);
	if (!id || !send_id(&balloon, id, words) || !set_bandwidth(qtest, FAST) || !becomes(qtest, "completed", words))
		return false;
	return says(&balloon, DONE, "after a completed migration", words);
}
