// SPDX-License-Identifier: GPL-2.0-only
/* libvirt's own test driver: guests found, chosen, their metadata read, targets set, and what there is no statistic of is unset. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <libvirt/libvirt.h>

#include "../../../harness/base/diag.h"
#include "../../../harness/base/fs.h"
#include "../../../harness/base/test-dir.h"
#include "../../../harness/base/units.h"
#include "virt.h"

#define LOOKS 200 /* of 10 ms each at least: a guest is greeted between two looks */

static const char node[] =
	"<node>"
	"<domain type='test'><name>a</name><uuid>00000000-0000-0000-0000-00000000000a</uuid><memory>1048576</memory>"
	"<currentMemory>524288</currentMemory><os><type>hvm</type></os><metadata><b:policy xmlns:b='" PN_LIMITS_URI "' min='300MiB' weight='7'/></metadata></domain>"
	"<domain type='test'><name>b</name><uuid>00000000-0000-0000-0000-00000000000b</uuid><memory>1048576</memory><os><type>hvm</type></os></domain>"
	"</node>";

static void count_events(void *data, const char *event, json_t *fields)
{
	unsigned int *events = data;

	(*events)++;
}

/* Looks until every guest that is wanted is under control. */
static GArray *look_until(struct pn_virt_host *host, const struct pn_daemon_config *config, guint controlled)
{
	for (unsigned int i = 0; i < LOOKS; i++) {
		GArray *views = NULL;
		guint count = 0;

		assert_int_equal(pn_virt_host_look(host, config, &views, NULL), 0);
		for (guint k = 0; k < views->len; k++)
			count += g_array_index(views, struct pn_view, k).control;
		if (count == controlled)
			return views;
		g_array_unref(views);
		g_usleep(10000);
	}
	fail_msg("never %u guests under control", controlled);
	return NULL;
}

static struct pn_virt_host *connect_to(const char *uri, unsigned int *events)
{
	struct pn_virt_host *host = pn_virt_host_new(count_events, events);
	uint64_t bytes = 0;
	struct pn_diag diag = {0};

	if (pn_virt_host_connect(host, uri, 10 * PN_NS_PER_S, &bytes, &diag))
		fail_msg("%s", diag.text);
	assert_true(bytes > 0);
	return host;
}

static struct pn_daemon_config *config_of(char **guests)
{
	struct pn_daemon_config *config;

	assert_int_equal(pn_daemon_config_read(NULL, &config, NULL), 0);
	config->guests = g_strdupv(guests);
	config->timeout_ns = 10 * PN_NS_PER_S; /* the driver always answers */
	return config;
}

static void guests_are_seen_with_their_own_limits(void **state)
{
	unsigned int events = 0;
	struct pn_virt_host *host = connect_to(*state, &events);
	struct pn_daemon_config *config = config_of(NULL);
	GArray *views = look_until(host, config, 2);
	const struct pn_view *a = &g_array_index(views, struct pn_view, 0), *b = &g_array_index(views, struct pn_view, 1);

	assert_string_equal(a->name, "a");
	assert_int_equal(a->limits.max_bytes, PN_GIB);
	assert_int_equal(a->limits.min_bytes, 300 * PN_MIB);
	assert_true(a->limits.weight == 7);
	assert_int_equal(b->limits.min_bytes, 256 * PN_MIB);
	assert_int_equal(a->observation.actual_bytes, 512 * PN_MIB);
	assert_true(a->observation.swap_in_bytes == PN_UNSET && a->observation.psi_some_ns == PN_UNSET);
	g_array_unref(views);
	pn_daemon_config_free(config);
	pn_virt_host_free(host);
}

static void only_the_chosen_are_controlled(void **state)
{
	char *guests[] = {(char *)"b", NULL};
	unsigned int events = 0;
	struct pn_virt_host *host = connect_to(*state, &events);
	struct pn_daemon_config *config = config_of(guests);
	GArray *views = look_until(host, config, 1);

	assert_int_equal(views->len, 2); /* the other is seen all the same: its memory counts */
	assert_false(g_array_index(views, struct pn_view, 0).control);
	assert_true(g_array_index(views, struct pn_view, 1).control);
	g_array_unref(views);
	pn_daemon_config_free(config);
	pn_virt_host_free(host);
}

static void orders_arrive(void **state)
{
	unsigned int events = 0;
	struct pn_virt_host *host = connect_to(*state, &events);
	struct pn_daemon_config *config = config_of(NULL);
	struct pn_controller *controller = pn_controller_new(count_events, &events);
	GArray *views = look_until(host, config, 2);
	const struct pn_order orders[] = {{.target_bytes = 400 * PN_MIB, .bound_bytes = 500 * PN_MIB, .send = true}, {.target_bytes = PN_GIB}};

	pn_virt_host_apply(host, config, views, orders, controller);
	g_array_unref(views);
	views = look_until(host, config, 2);
	assert_int_equal(g_array_index(views, struct pn_view, 0).observation.actual_bytes, 400 * PN_MIB);
	assert_int_equal(g_array_index(views, struct pn_view, 1).observation.actual_bytes, PN_GIB); /* not sent */
	g_array_unref(views);
	pn_controller_free(controller);
	pn_daemon_config_free(config);
	pn_virt_host_free(host);
}

static void nobody_there_is_said(void **state)
{
	unsigned int events = 0;
	struct pn_virt_host *host = pn_virt_host_new(count_events, &events);
	struct pn_diag diag = {0};
	uint64_t bytes;

	assert_int_equal(pn_virt_host_connect(host, "test:///no/such/file", 10 * PN_NS_PER_S, &bytes, &diag), -ECONNREFUSED);
	assert_non_null(strstr(diag.text, "test:///no/such/file: "));
	pn_virt_host_free(host);
}

static int write_node(void **state)
{
	char *dir = test_dir_make();
	g_autofree char *path = g_build_filename(dir, "node.xml", NULL);

	assert_int_equal(pn_fs_write(path, node, strlen(node), NULL), 0);
	*state = g_strconcat("test://", path, NULL);
	g_free(dir);
	return 0;
}

static int drop_node(void **state)
{
	g_autofree char *dir = g_path_get_dirname((char *)*state + strlen("test://"));

	pn_fs_remove_tree(dir, NULL);
	g_free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(guests_are_seen_with_their_own_limits, write_node, drop_node),
		cmocka_unit_test_setup_teardown(only_the_chosen_are_controlled, write_node, drop_node),
		cmocka_unit_test_setup_teardown(orders_arrive, write_node, drop_node),
		cmocka_unit_test(nobody_there_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
