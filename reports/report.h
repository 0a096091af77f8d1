/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct pn_diag;
struct pn_rundir;

/** struct pn_report_style - how a report for people may look */
struct pn_report_style {
	bool colour;
	const char *zoom_dir; /* what makes the plots of a page zoomable (pn_report_zoom_dir()); NULL: they are not */
};

/** struct pn_report_format - one form of a report, a pure function of the run directory */
struct pn_report_format {
	const char *name; /* also the option of `puncture report` */
	const char *help; /* one line */
	/* @write: the whole report to @out. Return: 0 or a negative errno. */
	int (*write)(const struct pn_rundir *run, const struct pn_report_style *style, FILE *out, struct pn_diag *diag);
};

/** pn_report_formats - all formats, the default one first; ends with a NULL name */
extern const struct pn_report_format pn_report_formats[];

/** pn_report_format_find() - by name; NULL when there is none */
const struct pn_report_format *pn_report_format_find(const char *name);

/** pn_report_zoom_dir() - where reports/html/uplot put what makes plots zoomable; NULL when it did not; g_free() */
char *pn_report_zoom_dir(void);

/** pn_report_clean() - a text from outside as one line without control characters (terminals obey them, XML refuses them); g_free() by the caller */
char *pn_report_clean(const char *text);

/** pn_report_elide() - a name within @width columns; what is cut out is the middle, for both ends tell names apart; g_free() by the caller */
char *pn_report_elide(const char *name, int width);

/**
 * pn_report_value() - a metric's value for people: "12.5 MiB/s", "3 ms", "14.74"
 * @name: of the metric; the unit is what it ends in, or has before a last part ("monitor_ns.p99"). Most are plain numbers.
 *
 * Return: g_free() by the caller.
 */
char *pn_report_value(const char *name, double value);

int pn_report_text(const struct pn_rundir *run, const struct pn_report_style *style, FILE *out, struct pn_diag *diag);
int pn_report_json(const struct pn_rundir *run, const struct pn_report_style *style, FILE *out, struct pn_diag *diag);
int pn_report_junit(const struct pn_rundir *run, const struct pn_report_style *style, FILE *out, struct pn_diag *diag);
int pn_report_tap(const struct pn_rundir *run, const struct pn_report_style *style, FILE *out, struct pn_diag *diag);
int pn_report_matrix(const struct pn_rundir *run, const struct pn_report_style *style, FILE *out, struct pn_diag *diag);
int pn_report_conformance(const struct pn_rundir *run, const struct pn_report_style *style, FILE *out, struct pn_diag *diag);
int pn_report_techniques(const struct pn_rundir *run, const struct pn_report_style *style, FILE *out, struct pn_diag *diag);
int pn_report_html(const struct pn_rundir *run, const struct pn_report_style *style, FILE *out, struct pn_diag *diag);
int pn_report_trace(const struct pn_rundir *run, const struct pn_report_style *style, FILE *out, struct pn_diag *diag);
int pn_report_openmetrics(const struct pn_rundir *run, const struct pn_report_style *style, FILE *out, struct pn_diag *diag);
int pn_report_csv(const struct pn_rundir *run, const struct pn_report_style *style, FILE *out, struct pn_diag *diag);
