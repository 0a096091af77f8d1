/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>

struct pn_diag;
struct pn_metrics_server;
struct pn_status;

/** pn_metrics_text() - a snapshot in the OpenMetrics text format, version 1.0; freed with g_free() */
char *pn_metrics_text(const json_t *snapshot);

/**
 * pn_metrics_serve() - GET /metrics on an address
 * @address: "ADDRESS:PORT" of this host; IPv6 in brackets. Port 0: any
 *
 * Return: 0 or a negative errno; stopped with pn_metrics_stop().
 */
int pn_metrics_serve(const char *address, struct pn_status *status, struct pn_metrics_server **ret_server, struct pn_diag *diag);
void pn_metrics_stop(struct pn_metrics_server *server);

/** pn_metrics_port() - which port it is */
unsigned int pn_metrics_port(const struct pn_metrics_server *server);
