// SPDX-License-Identifier: GPL-2.0-only
/* OpenMetrics 1.0 (https://openmetrics.io): one table of families; a figure that is not known has no sample, never 0. HTTP by libmicrohttpd. */
#include "metrics.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <microhttpd.h>
#include <netdb.h>
#include <string.h>

#include "../../../harness/base/diag.h"
#include "status.h"

#define CONTENT_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

/** struct family - one metric family and where in the snapshot its samples are */
static const struct family {
	const char *name, *type, *unit, *help, *key;
	bool of_guest;
} families[] = {
	{"balloond_ticks", "counter", "", "decisions so far", "ticks", false},
	{"balloond_host_capacity_bytes", "gauge", "bytes", "memory of the host for guests", "capacity_bytes", false},
	{"balloond_host_reserve_bytes", "gauge", "bytes", "what of it is never given", "reserve_bytes", false},
	{"balloond_host_committed_bytes", "gauge", "bytes", "what guests hold or may come to hold", "committed_bytes", false},
	{"balloond_guest_target_bytes", "gauge", "bytes", "memory that the guest is to have", "target_bytes", true},
	{"balloond_guest_actual_bytes", "gauge", "bytes", "memory that it has by its own word", "actual_bytes", true},
	{"balloond_guest_resident_bytes", "gauge", "bytes", "memory that the host sees it hold", "resident_bytes", true},
	{"balloond_guest_demand_bytes", "gauge", "bytes", "memory that it was judged to need", "demand_bytes", true},
	{"balloond_guest_bound_bytes", "gauge", "bytes", "the most that it may hold of the host", "bound_bytes", true},
	{"balloond_guest_raised", "counter", "", "targets raised", "raised", true},
	{"balloond_guest_lowered", "counter", "", "targets lowered", "lowered", true},
};

static char *quote(const char *text)
{
	GString *quoted = g_string_new(NULL);

	for (; text && *text; text++) {
		if (*text == '\\' || *text == '"')
			g_string_append_c(quoted, '\\');
		if (*text == '\n')
			g_string_append(quoted, "\\n");
		else
			g_string_append_c(quoted, *text);
	}
	return g_string_free(quoted, FALSE);
}

static void add_sample(GString *text, const struct family *family, const json_t *value, const char *guest)
{
	g_autofree char *label = guest ? quote(guest) : NULL;
	const char *total = strcmp(family->type, "counter") == 0 ? "_total" : "";

	if (!json_is_integer(value))
		return;
	if (label)
		g_string_append_printf(text, "%s%s{guest=\"%s\"} %" JSON_INTEGER_FORMAT "\n", family->name, total, label, json_integer_value(value));
	else
		g_string_append_printf(text, "%s%s %" JSON_INTEGER_FORMAT "\n", family->name, total, json_integer_value(value));
}

static void add_trust(GString *text, const json_t *guests)
{
	static const char *const rungs[] = {"fresh", "stale", "stuck", "lying", "quarantined"};
	const json_t *guest;
	size_t i;

	g_string_append(text, "# TYPE balloond_guest_trust stateset\n# HELP balloond_guest_trust how far the guest's word counts\n");
	json_array_foreach(guests, i, guest) {
		g_autofree char *label = quote(json_string_value(json_object_get(guest, "name")));

		for (size_t k = 0; k < G_N_ELEMENTS(rungs); k++)
			g_string_append_printf(text, "balloond_guest_trust{guest=\"%s\",balloond_guest_trust=\"%s\"} %d\n", label, rungs[k],
					       !g_strcmp0(rungs[k], json_string_value(json_object_get(guest, "trust"))));
	}
}

