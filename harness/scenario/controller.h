/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

struct pn_controller_spec;
struct pn_diag;
struct pn_doc;
struct pn_raw_controller;
struct pn_scenario;

/** pn_controller_fill() - a checked `controller` with its units; pn_controller_clear() frees what it holds */
void pn_controller_fill(struct pn_controller_spec *controller, const struct pn_raw_controller *raw);
void pn_controller_clear(struct pn_controller_spec *controller);

/** pn_controller_check() - can a controller have this guest? @doc: for the place of what is wrong. Return: 0 or -EINVAL with one line. */
int pn_controller_check(struct pn_doc *doc, const struct pn_scenario *guest, struct pn_diag *diag);

/** pn_controller_check_guests() - are there guests for the controller, and those that its faults name? Return: 0 or -EINVAL with one line. */
int pn_controller_check_guests(struct pn_doc *doc, const struct pn_scenario *scenario, struct pn_diag *diag);
