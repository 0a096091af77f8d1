// SPDX-License-Identifier: GPL-2.0-only
/*
 * balloond: looks at guests, decides, carries out, once an interval. Whatever ends it, targets stay as they are: a guest keeps what it has, and the next
 * start goes on from the sizes that it finds. SIGHUP reads the configuration anew; a wrong one is told and the old one stays.
 */
#include <errno.h>
#include <getopt.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "../../../harness/base/clock.h"
#include "../../../harness/base/diag.h"
#include "../../../harness/base/exit.h"
#include "../../../harness/base/units.h"
#include "../mutant.h"
#include "config.h"
#include "controller.h"
#include "metrics.h"
#include "status.h"
#include "virt.h"

/** struct service - the daemon */
struct service {
	const char *path; /* of the configuration */
	const char *uri;  /* of the command line; goes over the configuration's */
	bool dry_run;	  /* the same */
	struct pn_daemon_config *config;
	struct pn_controller *controller;
	struct pn_virt_host *host;
	struct pn_status *status;
	struct pn_metrics_server *metrics;
	int signals;
	bool connected, ready;
	char trouble[1024]; /* as last told */
};

/* One line of JSON an event: what reads logs need not guess. */
static void log_event(void *data, const char *event, json_t *fields)
{
	json_t *line = json_pack("{s:f, s:s}", "time_s", (double)pn_clock_real_ns() / PN_NS_PER_S, "event", event);
	char *text;

	json_object_update(line, fields);
	text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(15));
	fprintf(stderr, "%s\n", text);
	free(text);
	json_decref(line);
}

static void say(const char *event, const char *words)
{
	json_t *fields = words ? json_pack("{s:s}", "words", words) : json_object();

	log_event(NULL, event, fields);
	json_decref(fields);
}

/* what goes on is told once */
static void tell_trouble(struct service *service, const char *words)
{
	if (strcmp(service->trouble, words) == 0)
		return;
	g_strlcpy(service->trouble, words, sizeof(service->trouble));
	if (*words)
		say("trouble", words);
}

static int read_config(struct service *service, struct pn_daemon_config **ret_config, struct pn_diag *diag)
{
	struct pn_daemon_config *config;
	int err = pn_daemon_config_read(service->path, &config, diag);

	if (err)
		return err;
	if (service->uri) {
		g_free(config->connection);
		config->connection = g_strdup(service->uri);
	}
	config->dry_run |= service->dry_run;
	*ret_config = config;
	return 0;
}

static void reload(struct service *service)
{
	struct pn_daemon_config *config;
	struct pn_diag diag = {0};

	sd_notify(0, "RELOADING=1");
	if (read_config(service, &config, &diag)) {
		say("reload failed", diag.text);
	} else {
		bool moved = strcmp(config->connection, service->config->connection) != 0;

		/* sockets stay where they are: who asks would be cut off by a reload */
		if (strcmp(config->status_socket, service->config->status_socket) != 0 || g_strcmp0(config->metrics, service->config->metrics) != 0)
			say("reload", "status.socket and metrics are changed by a restart only");
		pn_daemon_config_free(service->config);
		service->config = config;
		if (moved) {
			pn_virt_host_free(service->host);
			service->host = pn_virt_host_new(log_event, NULL);
			pn_controller_free(service->controller);
			service->controller = pn_controller_new(log_event, NULL);
		}
		say("reloaded", NULL);
	}
	sd_notify(0, "READY=1");
}

static void publish(struct service *service)
{
	json_t *snapshot = pn_controller_status(service->controller);

	json_object_set_new(snapshot, "state", json_string(service->connected ? "running" : "not connected"));
	json_object_set_new(snapshot, "dry_run", json_boolean(service->config->dry_run));
	json_object_set_new(snapshot, "connection", json_string(service->config->connection));
	json_object_set_new(snapshot, "trouble", json_string(service->trouble));
	pn_status_set(service->status, snapshot);
	sd_notifyf(0, "WATCHDOG=1\nSTATUS=%s", service->connected ? "running" : service->trouble);
}

static int decide(struct service *service, uint64_t host_bytes, struct pn_diag *diag)
{
	g_autofree struct pn_order *orders = NULL;
	g_autoptr(GArray) views = NULL;
	struct pn_policy_config policy;
	int err = pn_daemon_config_host(service->config, host_bytes, &policy, diag);

	if (!err)
		err = pn_virt_host_look(service->host, service->config, &views, diag);
	if (err)
		return err;
	policy.bounds_enforced = service->config->cgroups && pn_virt_host_bounded(service->host);
	orders = g_new0(struct pn_order, views->len + 1);
	err = pn_controller_tick(service->controller, &policy, (const struct pn_view *)views->data, views->len, pn_clock_now_ns(), service->config->dry_run,
				 orders, diag);
	if (!err)
		pn_virt_host_apply(service->host, service->config, views, orders, service->controller);
	return err;
}

static void tick(struct service *service)
{
	struct pn_diag diag = {0};
	uint64_t host_bytes;
	int err = pn_virt_host_connect(service->host, service->config->connection, service->config->timeout_ns, &host_bytes, &diag);

	service->connected = !err;
	if (!err)
		err = decide(service, host_bytes, &diag);
	if (err == -ENOTCONN)
		service->connected = false;
	if (err != -EAGAIN)
		tell_trouble(service, err ? diag.text : "");
	publish(service);
	if (!service->ready && !err) {
		service->ready = true;
		sd_notify(0, "READY=1");
	}
}

