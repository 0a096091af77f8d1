// SPDX-License-Identifier: GPL-2.0-only
/*
 * The configuration file: the harness's YAML documents, which know their lines, against one table of records with units, ranges, defaults and help.
 */
#include "config.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "../../../harness/base/diag.h"
#include "../../../harness/base/units.h"
#include "../../../harness/scenario/doc.h"
#include "../../../harness/scenario/schema.h"

#define SOCKET "/run/balloond/status"

/* libcyaml's tables say which keys there are; values are read from the document by their records. */
struct raw {
	char *text;
	char **list;
	unsigned int list_count;
};

#define POINTER (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)
#define TEXT(key) CYAML_FIELD_STRING_PTR(key, POINTER, struct raw, text, 0, CYAML_UNLIMITED)
#define NAMES(key) CYAML_FIELD_SEQUENCE(key, POINTER, struct raw, list, &name_entry, 0, CYAML_UNLIMITED)

static const cyaml_schema_value_t name_entry = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED)};
static const cyaml_schema_field_t host_fields[] = {TEXT("capacity"), TEXT("reserve"), CYAML_FIELD_END};
static const cyaml_schema_field_t limits_fields[] = {
	TEXT("min"), TEXT("weight"), TEXT("oom-quota"), TEXT("overhead"), TEXT("control"), CYAML_FIELD_END,
};
static const cyaml_schema_field_t status_fields[] = {TEXT("socket"), TEXT("mode"), TEXT("group"), CYAML_FIELD_END};
static const cyaml_schema_field_t law_fields[] = {
	TEXT("caution"), TEXT("headroom"), TEXT("cool-down"), TEXT("stuck-after"), TEXT("dead-band"), TEXT("probe-after"), CYAML_FIELD_END,
};
static const cyaml_schema_field_t fields[] = {
	TEXT("connection"),
	NAMES("guests"),
	NAMES("exclude"),
	CYAML_FIELD_MAPPING("host", CYAML_FLAG_OPTIONAL, struct raw, text, host_fields),
	TEXT("interval"),
	TEXT("timeout"),
	TEXT("stats-period"),
	TEXT("dry-run"),
	TEXT("cgroups"),
	CYAML_FIELD_MAPPING("limits", CYAML_FLAG_OPTIONAL, struct raw, text, limits_fields),
	CYAML_FIELD_MAPPING("status", CYAML_FLAG_OPTIONAL, struct raw, text, status_fields),
	TEXT("metrics"),
	TEXT("pressure"),
	CYAML_FIELD_MAPPING("law", CYAML_FLAG_OPTIONAL, struct raw, text, law_fields),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t root = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw, fields)};

