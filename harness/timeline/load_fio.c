// SPDX-License-Identifier: GPL-2.0-only
/*
 * fio's json+ result. Nothing is averaged: histogram bins and percentiles stay as fio gave them, so that whoever joins runs adds bins.
 *
 * fio prints what it has to say about a signal before the object, on the same stream; and with a bad option it prints nothing at all.
 */
#include "results.h"

#include <errno.h>
#include <string.h>

#include <glib.h>

#include "../base/diag.h"

/* The object starts at the first line that begins with a brace. */
static const char *object_start(const char *text, size_t len)
{
	const char *end = text + len;

	for (const char *p = text; p < end; p++) {
		if (*p == '{')
			return p;
		p = memchr(p, '\n', (size_t)(end - p));
		if (!p)
			break;
	}
	return NULL;
}

static double job_number(const json_t *job, const char *direction, const char *key)
{
	return json_number_value(json_object_get(json_object_get(job, direction), key));
}

/* Each job's rate is over its own time; jobs run side by side, so rates add up. */
static int sum_jobs(const json_t *jobs, double *ret_ops, double *ret_ops_per_s, struct pn_diag *diag)
{
	static const char *const directions[] = {"read", "write", "trim"};
	const json_t *job;
	size_t i;

	*ret_ops = *ret_ops_per_s = 0;
	json_array_foreach(jobs, i, job) {
		json_int_t error = json_integer_value(json_object_get(job, "error"));

		if (error != 0)
			return pn_diag_set(diag, -EREMOTEIO, "fio: job '%s' failed: %s",
					   json_string_value(json_object_get(job, "jobname")) ?: "?", g_strerror((int)error));
		for (unsigned int d = 0; d < G_N_ELEMENTS(directions); d++) {
			double ios = job_number(job, directions[d], "total_ios"), ms = job_number(job, directions[d], "runtime");

			*ret_ops += ios;
			*ret_ops_per_s += ms > 0 ? ios * 1000 / ms : 0;
		}
	}
	return 0;
}

int pn_result_fio(const char *text, size_t len, json_t *result, struct pn_diag *diag)
{
	const char *start = object_start(text, len);
	double ops, ops_per_s;
	json_error_t error;
	json_t *fio, *jobs;
	int r;

	if (!start)
		return pn_diag_set(diag, -EPROTO, "fio: no result in %zu bytes of output (a bad option leaves it empty)", len);
	fio = json_loadb(start, len - (size_t)(start - text), JSON_DISABLE_EOF_CHECK, &error);
	if (!fio)
		return pn_diag_set(diag, -EPROTO, "fio: line %d of the result: %s", error.line, error.text);
	jobs = json_object_get(fio, "jobs");
	if (!json_is_array(jobs) || json_array_size(jobs) == 0) {
		json_decref(fio);
		return pn_diag_set(diag, -EPROTO, "fio: the result has no jobs");
	}
	r = sum_jobs(jobs, &ops, &ops_per_s, diag);
	if (r < 0) {
		json_decref(fio);
		return r;
	}
	json_object_set_new(result, "ops", json_real(ops));
	json_object_set_new(result, "ops_per_s", json_real(ops_per_s));
	json_object_set_new(result, "fio", fio);
	return 0;
}
