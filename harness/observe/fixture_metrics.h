/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What tests of metrics ask of them; to be included after cmocka.h. */

#include <math.h>

#include "fixture.h"

/** compute() - the record's metrics; json_decref() */
static inline json_t *compute(struct fixture *fixture)
{
	json_t *metrics = NULL;

	assert_int_equal(pn_metrics_compute(&fixture->record, &metrics, NULL), 0);
	return metrics;
}

/** assert_metric() - a metric is there, with this value and unit */
static inline void assert_metric(const json_t *metrics, const char *name, double expected, const char *unit)
{
	const json_t *metric = json_object_get(metrics, name);
	double value = json_number_value(json_object_get(metric, "value"));

	if (!metric || fabs(value - expected) > fabs(expected) * 1e-9)
		fail_msg("%s is %.17g, expected %.17g%s", name, value, expected, metric ? "" : " (absent)");
	assert_string_equal(json_string_value(json_object_get(metric, "unit")), unit);
}

/** assert_absent() - a metric was not measured */
static inline void assert_absent(const json_t *metrics, const char *name)
{
	if (json_object_get(metrics, name))
		fail_msg("%s ought to be absent", name);
}