char *pn_metrics_text(const json_t *snapshot)
{
	const json_t *host = json_object_get(snapshot, "host"), *guests = json_object_get(snapshot, "guests"), *guest;
	const char *state = json_string_value(json_object_get(snapshot, "state"));
	GString *text = g_string_new("# TYPE balloond_connected gauge\n# HELP balloond_connected is there a libvirtd that answers\n");
	size_t k;

	g_string_append_printf(text, "balloond_connected %d\n", !g_strcmp0(state, "running"));
	for (size_t i = 0; i < G_N_ELEMENTS(families); i++) {
		const struct family *family = &families[i];

		g_string_append_printf(text, "# TYPE %s %s\n", family->name, family->type);
		if (*family->unit)
			g_string_append_printf(text, "# UNIT %s %s\n", family->name, family->unit);
		g_string_append_printf(text, "# HELP %s %s\n", family->name, family->help);
		if (!family->of_guest) {
			const json_t *value = json_object_get(snapshot, family->key);

			add_sample(text, family, value ? value : json_object_get(host, family->key), NULL);
			continue;
		}
		json_array_foreach(guests, k, guest)
			add_sample(text, family, json_object_get(guest, family->key), json_string_value(json_object_get(guest, "name")));
	}
	add_trust(text, guests);
	g_string_append(text, "# EOF\n");
	return g_string_free(text, FALSE);
}

struct pn_metrics_server {
	struct MHD_Daemon *daemon;
	struct pn_status *status;
};

static enum MHD_Result respond(struct MHD_Connection *connection, unsigned int code, const char *type, const char *text)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result;

	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	result = MHD_queue_response(connection, code, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result on_request(void *data, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
				  const char *upload, size_t *upload_size, void **request)
{
	struct pn_metrics_server *server = data;
	g_autofree char *text = NULL;
	json_t *snapshot;

	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return respond(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain", "GET /metrics\n");
	if (strcmp(url, "/metrics") != 0)
		return respond(connection, MHD_HTTP_NOT_FOUND, "text/plain", "GET /metrics\n");
	snapshot = pn_status_get(server->status);
	text = pn_metrics_text(snapshot);
	json_decref(snapshot);
	return respond(connection, MHD_HTTP_OK, CONTENT_TYPE, text);
}

static int resolve(const char *address, struct addrinfo **ret_info, struct pn_diag *diag)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
	const char *colon = strrchr(address, ':');
	g_autofree char *host = g_strndup(address, colon - address);
	size_t length = strlen(host);

	if (length > 2 && host[0] == '[' && host[length - 1] == ']') {
		host[length - 1] = '\0';
		memmove(host, host + 1, length - 1);
	}
	if (getaddrinfo(host, colon + 1, &hints, ret_info))
		return pn_diag_value(diag, "configuration", "metrics", address, "ADDRESS:PORT, such as 127.0.0.1:9177 or [::1]:9177");
	return 0;
}

int pn_metrics_serve(const char *address, struct pn_status *status, struct pn_metrics_server **ret_server, struct pn_diag *diag)
{
	struct pn_metrics_server *server;
	struct addrinfo *info = NULL;
	int err = resolve(address, &info, diag);
	unsigned int flags = MHD_USE_INTERNAL_POLLING_THREAD;

	if (err)
		return err;
	server = g_new0(struct pn_metrics_server, 1);
	server->status = status;
	if (info->ai_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	server->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, server, MHD_OPTION_SOCK_ADDR, info->ai_addr, MHD_OPTION_CONNECTION_LIMIT,
					  16U, MHD_OPTION_CONNECTION_TIMEOUT, 10U, MHD_OPTION_END);
	freeaddrinfo(info);
	if (!server->daemon) {
		err = pn_diag_set(diag, errno ? -errno : -EADDRINUSE, "metrics: can't listen on %s: %s", address, g_strerror(errno));
		g_free(server);
		return err;
	}
	*ret_server = server;
	return 0;
}

void pn_metrics_stop(struct pn_metrics_server *server)
{
	if (!server)
		return;
	MHD_stop_daemon(server->daemon);
	g_free(server);
}

unsigned int pn_metrics_port(const struct pn_metrics_server *server)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);

	return info ? info->port : 0;
}