static const struct pn_key_info keys[] = {
	{.name = "connection", .type = PN_KEY_TEXT, .fallback = "qemu:///system", .help = "libvirt URI: system, session or remote"},
	{.name = "guests", .type = PN_KEY_NAMES, .help = "names or UUIDs of those to control; default: all"},
	{.name = "exclude", .type = PN_KEY_NAMES, .help = "those of them not to control; their memory is kept for them"},
	{.name = "host", .type = PN_KEY_MAP, .help = "memory of the host"},
	{.name = "host.capacity", .type = PN_KEY_BYTES, .min = PN_MIB, .max = 1ULL << 50, .help = "for guests; default: all of it"},
	{.name = "host.reserve", .type = PN_KEY_SHARE, .fallback = "10%", .help = "of it, what is never given to guests"},
	{.name = "interval", .type = PN_KEY_DURATION, .min = 100 * PN_NS_PER_MS, .max = 60 * PN_NS_PER_S, .fallback = "1s", .help = "between two decisions"},
	{.name = "timeout",
	 .type = PN_KEY_DURATION,
	 .min = 10 * PN_NS_PER_MS,
	 .max = 10 * PN_NS_PER_S,
	 .fallback = "250ms",
	 .help = "a guest that has not answered by then is left out of a decision"},
	{.name = "stats-period",
	 .type = PN_KEY_COUNT,
	 .max = 3600,
	 .fallback = "1",
	 .help = "how often guests are to send statistics, in seconds; 0: left as it is"},
	{.name = "dry-run", .type = PN_KEY_FLAG, .fallback = "off", .help = "decide and log, but change nothing"},
	{.name = "cgroups", .type = PN_KEY_FLAG, .fallback = "off", .help = "hold each guest to its bound by its memory cgroup (v1 or v2, through libvirt)"},
	{.name = "limits", .type = PN_KEY_MAP, .help = "of each guest whose metadata says nothing else"},
	{.name = "limits.min", .type = PN_KEY_SHARE, .min = PN_MIB, .fallback = "25%", .help = "the least that a guest is left, of its memory"},
	{.name = "limits.weight", .type = PN_KEY_COUNT, .min = 1, .max = 1000000, .fallback = "100", .help = "its share against others when memory is scarce"},
	{.name = "limits.oom-quota", .type = PN_KEY_SHARE, .fallback = "0", .help = "what deflate-on-oom may take above the target; it is kept free"},
	{.name = "limits.overhead", .type = PN_KEY_BYTES, .max = 1ULL << 40, .fallback = "64MiB", .help = "memory of QEMU itself"},
	{.name = "limits.control", .type = PN_KEY_FLAG, .fallback = "on", .help = "off: only guests whose metadata says control=\"on\""},
	{.name = "status", .type = PN_KEY_MAP, .help = "the socket of `balloond status`"},
	{.name = "status.socket", .type = PN_KEY_TEXT, .fallback = SOCKET, .help = "its path"},
	{.name = "status.mode", .type = PN_KEY_TEXT, .fallback = "0660", .help = "its permissions, octal"},
	{.name = "status.group", .type = PN_KEY_NAME, .help = "its group; default: the daemon's"},
	{.name = "metrics", .type = PN_KEY_TEXT, .help = "ADDRESS:PORT of the OpenMetrics endpoint; default: none"},
	{.name = "pressure",
	 .type = PN_KEY_TEXT,
	 .help = "directory with a file for each guest, of its name or UUID, that holds its /proc/pressure/memory; default: none"},
	{.name = "law", .type = PN_KEY_MAP, .help = "knobs of the law"},
	{.name = "law.caution",
	 .type = PN_KEY_CHOICE,
	 .choices = pn_policy_cautions,
	 .fallback = "balanced",
	 .help = "from no guest below a good half of its size (cautious, careful) to guests tried below their demand (deep)"},
	{.name = "law.headroom", .type = PN_KEY_BYTES, .max = 1ULL << 40, .fallback = "64MiB", .help = "what a guest keeps free at least"},
	{.name = "law.cool-down", .type = PN_KEY_DURATION, .max = 3600 * PN_NS_PER_S, .help = "no lowering so soon after a raise; default: as the caution has it, 30s balanced"},
	{.name = "law.stuck-after",
	 .type = PN_KEY_DURATION,
	 .min = PN_NS_PER_S,
	 .max = 3600 * PN_NS_PER_S,
	 .fallback = "5s",
	 .help = "no move towards the target for so long: isolated"},
	{.name = "law.dead-band", .type = PN_KEY_COUNT, .max = 50, .fallback = "1", .help = "percent within which nothing moves"},
	{.name = "law.probe-after",
	 .type = PN_KEY_DURATION,
	 .max = 24 * 3600 * PN_NS_PER_S,
	 .help = "guests calm for so long are tried below their demand; 0: never; default: as the caution has it"},
	{0},
};

static const struct pn_schema schema = {.name = "configuration", .root = &root, .keys = keys};

/* By its record: the default where the file says nothing. What the file says has been checked. */
static struct pn_key_value get(struct pn_doc *doc, const char *key)
{
	const struct pn_key_info *record = pn_key_find(keys, key);
	const char *text = doc ? pn_doc_text(doc, pn_doc_find(doc, key)) : NULL;
	struct pn_key_value value = {0};

