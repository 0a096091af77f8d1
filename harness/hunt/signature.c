// SPDX-License-Identifier: GPL-2.0-only
/* The signature of a failure: which of a case's findings says best what went wrong, masked. */
#include "signature.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "../observe/observe.h"
#include "../observe/record.h"

/* Most telling first: a function name beats a page count, a page count beats "stuck". */
static const char *const telling[] = {"kernel-log", "integrity", "protocol", "ledger", NULL};

static char *kernel_text(const json_t *kmsg)
{
	g_autofree char *first = pn_kernel_log_first(kmsg);

	return first ? pn_signature_mask(first) : g_strdup("");
}

static const json_t *find(const json_t *findings, const char *verdict, const char *oracle)
{
	const json_t *finding;
	size_t i;

	json_array_foreach (findings, i, finding)
		if (pn_is(finding, "verdict", verdict) && (!oracle || pn_is(finding, "oracle", oracle)))
			return finding;
	return NULL;
}

static const json_t *most_telling(const json_t *findings, const char *verdict)
{
	for (const char *const *oracle = telling; *oracle; oracle++) {
		const json_t *finding = find(findings, verdict, *oracle);

		if (finding)
			return finding;
	}
	return find(findings, verdict, NULL);
}

static void name_it(struct pn_signature *signature)
{
	g_autofree char *all =
	    g_strjoin("\n", signature->verdict, signature->oracle, *signature->kernel && !strcmp(signature->oracle, "kernel-log") ? "" : signature->reason,
		      signature->kernel, NULL);
	g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, all, -1);

	g_strlcpy(signature->id, hash, sizeof(signature->id));
}

int pn_signature_of(const json_t *verdict, const json_t *kmsg, struct pn_signature *ret_signature)
{
	const json_t *findings = json_object_get(verdict, "findings");
	const char *word = pn_text(verdict, "raw_verdict"), *names[] = {"FAIL", "BROK"};
	const json_t *finding = NULL;
	unsigned int i;

	word = *word ? word : pn_text(verdict, "verdict");
	for (i = 0; !finding && i < G_N_ELEMENTS(names); i++)
		finding = most_telling(findings, names[i]);
	if (!finding && strcmp(word, "BROK") && strcmp(word, "FAIL"))
		return -ENODATA;
	*ret_signature = (struct pn_signature){
		.verdict = g_strdup(finding ? names[i - 1] : word),
		.oracle = g_strdup(finding ? pn_text(finding, "oracle") : "harness"),
		.reason = pn_signature_mask(pn_text(finding ? finding : verdict, "reason")),
		.kernel = kernel_text(kmsg),
	};
	name_it(ret_signature);
	return 0;
}

void pn_signature_deinit(struct pn_signature *signature)
{
	g_free(signature->verdict);
	g_free(signature->oracle);
	g_free(signature->reason);
	g_free(signature->kernel);
	*signature = (struct pn_signature){0};
}

void pn_signature_copy(const struct pn_signature *from, struct pn_signature *ret_to)
{
	*ret_to = (struct pn_signature){
		.verdict = g_strdup(from->verdict),
		.oracle = g_strdup(from->oracle),
		.reason = g_strdup(from->reason),
		.kernel = g_strdup(from->kernel),
	};
	memcpy(ret_to->id, from->id, sizeof(from->id));
}

static bool same_finding(const struct pn_signature *signature, const json_t *finding, const json_t *kmsg)
{
	g_autofree char *reason = NULL, *kernel = NULL;

	if (!pn_is(finding, "verdict", signature->verdict) || !pn_is(finding, "oracle", signature->oracle))
		return false;
	if (!strcmp(signature->oracle, "kernel-log") && *signature->kernel) {
		kernel = kernel_text(kmsg);
		return !strcmp(kernel, signature->kernel);
	}
	reason = pn_signature_mask(pn_text(finding, "reason"));
	return !strcmp(reason, signature->reason);
}

bool pn_signature_holds(const struct pn_signature *signature, const json_t *verdict, const json_t *kmsg)
{
	const json_t *finding;
	size_t i;

	if (!strcmp(signature->oracle, "harness")) {
		g_autofree char *reason = pn_signature_mask(pn_text(verdict, "reason"));

		return pn_is(verdict, "verdict", signature->verdict) && !strcmp(reason, signature->reason);
	}
	json_array_foreach (json_object_get(verdict, "findings"), i, finding)
		if (same_finding(signature, finding, kmsg))
			return true;
	return false;
}

json_t *pn_signature_json(const struct pn_signature *signature)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", signature->id, "verdict", signature->verdict, "oracle", signature->oracle, "reason",
			 signature->reason, "kernel", signature->kernel);
}

int pn_signature_read(const json_t *object, struct pn_signature *ret_signature)
{
	if (!*pn_text(object, "verdict") || !*pn_text(object, "oracle") || !json_object_get(object, "reason"))
		return -EINVAL;
	*ret_signature = (struct pn_signature){
		.verdict = g_strdup(pn_text(object, "verdict")),
		.oracle = g_strdup(pn_text(object, "oracle")),
		.reason = g_strdup(pn_text(object, "reason")),
		.kernel = g_strdup(pn_text(object, "kernel")),
	};
	name_it(ret_signature);
	return 0;
}

char *pn_signature_text(const struct pn_signature *signature)
{
	bool kernel = !strcmp(signature->oracle, "kernel-log") && *signature->kernel;

	return g_strdup_printf("%s %s: %s [%s]", signature->verdict, signature->oracle, kernel ? signature->kernel : signature->reason,
			       signature->id);
}
