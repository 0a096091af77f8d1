/* SPDX-License-Identifier: GPL-2.0-only */
/* Fuzz target of everything that takes text apart: what a kernel, a driver under test or an image may hand the agent. */
#include "kmsg.h"
#include "modules_dep.h"
#include "parse.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse_procfs(const char *text)
{
	struct pn_parse_schedstat schedstat;
	struct pn_parse_zone zone;
	struct pn_parse_line line;
	struct pn_parse_psi psi;
	struct pn_parse_cpu cpu;
	uint64_t base, size;
	const char *at = text;

	while (pn_parse_next(&at, &line)) {
		if (line.name < text || line.name_len == 0)
			abort();
	}
	for (at = text; pn_parse_zone_next(&at, &zone);) {
		if (!memchr(zone.name, 0, sizeof(zone.name)))
			abort();
	}
	pn_parse_psi(text, &psi);
	pn_parse_cpu(text, &cpu);
	pn_parse_schedstat(text, &schedstat);
	pn_parse_module(text, "virtio_balloon", &base, &size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pn_modules_order order;
	struct pn_kmsg_record record;
	char *text = malloc(size + 1), names[64];

	memcpy(text, data, size);
	text[size] = 0;
	parse_procfs(text);
	order.count = 0;
	pn_modules_dep(text, "a", &order);
	pn_modules_softdep(text, "a", names, sizeof(names));
	pn_modules_builtin(text, "a");
	pn_modules_depends((const char *)data, size, names, sizeof(names));
	if (pn_kmsg_parse(text, &record) == 0 && (record.text < text || record.text + strlen(record.text) > text + size))
		abort();
	free(text);
	return 0;
}
