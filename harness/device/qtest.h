/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pn_diag;

/*
 * A QEMU without a guest, whose memory and devices are driven by us: qtest, QEMU's own test protocol, of which the unmodified binary
 * understands all that is needed here. Its vCPU does not run, and halts at once when it is told to (`cont`): migration is of a guest that runs. Both connections are socket pairs, and QEMU dies with us: nothing can be left behind.
 */
struct pn_qtest;

/* a thread that a device may name for its hints */
#define PN_QTEST_IOTHREAD "hints"

/** pn_qtest_start() - start @emulator with one balloon device @device (a -device argument). Return: 0 or a negative errno. */
int pn_qtest_start(const char *emulator, const char *device, struct pn_qtest **ret_qtest, struct pn_diag *diag);
void pn_qtest_stop(struct pn_qtest *qtest);

/** pn_qtest_alive() - does QEMU still answer? After any failed access it does not count as alive any more. */
int pn_qtest_alive(struct pn_qtest *qtest);

/** pn_qtest_out(), pn_qtest_in() - I/O ports, @size 1, 2 or 4. A QEMU that does not answer reads as 0 and is not alive. */
void pn_qtest_out(struct pn_qtest *qtest, uint16_t port, uint32_t value, unsigned int size);
uint32_t pn_qtest_in(struct pn_qtest *qtest, uint16_t port, unsigned int size);

/** pn_qtest_write(), pn_qtest_read() - a register in memory space, @size 1, 2, 4 or 8 */
void pn_qtest_write(struct pn_qtest *qtest, uint64_t addr, uint64_t value, unsigned int size);
uint64_t pn_qtest_read(struct pn_qtest *qtest, uint64_t addr, unsigned int size);

/** pn_qtest_put(), pn_qtest_get() - bytes of guest memory, at most PN_QTEST_BYTES */
#define PN_QTEST_BYTES 8192
void pn_qtest_put(struct pn_qtest *qtest, uint64_t addr, const void *data, size_t bytes);
void pn_qtest_get(struct pn_qtest *qtest, uint64_t addr, void *data, size_t bytes);
void pn_qtest_fill(struct pn_qtest *qtest, uint64_t addr, uint8_t value, uint64_t bytes);

/** pn_qtest_does() - one QMP command, as text. Return: was it accepted? */
bool pn_qtest_does(struct pn_qtest *qtest, const char *command);

/** pn_qtest_monitor() - one QMP command, as text. Return: its "return", all numbers reals, freed by the caller; NULL when it failed. */
json_t *pn_qtest_monitor(struct pn_qtest *qtest, const char *command);
