// SPDX-License-Identifier: GPL-2.0-only
/* The harness's end against a plugin that the test plays: counters attributed, points set, vCPUs held and let go. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../base/diag.h"
#include "../base/test-dir.h"
#include "../base/units.h"
#include "pin.h"

#define BASE 0xffffffffc0000000ULL

struct fixture {
	char *dir;
	struct pn_pin *pin;
	struct pn_pin_shared *shared; /* as the plugin maps it */
	int fd;			      /* the plugin's end */
	GMutex lock;
	GCond moved;
	unsigned int holds;
};

static int setup(void **state)
{
	struct fixture *fixture = g_new0(struct fixture, 1);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	g_autofree char *shared = NULL, *socket_path = NULL;
	void *dir;
	int fd;

	assert_int_equal(test_dir_setup(&dir), 0);
	fixture->dir = dir;
	shared = g_build_filename(fixture->dir, "counters", NULL);
	socket_path = g_build_filename(fixture->dir, "s", NULL);
	assert_int_equal(pn_pin_new(shared, socket_path, &fixture->pin, NULL), 0);
	fd = open(shared, O_RDWR);
	fixture->shared = mmap(NULL, sizeof(*fixture->shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	assert_true(fixture->shared != MAP_FAILED);
	fixture->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	g_strlcpy(address.sun_path, socket_path, sizeof(address.sun_path));
	assert_int_equal(connect(fixture->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	void *dir = fixture->dir;

	pn_pin_free(fixture->pin);
	munmap(fixture->shared, sizeof(*fixture->shared));
	close(fixture->fd);
	g_free(fixture);
	return test_dir_teardown(&dir);
}

static void say(struct fixture *fixture, const struct pn_pin_message *message)
{
	assert_int_equal(send(fixture->fd, message, sizeof(*message), 0), sizeof(*message));
}

static struct pn_pin_message hear(struct fixture *fixture)
{
	struct pn_pin_message message;

	assert_int_equal(recv(fixture->fd, &message, sizeof(message), 0), sizeof(message));
	return message;
}

static void block(struct fixture *fixture, uint64_t vaddr, uint32_t insns, uint64_t count)
{
	fixture->shared->blocks[fixture->shared->block_count++] = (struct pn_pin_block){.vaddr = vaddr, .insns = insns, .bytes = 4 * insns,
											.count = count};
}

static void begin(struct fixture *fixture)
{
	fixture->shared->magic = PN_PIN_MAGIC;
	say(fixture, &(struct pn_pin_message){.word = PN_PIN_HELLO, .version = PN_PIN_VERSION});
	assert_int_equal(pn_pin_wait(fixture->pin, 10 * PN_NS_PER_S, NULL), 0);
}

static void test_other_version(void **state)
{
	struct fixture *fixture = *state;
	struct pn_diag diag = {0};

	say(fixture, &(struct pn_pin_message){.word = PN_PIN_HELLO, .version = PN_PIN_VERSION + 1});
	assert_int_equal(pn_pin_wait(fixture->pin, 10 * PN_NS_PER_S, &diag), -EPROTO);
	assert_non_null(strstr(diag.text, "version"));
}

static void test_counts(void **state)
{
	struct fixture *fixture = *state;
	struct pn_pin_counts counts;

	assert_int_equal(pn_pin_counts(fixture->pin, &counts), -ENODATA);
	begin(fixture);
	fixture->shared->user_insns = 1000;
	fixture->shared->kernel_insns = 2000;
	block(fixture, BASE + 0x10, 3, 7);
	block(fixture, BASE + 0x2000, 5, 2);
	assert_int_equal(pn_pin_counts(fixture->pin, &counts), 0);
	assert_int_equal(counts.driver, 0);
	assert_int_equal(counts.kernel, 2000 + 21 + 10);
	pn_pin_driver(fixture->pin, BASE, 0x1000, NULL);
	assert_int_equal(pn_pin_counts(fixture->pin, &counts), 0);
	assert_int_equal(counts.driver, 21);
	assert_int_equal(counts.kernel, 2010);
	assert_int_equal(counts.user, 1000);
	fixture->shared->overflow = 1;
	assert_int_equal(pn_pin_counts(fixture->pin, &counts), -EOVERFLOW);
}

/* Loaded again elsewhere, where another module had been: only what runs there from then on is the driver's. */
static void test_moved(void **state)
{
	struct fixture *fixture = *state;
	g_autofree struct pn_pin_covered *blocks = NULL;
	struct pn_pin_counts counts;

	begin(fixture);
	block(fixture, BASE + 0x10, 3, 7);
	block(fixture, BASE + 0x2010, 3, 100);
	pn_pin_driver(fixture->pin, BASE, 0x1000, NULL);
	pn_pin_driver(fixture->pin, BASE + 0x2000, 0x1000, NULL);
	fixture->shared->blocks[0].count = 50; /* somebody else by now */
	fixture->shared->blocks[1].count = 110;
	block(fixture, BASE + 0x2020, 2, 4);
	assert_int_equal(pn_pin_counts(fixture->pin, &counts), 0);
	assert_int_equal(counts.driver, 7 * 3 + 10 * 3 + 4 * 2);
	assert_int_equal(pn_pin_coverage(fixture->pin, &blocks), 2);
	assert_int_equal(blocks[0].offset, 0x10);
	assert_int_equal(blocks[0].count, 17);
	assert_int_equal(blocks[1].offset, 0x20);
	assert_int_equal(blocks[1].count, 4);
}

/* Unloaded, and loaded again in another boot: others ran at both places in between. What its init and probe executed before it was looked for is its own. */
static void test_gone(void **state)
{
	struct fixture *fixture = *state;
	g_autofree struct pn_pin_covered *blocks = NULL;
	struct pn_pin_counts counts;

	begin(fixture);
	block(fixture, BASE + 0x10, 3, 7);
	block(fixture, BASE + 0x2010, 3, 100);
	pn_pin_driver_gone(fixture->pin); /* it has not come yet */
	pn_pin_driver(fixture->pin, BASE, 0x1000, NULL);
	pn_pin_driver_gone(fixture->pin);
	assert_int_equal(pn_pin_base(fixture->pin), 0);
	fixture->shared->blocks[0].count = 50;
	block(fixture, BASE + 0x30, 4, 9); /* code of somebody else */
	assert_int_equal(pn_pin_counts(fixture->pin, &counts), 0);
	assert_int_equal(counts.driver, 7 * 3);
	assert_int_equal(pn_pin_coverage(fixture->pin, &blocks), 1);
	fixture->shared->blocks[1].count = 110;
	pn_pin_driver(fixture->pin, BASE + 0x2000, 0x1000, NULL);
	assert_int_equal(pn_pin_counts(fixture->pin, &counts), 0);
	assert_int_equal(counts.driver, 7 * 3 + 10 * 3);
	pn_pin_driver_gone(fixture->pin);
	pn_pin_driver_gone(fixture->pin);
	pn_pin_driver(fixture->pin, BASE, 0x1000, NULL); /* where it was at first */
	fixture->shared->blocks[0].count = 52;
	assert_int_equal(pn_pin_counts(fixture->pin, &counts), 0);
	assert_int_equal(counts.driver, 7 * 3 + 10 * 3 + 2 * 3);
}

static void on_held(const struct pn_pin_hold *hold, void *data)
{
	struct fixture *fixture = data;

	g_mutex_lock(&fixture->lock);
	fixture->holds++;
	g_cond_signal(&fixture->moved);
	g_mutex_unlock(&fixture->lock);
}

static gpointer answer(gpointer data)
{
	struct pn_pin_message message = hear(data);

	say(data, &(struct pn_pin_message){.word = PN_PIN_DONE, .serial = message.serial});
	return NULL;
}

static unsigned int set(struct fixture *fixture)
{
	struct pn_pin_point point = {.kind = PN_PIN_ENTRY, .from = BASE, .nth = 3, .held = on_held, .data = fixture};
	GThread *thread = g_thread_new("plugin", answer, fixture);
	unsigned int id;

	assert_int_equal(pn_pin_set(fixture->pin, &point, 10 * PN_NS_PER_S, &id, NULL), 0);
	g_thread_join(thread);
	return id;
}

static void hold(struct fixture *fixture, unsigned int id)
{
	unsigned int before = fixture->holds;

	say(fixture, &(struct pn_pin_message){.word = PN_PIN_HELD, .id = id, .hits = 3});
	g_mutex_lock(&fixture->lock);
	while (fixture->holds == before)
		g_cond_wait(&fixture->moved, &fixture->lock);
	g_mutex_unlock(&fixture->lock);
}

static void test_hold(void **state)
{
	struct fixture *fixture = *state;
	unsigned int id;

	begin(fixture);
	id = set(fixture);
	assert_int_equal(pn_pin_release(fixture->pin, id), -ENOENT);
	hold(fixture, id);
	assert_int_equal(pn_pin_holding(fixture->pin), 1);
	fixture->shared->hits[id] = 3;
	assert_int_equal(pn_pin_hits(fixture->pin, id), 3);
	assert_int_equal(pn_pin_release(fixture->pin, id), 0);
	assert_int_equal(hear(fixture).word, PN_PIN_RELEASE);
	assert_int_equal(pn_pin_holding(fixture->pin), 0);
	hold(fixture, id);
	pn_pin_clear(fixture->pin, id);
	assert_int_equal(hear(fixture).word, PN_PIN_CLEAR);
	assert_int_equal(pn_pin_holding(fixture->pin), 0);
}

static void test_refused(void **state)
{
	struct fixture *fixture = *state;
	struct pn_pin_point point = {.kind = PN_PIN_ENTRY, .from = 0x400000};
	struct pn_diag diag = {0};
	unsigned int id;

	begin(fixture);
	assert_int_equal(pn_pin_set(fixture->pin, &point, PN_NS_PER_S, &id, &diag), -EINVAL);
	point = (struct pn_pin_point){.kind = PN_PIN_EXIT, .from = BASE};
	assert_int_equal(pn_pin_set(fixture->pin, &point, PN_NS_PER_S, &id, &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "end of the function"));
	shutdown(fixture->fd, SHUT_RDWR);
	point.kind = PN_PIN_ENTRY;
	assert_int_equal(pn_pin_set(fixture->pin, &point, 10 * PN_NS_PER_S, &id, &diag), -ENOTCONN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_other_version, setup, teardown), cmocka_unit_test_setup_teardown(test_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_moved, setup, teardown),	      cmocka_unit_test_setup_teardown(test_hold, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
