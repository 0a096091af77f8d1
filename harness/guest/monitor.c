// SPDX-License-Identifier: GPL-2.0-only
/* QEMU's monitor through libvirt: commands, descriptors and events. */

#include <errno.h>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/virterror.h>
#include <string.h>

#include "../base/diag.h"
#include "qmp.h"
#include "virt.h"

int pn_virt_error(struct pn_diag *diag, int err, const char *what)
{
	const char *words = virGetLastErrorMessage();

	return pn_diag_set(diag, err, "libvirt: %s: %s", what, words);
}

int pn_virt_monitor(void *data, const char *line, int fd, char **ret_reply, struct pn_diag *diag)
{
	struct pn_guest *guest = data;
	struct pn_virt_guest *virt;
	virDomainPtr domain = NULL;
	unsigned int count = fd >= 0 ? 1 : 0;
	int r;

	/* The guest may move into another domain meanwhile. */
	g_mutex_lock(&guest->lock);
	virt = guest->backend;
	if (virt && virt->domain && virDomainRef(virt->domain) == 0)
		domain = virt->domain;
	g_mutex_unlock(&guest->lock);
	if (!domain)
		return pn_diag_set(diag, -ENOTCONN, "guest '%s' has no domain", guest->name);
	if (count)
		r = virDomainQemuMonitorCommandWithFiles(domain, line, count, &fd, NULL, NULL, ret_reply, 0);
	else
		r = virDomainQemuMonitorCommand(domain, line, ret_reply, 0);
	if (r < 0)
		r = pn_virt_error(diag, -EIO, guest->name);
	virDomainFree(domain);
	return r;
}

int pn_virt_query(void *data, const char *line, int fd, char **ret_reply, struct pn_diag *diag)
{
	struct pn_guest *guest = data;
	struct pn_virt_guest *virt;
	int r;

	g_mutex_lock(&guest->query_lock);
	virt = guest->backend;
	if (virt && virt->queries)
		r = pn_qmp_run(virt->queries, line, ret_reply, diag);
	else
		r = pn_diag_set(diag, -ENOTCONN, "guest '%s' has no monitor", guest->name);
	g_mutex_unlock(&guest->query_lock);
	return r;
}

static void on_event(virConnectPtr conn, virDomainPtr domain, const char *name, long long seconds, unsigned int micros, const char *details,
		     void *data)
{
	struct pn_virt *virt = data;
	char uuid[VIR_UUID_STRING_BUFLEN];
	struct pn_guest *guest;
	json_t *object;

	if (virDomainGetUUIDString(domain, uuid) < 0)
		return;
	object = details ? json_loads(details, 0, NULL) : NULL;
	/* The lock is held while the guest is told, so that it does not go meanwhile: pn_virt_stop() takes it out first. */
	g_mutex_lock(&virt->lock);
	guest = g_hash_table_lookup(virt->guests, uuid);
	if (guest)
		pn_guest_qmp_event(guest, name, object);
	g_mutex_unlock(&virt->lock);
	json_decref(object);
}

int pn_virt_listen(struct pn_virt *virt, struct pn_diag *diag)
{
	virt->callback_id = virConnectDomainQemuMonitorEventRegister(virt->conn, NULL, NULL, on_event, virt, NULL, 0);
	return virt->callback_id < 0 ? pn_virt_error(diag, -EIO, "monitor events") : 0;
}

/* Lines that QEMU or libvirt write without anything being wrong. */
static bool is_chatter(const char *line)
{
	return !*line || strstr(line, "is tainted") || strstr(line, ": shutting down, reason=") || strstr(line, "terminating on signal");
}

static char *last_words(struct pn_guest *guest)
{
	struct pn_virt *host = guest->host->backend;
	struct pn_virt_guest *virt = guest->backend;
	g_autofree char *base = NULL, *path = NULL, *text = NULL;
	g_auto(GStrv) lines = NULL;
	char *words = NULL;

	if (!host->logs || !virt)
		return NULL;
	base = g_strdup_printf("%s.log", virt->domain_name);
	path = g_build_filename(host->logs, base, NULL);
	if (!g_file_get_contents(path, &text, NULL, NULL))
		return NULL;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		if (is_chatter(*line) || g_str_has_suffix(*line, "\\"))
			continue;
		g_free(words);
		words = g_strdup(*line);
	}
	/* The command line's last line, when QEMU said nothing. */
	if (words && (*words == '-' || strstr(words, "libvirt version")))
		g_clear_pointer(&words, g_free);
	return words;
}

void pn_virt_explain(struct pn_guest *guest, struct pn_diag *diag)
{
	g_autofree char *words = last_words(guest);
	g_autofree char *text = NULL;

	if (!words || !diag || strstr(diag->text, words))
		return;
	text = g_strdup(diag->text);
	g_snprintf(diag->text, sizeof(diag->text), "%s (%s)", text, words);
}
