/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "record.h"

/* The parts of pn_metrics_compute(). Each sets what the record lets it, and nothing else. */

/** pn_metric_set() - set one metric: {"value", "unit"} */
void pn_metric_set(json_t *metrics, const char *name, double value, const char *unit);

/** pn_metric_quantiles() - PREFIX.p50, .p99, .p999 and .max of a series in nanoseconds, each where there are samples enough. @points: struct pn_point; re-ordered */
void pn_metric_quantiles(GArray *points, const char *prefix, json_t *metrics);

/** pn_metrics_balloon() - rates of moving, settling, and what the host got */
void pn_metrics_balloon(const struct pn_record *record, struct pn_span window, json_t *metrics);

/** pn_metrics_insns() - what a page moved costs in instructions. @exact: under the names of exact mode */
void pn_metrics_insns(const struct pn_record *record, struct pn_span window, bool exact, json_t *metrics);

/**
 * pn_metrics_crossings() - how often the driver notified the device, per page moved, and how often it was interrupted for a new configuration;
 * absent where the queues were not watched to the end
 */
void pn_metrics_crossings(const struct pn_record *record, struct pn_span window, json_t *metrics);

/** pn_metrics_monitor() - how long the monitor took to answer, and how long the device held the lock that it needs */
void pn_metrics_monitor(const struct pn_record *record, struct pn_span window, json_t *metrics);

/** pn_metrics_return() - how fast and how much memory the host got of an inflation, and the huge pages it had afterwards */
void pn_metrics_return(const struct pn_record *record, struct pn_span window, json_t *metrics);

/** pn_metrics_loads() - what the loads measured */
void pn_metrics_loads(const struct pn_record *record, json_t *metrics);

/** pn_metrics_technique() - what a technique brought back, and at what price */
void pn_metrics_technique(const struct pn_record *record, json_t *metrics);

/** pn_quantile() - the value below which a share of a series lies (nearest rank). @points: struct pn_point, not empty; re-ordered by value
 */
int64_t pn_quantile(GArray *points, double share);