	text = text ? text : record->fallback;
	if (text)
		g_assert(pn_key_parse(record, text, PN_GIB, &value) == 0);
	return value;
}

static char *get_text(struct pn_doc *doc, const char *key)
{
	const char *text = doc ? pn_doc_text(doc, pn_doc_find(doc, key)) : NULL;

	return g_strdup(text ? text : pn_key_find(keys, key)->fallback);
}

static char **get_names(struct pn_doc *doc, const char *key)
{
	GPtrArray *names = g_ptr_array_new();

	for (int i = 0; doc; i++) {
		g_autofree char *path = g_strdup_printf("%s[%d]", key, i);
		const char *text = pn_doc_text(doc, pn_doc_find(doc, path));

		if (!text)
			break;
		g_ptr_array_add(names, g_strdup(text));
	}
	if (!names->len) {
		g_ptr_array_free(names, TRUE);
		return NULL;
	}
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}

static int refuse(struct pn_doc *doc, const char *key, const char *value, const char *accepted, struct pn_diag *diag)
{
	g_autofree char *where = pn_doc_where(doc, pn_doc_find(doc, key));

	return pn_diag_value(diag, where, key, value, accepted);
}

static int read_mode(struct pn_doc *doc, struct pn_daemon_config *config, struct pn_diag *diag)
{
	g_autofree char *text = get_text(doc, "status.mode");
	char *end;
	guint64 mode = g_ascii_strtoull(text, &end, 8);

	if (!*text || *end || mode > 0777)
		return refuse(doc, "status.mode", text, "octal permissions, such as 0660", diag);
	config->status_mode = (mode_t)mode;
	return 0;
}

static int check_metrics(struct pn_doc *doc, const struct pn_daemon_config *config, struct pn_diag *diag)
{
	const char *colon = config->metrics ? strrchr(config->metrics, ':') : NULL;
	char *end = NULL;
	guint64 port = colon ? g_ascii_strtoull(colon + 1, &end, 10) : 0;

	if (!config->metrics || (colon && colon > config->metrics && port && port < 65536 && !*end))
		return 0;
	return refuse(doc, "metrics", config->metrics, "ADDRESS:PORT, such as 127.0.0.1:9177 or [::1]:9177", diag);
}

static void read_law(struct pn_doc *doc, struct pn_daemon_config *config)
{
	g_autofree char *caution = get_text(doc, "law.caution"), *cool_down = get_text(doc, "law.cool-down"), *probe_after = get_text(doc, "law.probe-after");
	struct pn_policy_config *law = &config->policy;

	*law = pn_policy_defaults();
	g_assert(pn_policy_caution(law, caution) == 0);
	law->headroom_bytes = get(doc, "law.headroom").number;
	if (cool_down)
		law->cool_down_ns = get(doc, "law.cool-down").number;
	law->stuck_ns = get(doc, "law.stuck-after").number;
	law->dead_band = (double)get(doc, "law.dead-band").number / 100;
	if (probe_after) {
		law->probe_after_ns = get(doc, "law.probe-after").number;
		law->probe_per_s = law->probe_after_ns ? 0.0005 : 0;
	}
	law->stats_period_ns = MAX(config->interval_ns, MAX(config->stats_period_s, 1) * PN_NS_PER_S);
}