/* Until the next decision is due, or a signal ends it. Return: go on? */
static bool rest(struct service *service, uint64_t due_ns)
{
	for (;;) {
		uint64_t now_ns = pn_clock_now_ns();
		struct pollfd poll_fd = {.fd = service->signals, .events = POLLIN};
		struct signalfd_siginfo info;

		if (now_ns >= due_ns)
			return true;
		if (poll(&poll_fd, 1, (int)((due_ns - now_ns) / PN_NS_PER_MS) + 1) <= 0)
			continue;
		if (read(service->signals, &info, sizeof(info)) != sizeof(info))
			continue;
		if (info.ssi_signo != SIGHUP)
			return PB_MUTANT(LINGERS);
		reload(service);
	}
}

static void run(struct service *service)
{
	uint64_t due_ns = pn_clock_now_ns();

	for (;;) {
		tick(service);
		due_ns = MAX(due_ns + service->config->interval_ns, pn_clock_now_ns());
		if (!rest(service, due_ns))
			break;
	}
	sd_notify(0, "STOPPING=1");
	say("stopped", "targets stay as they are");
}

static int open_signals(void)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &mask, NULL); /* before any thread is made */
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &mask, SFD_CLOEXEC);
}

static int serve(struct service *service, struct pn_diag *diag)
{
	int err = read_config(service, &service->config, diag);

	if (err)
		return err;
	service->signals = open_signals();
	service->status = pn_status_new();
	service->controller = pn_controller_new(log_event, NULL);
	service->host = pn_virt_host_new(log_event, NULL);
	err = pn_status_serve(service->status, service->config->status_socket, service->config->status_mode, service->config->status_group, diag);
	if (!err && service->config->metrics)
		err = pn_metrics_serve(service->config->metrics, service->status, &service->metrics, diag);
	if (!err)
		run(service);
	pn_metrics_stop(service->metrics);
	pn_virt_host_free(service->host);
	pn_controller_free(service->controller);
	pn_status_free(service->status);
	pn_daemon_config_free(service->config);
	return err;
}

static int check(struct service *service, struct pn_diag *diag)
{
	struct pn_daemon_config *config;
	int err = read_config(service, &config, diag);

	if (err)
		return err;
	pn_daemon_config_free(config);
	printf("%s: good\n", service->path ? service->path : "defaults");
	return 0;
}

static int ask(struct service *service, const char *socket, bool json, struct pn_diag *diag)
{
	struct pn_daemon_config *config = NULL;
	json_t *snapshot;
	int err = socket ? 0 : read_config(service, &config, diag);

	if (!err)
		err = pn_status_ask(socket ? socket : config->status_socket, &snapshot, diag);
	pn_daemon_config_free(config);
	if (err)
		return err;
	if (json)
		json_dumpf(snapshot, stdout, JSON_INDENT(1));
	else
		pn_status_print(snapshot);
	if (json)
		putchar('\n');
	json_decref(snapshot);
	return 0;
}

static void help(void)
{
	g_autofree char *keys = pn_daemon_config_manual();

	printf("Usage: balloond [OPTION]...              control the memory of libvirt guests\n"
	       "       balloond status [OPTION]...       what a running one knows\n"
	       "       balloond check [OPTION]...        is the configuration good?\n\n"
	       "  -c, --config FILE   configuration; without: the defaults below\n"
	       "      --connect URI   libvirt; goes over the configuration's\n"
	       "      --dry-run       decide and log, but change nothing\n"
	       "      --socket PATH   status: where to ask\n"
	       "      --json          status: as JSON\n"
	       "  -h, --help\n\n"
	       "SIGHUP reads the configuration anew. A guest's own limits stand in its metadata:\n"
	       "  virsh metadata GUEST --uri " PN_LIMITS_URI " --key balloond --set '<policy min=\"1GiB\" weight=\"200\"/>'\n\n"
	       "Configuration (default in brackets, then what is accepted):\n%s",
	       keys);
}

static int use(const char *words, const char *value)
{
	fprintf(stderr, "balloond: %s '%s'; see balloond --help\n", words, value);
	return PN_EXIT_USAGE;
}

int main(int argc, char **argv)
{
	enum { CONNECT = 256, DRY_RUN, SOCKET_PATH, JSON };
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'}, {"connect", required_argument, NULL, CONNECT}, {"dry-run", no_argument, NULL, DRY_RUN},
		{"socket", required_argument, NULL, SOCKET_PATH}, {"json", no_argument, NULL, JSON}, {"help", no_argument, NULL, 'h'}, {0},
	};
	struct service service = {0};
	struct pn_diag diag = {0};
	const char *socket = NULL, *command;
	bool json = false;
	int option, err;

	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		switch (option) {
		case 'c': service.path = optarg; break;
		case CONNECT: service.uri = optarg; break;
		case DRY_RUN: service.dry_run = true; break;
		case SOCKET_PATH: socket = optarg; break;
		case JSON: json = true; break;
		case 'h': help(); return 0;
		default: return PN_EXIT_USAGE;
		}
	}
	command = optind < argc ? argv[optind] : "";
	if (optind + 1 < argc)
		return use("one command at a time, not", argv[optind + 1]);
	if (strcmp(command, "status") == 0)
		err = ask(&service, socket, json, &diag);
	else if (strcmp(command, "check") == 0)
		err = check(&service, &diag);
	else if (!*command)
		err = serve(&service, &diag);
	else
		return use("no such command", command);
	if (err)
		fprintf(stderr, "balloond: %s\n", diag.text);
	return err == 0 ? 0 : err == -EINVAL || err == -ENOENT ? PN_EXIT_USAGE : PN_EXIT_BROKEN;
}
