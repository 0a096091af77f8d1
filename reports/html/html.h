/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pn_diag;
struct pn_rundir;

/*
 * The HTML report of one run. Everything is appended to a GString; what comes from the run directory passes pn_html_text(), and none of it ever
 * stands in a script: scripts read it from attributes of the page.
 */

/** PN_HTML_BYTES_MAX - no page is longer, but for the table of more than 2000 cases: what does not fit is left out, and named */
#define PN_HTML_BYTES_MAX 1000000

/* escape.c */

/** pn_html_text() - append @text for element content or a quoted attribute, of HTML or SVG; invalid UTF-8 and control characters become U+FFFD */
void pn_html_text(GString *out, const char *text);

/** pn_html_id() - append the id of a case, which may break after its commas and, where it must, anywhere */
void pn_html_id(GString *out, const char *id);

/** pn_html_printf() - append markup; each %s is escaped by pn_html_text(); beside it %d %u %ld %lu %zu %f %g with width and precision, and %% */
void pn_html_printf(GString *out, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** pn_html_is_embeddable() - can @source stand in a script or style element as it is? Not when it could end or hide the element. */
bool pn_html_is_embeddable(const char *source);

/* series.c: points over time */

/** struct pn_html_point - one sample of a series */
struct pn_html_point {
	int64_t t_ns; /* host's monotonic clock */
	double value;
};

/** pn_html_series() - one key of the samples, by time; a mark's parts at the times they were taken. Return: array of points; g_array_unref(). */
GArray *pn_html_series(const json_t *samples, const char *key);

/**
 * pn_html_rate() - growth per second of a counter: each point holds for the time since the one before, the first marks where that begins
 * @points: a counter; samples closer together than half the usual distance are joined, and a counter that starts anew leaves a hole (NAN)
 */
GArray *pn_html_rate(const GArray *points);

/** pn_html_thin() - at most about @max points with the smallest and the largest of each stretch of time kept, and both ends. A new array. */
GArray *pn_html_thin(const GArray *points, guint max);

/* axis.c: ticks and how values read */

/** enum pn_html_unit - what a value is */
enum pn_html_unit { PN_HTML_BYTES, PN_HTML_BYTES_PER_S, PN_HTML_NS, PN_HTML_SHARE, PN_HTML_PER_S, PN_HTML_SECONDS };

/** pn_html_unit_names - how the page's script calls them, by enum pn_html_unit */
extern const char *const pn_html_unit_names[];

/** pn_html_step() - the smallest round step (1, 2, 5 times a power of ten; powers of two for bytes) that cuts @range into at most @count parts */
double pn_html_step(double range, unsigned int count, enum pn_html_unit unit);

/** pn_html_value() - a value for people: "12.5 MiB", "3 ms", "40 %"; g_free() */
char *pn_html_value(double value, enum pn_html_unit unit);

/* record.c: what a case's directory holds beyond its verdict */

/**
 * struct pn_html_record - of one case, or of one guest of a case with several; arrays are empty where nothing was recorded
 *
 * With several guests the case's own samples are what its controller saw of all of them together (controller.all.*), and its journal has that controller's faults.
 * A guest's samples have what its controller saw and decided (controller.*).
 */
struct pn_html_record {
	char *dir; /* the case's directory */
	json_t *journal, *samples, *kmsg, *loads;
	json_t *controller; /* NULL: none */
	int64_t from_ns, to_ns; /* first and last record of the journal; both 0 without one */
	int64_t zero_ns;	/* start of the timeline, or @from_ns: where the time axis has its 0 */
	char *trouble;		/* what could not be read, in a line; NULL when all could */
};

/** pn_html_record_read() - never fails: a torn or absent file is an empty array, a spoilt one is named in @trouble */
void pn_html_record_read(const struct pn_rundir *run, size_t index, struct pn_html_record *ret_record);

/**
 * pn_html_record_guest() - of one guest among several, as pn_html_record_read()
 * @of_case: gives the axis of time, the same for all guests
 * @name: one of pn_html_guests()
 */
void pn_html_record_guest(const struct pn_html_record *of_case, const char *name, struct pn_html_record *ret_record);
void pn_html_record_deinit(struct pn_html_record *record);

/** pn_html_guests() - names of the guests of a case with several, as its journal has them. Return: array of borrowed strings; g_ptr_array_unref(). */
GPtrArray *pn_html_guests(const struct pn_html_record *of_case);

/* controller.c: what a controller of several guests left */

/** pn_html_controller_all() - all guests together, into the record of the case: samples, faults */
void pn_html_controller_all(struct pn_html_record *of_case);

/** pn_html_controller_one() - one guest, into its samples */
void pn_html_controller_one(const struct pn_html_record *of_case, const char *name, struct pn_html_record *record);

/** pn_html_string() - a string of an object; "" when there is none. Borrowed. */
const char *pn_html_string(const json_t *object, const char *key);

/** pn_html_is() - is the string @key of @object @text? */
bool pn_html_is(const json_t *object, const char *key, const char *text);

/* spans.c: what the timeline did */

/** struct pn_html_span - a stretch of time, or an instant when both ends are one */
struct pn_html_span {
	int64_t from_ns, to_ns;
	const char *kind; /* "phase", "fault", "lifecycle", "unsettled", "stuck" */
	const char *name; /* borrowed from the record */
	char *detail;	  /* for people: "fired, disarmed after 2 s: oom_kill rose"; may be NULL */
};

/** pn_html_spans() - phases, faults, lifecycle actions and troubles of the journal, by time. Return: array; g_array_unref(). */
GArray *pn_html_spans(const struct pn_html_record *record);

/* timeline.c, plot.c, histogram.c */

/** pn_html_timeline() - the plots of one case on one time axis; @points: at most so many per series */
void pn_html_timeline(GString *out, const struct pn_html_record *record, guint points);

/** struct pn_html_plot - one panel on the time axis */
struct pn_html_plot {
	const char *title;
	enum pn_html_unit unit;
	double top;		/* of the value axis, which starts at 0 */
	int64_t from_ns, to_ns; /* of the time axis */
	int64_t zero_ns;	/* from where its ticks count */
};

/** struct pn_html_line - one series of a panel */
struct pn_html_line {
	const char *label;
	GArray *points;	    /* thinned */
	unsigned int style; /* colour and dashes, 0 to PN_HTML_STYLES - 1 */
	enum { PN_HTML_SLOPED, PN_HTML_BEFORE, PN_HTML_AFTER, PN_HTML_DOTS } form; /* steps before or after their points, ... */
};
#define PN_HTML_STYLES 5

/** pn_html_plot() - one panel as SVG: spans, grid, lines; coordinates are ten-thousandths of the axes, which the page's script reads back */
void pn_html_plot(GString *out, const struct pn_html_plot *plot, const struct pn_html_line *lines, guint count, const GArray *spans);

/** pn_html_strip() - names of phases and faults above the panels */
void pn_html_strip(GString *out, int64_t from_ns, int64_t to_ns, const GArray *spans);

/** pn_html_time_axis() - ticks below the panels, in seconds from @zero_ns */
void pn_html_time_axis(GString *out, int64_t from_ns, int64_t to_ns, int64_t zero_ns);

/** pn_html_histograms() - latency distributions of the loads (loads.json): the touch probe's, and fio's per direction over all its jobs */
void pn_html_histograms(GString *out, const json_t *loads);

/* summary.c, cases.c, metrics.c, failure.c, case.c: parts of the page */

void pn_html_summary(GString *out, const struct pn_rundir *run);

/** pn_html_cases() - filters and the table of all cases; @shown: which of them have a section of their own in the page */
void pn_html_cases(GString *out, const struct pn_rundir *run, const bool *shown);

/** pn_html_metrics() - all metrics of one verdict */
void pn_html_metrics(GString *out, const json_t *metrics);

/** struct pn_html_key_metric - a metric that is shown where there is room for a few only */
struct pn_html_key_metric {
	const char *name, *title;
	enum pn_html_unit unit;
};

/** pn_html_key_metrics - the most interesting first; ends with a NULL name */
extern const struct pn_html_key_metric pn_html_key_metrics[];

/** pn_html_kernel_log() - the guest's kernel log: warnings and worse, and its end */
void pn_html_kernel_log(GString *out, const struct pn_html_record *record);

/** pn_html_failure() - why a case did not pass: findings, kernel log, last words, and the command that does it again */
void pn_html_failure(GString *out, const struct pn_rundir *run, size_t index, const struct pn_html_record *record);

/** pn_html_verdict() - a verdict as sign, word and colour; NULL: not run */
void pn_html_verdict(GString *out, const char *verdict);

/** pn_html_case() - section of one case */
void pn_html_case(GString *out, const struct pn_rundir *run, size_t index, guint points);

/* tables.c */

/** pn_html_tables() - matrix of faults, mutants, conformance and techniques of a run, as far as it has them */
void pn_html_tables(GString *out, const struct pn_rundir *run);

/** pn_html_objects() - a list of objects as a table; nothing for an empty one. @title, @note: for people; @id: of the section */
void pn_html_objects(GString *out, const char *id, const char *title, const char *note, const json_t *objects);

/* techniques.c, knee.c */

/** pn_html_techniques() - ways to get memory back: plots and a table a scenario; nothing where no case has a technique */
void pn_html_techniques(GString *out, const struct pn_rundir *run);

/** pn_html_knee() - what one technique costs over sizes, where the scenario has at least four; @list: pn_techniques_json() */
void pn_html_knee(GString *out, const json_t *list, const char *scenario);

/* embed.c */

/** struct pn_html_zoom - the library that makes the plots zoomable; all empty when it is not there */
struct pn_html_zoom {
	char *script, *style, *licence;
	bool stands; /* a page whose plots are not meant to be zoomed */
};

/**
 * pn_html_zoom_read() - read it from the directory that reports/html/uplot made
 * @dir: NULL when there is none
 *
 * Return: 0, also with an empty @ret_zoom for no directory; -EINVAL for one that can't be embedded; or another negative errno.
 */
int pn_html_zoom_read(const char *dir, struct pn_html_zoom *ret_zoom, struct pn_diag *diag);
void pn_html_zoom_deinit(struct pn_html_zoom *zoom);

/** pn_html_head() - everything before the body's content: policy, styles */
void pn_html_head(GString *out, const char *title, const struct pn_html_zoom *zoom);

/** pn_html_foot() - scripts, licence, end of the page */
void pn_html_foot(GString *out, const struct pn_html_zoom *zoom);

/* page.c */

/** pn_html_page() - the whole page. Return: a string; g_string_free(). */
GString *pn_html_page(const struct pn_rundir *run, const struct pn_html_zoom *zoom);