static int fill(struct pn_doc *doc, struct pn_daemon_config *config, struct pn_diag *diag)
{
	int err;

	config->connection = get_text(doc, "connection");
	config->guests = get_names(doc, "guests");
	config->exclude = get_names(doc, "exclude");
	config->capacity = get_text(doc, "host.capacity");
	config->reserve = get_text(doc, "host.reserve");
	config->interval_ns = get(doc, "interval").number;
	config->timeout_ns = get(doc, "timeout").number;
	config->stats_period_s = get(doc, "stats-period").number;
	config->dry_run = get(doc, "dry-run").number;
	config->cgroups = get(doc, "cgroups").number;
	config->limits = (struct pn_limits){
		.min = get_text(doc, "limits.min"),
		.weight = get_text(doc, "limits.weight"),
		.oom_quota = get_text(doc, "limits.oom-quota"),
		.overhead = get_text(doc, "limits.overhead"),
		.control = get_text(doc, "limits.control"),
	};
	config->status_socket = get_text(doc, "status.socket");
	config->status_group = get_text(doc, "status.group");
	config->metrics = get_text(doc, "metrics");
	config->pressure = get_text(doc, "pressure");
	read_law(doc, config);
	err = read_mode(doc, config, diag);
	if (!err && config->timeout_ns >= config->interval_ns)
		err = refuse(doc, "timeout", "(not below it)", "less than interval: a guest that hangs must not delay the next decision", diag);
	return err ? err : check_metrics(doc, config, diag);
}

int pn_daemon_config_read(const char *path, struct pn_daemon_config **ret_config, struct pn_diag *diag)
{
	struct pn_daemon_config *config;
	struct pn_doc *doc = NULL;
	int err = path ? pn_doc_read(path, &doc, diag) : 0;

	if (err)
		return err;
	if (doc) {
		pn_schema_normalise(&schema, doc);
		err = pn_schema_check(&schema, doc, diag);
	}
	config = g_new0(struct pn_daemon_config, 1);
	if (!err)
		err = fill(doc, config, diag);
	pn_doc_free(doc);
	if (err) {
		pn_daemon_config_free(config);
		return err;
	}
	*ret_config = config;
	return 0;
}

void pn_daemon_config_free(struct pn_daemon_config *config)
{
	if (!config)
		return;
	g_free(config->connection);
	g_strfreev(config->guests);
	g_strfreev(config->exclude);
	g_free(config->capacity);
	g_free(config->reserve);
	pn_limits_clear(&config->limits);
	g_free(config->status_socket);
	g_free(config->status_group);
	g_free(config->metrics);
	g_free(config->pressure);
	g_free(config);
}

int pn_daemon_config_host(const struct pn_daemon_config *config, uint64_t host_bytes, struct pn_policy_config *ret_policy, struct pn_diag *diag)
{
	struct pn_policy_config policy = config->policy;
	struct pn_key_value value;

	policy.capacity_bytes = host_bytes;
	if (config->capacity && pn_key_parse(pn_key_find(keys, "host.capacity"), config->capacity, host_bytes, &value) == 0)
		policy.capacity_bytes = value.number;
	if (policy.capacity_bytes > host_bytes)
		return pn_diag_value(diag, "configuration", "host.capacity", config->capacity, "no more than the host's memory");
	if (pn_key_parse(pn_key_find(keys, "host.reserve"), config->reserve, policy.capacity_bytes, &value) < 0 || value.number >= policy.capacity_bytes)
		return pn_diag_value(diag, "configuration", "host.reserve", config->reserve, "less than host.capacity");
	policy.reserve_bytes = value.number;
	*ret_policy = policy;
	return 0;
}

static bool listed(char *const *names, const char *name, const char *uuid)
{
	return g_strv_contains((const char *const *)names, name) || g_strv_contains((const char *const *)names, uuid);
}

bool pn_daemon_config_wants(const struct pn_daemon_config *config, const char *name, const char *uuid)
{
	if (config->exclude && listed(config->exclude, name, uuid))
		return false;
	return !config->guests || listed(config->guests, name, uuid);
}

char *pn_daemon_config_manual(void)
{
	GString *text = g_string_new(NULL);

	for (const struct pn_key_info *key = keys; key->name; key++) {
		g_autofree char *accepted = pn_key_accepted(key);

		if (key->type != PN_KEY_MAP)
			g_string_append_printf(text, "  %-18s %s%s%s%s\n  %-18s %s\n", key->name, key->help, key->fallback ? " (" : "",
					       key->fallback ? key->fallback : "", key->fallback ? ")" : "", "", accepted);
	}
	return g_string_free(text, FALSE);
}
