/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The line to the host over a virtio-serial port. Invariants: never a blocking read or write; each write at most one page, because the
 * driver copies it into a kernel buffer and a larger one would need contiguous memory just when there is none; the port is watched edge-
 * triggered, because a port that the host has closed reports a hang-up for ever.
 *
 * The host's coming and going shows as that hang-up. A snapshot restored under a new host shows nothing at all: that is what the hello
 * request is for (ops.c calls pn_link_restart()).
 */
#include "link.h"

#include "agent.h"
#include "exact.h"
#include "loop.h"
#include "port.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#define QUEUE_SIZE (1024u * 1024u)
#define ROOMY_BELOW (QUEUE_SIZE / 2)
#define WRITE_MAX 4096u
#define FRAMES_A_TURN 64
#define RETRY_NS 20000000ull
#define STALL_NS 1000000000ull

static const struct pn_link_handlers *handlers;
static const char *socket_path;
static struct pn_loop_source port = {.fd = -1};
static struct pn_loop_timer retry, again, stall;
static struct pn_proto_parser parser;
static uint8_t *queue; /* ring */
static size_t queue_head, queue_used;
static size_t frame_left; /* bytes of the frame at the head that are still to be sent once its first byte went out */
static bool connected, paused, was_full;
static unsigned int generation;
static uint64_t told_dropped;

static void pump(void);

unsigned int pn_link_generation(void)
{
	return generation;
}

bool pn_link_roomy(void)
{
	return queue_used < ROOMY_BELOW;
}

bool pn_link_empty(void)
{
	return queue_used == 0;
}

static void queue_put(const void *bytes, size_t len)
{
	size_t at = (queue_head + queue_used) % QUEUE_SIZE;
	size_t first = len < QUEUE_SIZE - at ? len : QUEUE_SIZE - at;

	memcpy(queue + at, bytes, first);
	memcpy(queue, (const uint8_t *)bytes + first, len - first);
	queue_used += len;
}

static void queue_peek(void *bytes, size_t len)
{
	size_t first = len < QUEUE_SIZE - queue_head ? len : QUEUE_SIZE - queue_head;

	memcpy(bytes, queue + queue_head, first);
	memcpy((uint8_t *)bytes + first, queue, len - first);
}

static void queue_take(size_t len)
{
	while (len > 0) {
		size_t step;

		if (frame_left == 0) {
			struct pn_proto_header header;

			queue_peek(&header, sizeof(header));
			frame_left = sizeof(header) + header.length;
		}
		step = len < frame_left ? len : frame_left;
		frame_left -= step;
		queue_head = (queue_head + step) % QUEUE_SIZE;
		queue_used -= step;
		len -= step;
	}
}

void pn_link_restart(void)
{
	generation++;
	/* The rest of a frame that is half sent stays: cutting it would leave the host waiting within it. */
	queue_used = frame_left;
}

/* Hand as much of the queue to the device as it takes. */
static void flush(void)
{
	while (connected && queue_used > 0) {
		size_t len = QUEUE_SIZE - queue_head < queue_used ? QUEUE_SIZE - queue_head : queue_used;
		ssize_t n = write(port.fd, queue + queue_head, len < WRITE_MAX ? len : WRITE_MAX);

		if (n <= 0)
			break;
		queue_take(n);
	}
	if (was_full && pn_link_roomy()) {
		was_full = false;
		handlers->drained();
	}
	if (queue_used == 0)
		pn_exact_drained();
}

int pn_link_send(uint8_t kind, uint32_t id, const void *body, size_t length)
{
	struct pn_proto_header header;
	int r = pn_proto_header_fill(&header, kind, id, length);

	if (r < 0)
		return r;
	if (!connected)
		return -ENOTCONN;
	if (QUEUE_SIZE - queue_used < sizeof(header) + length)
		return -ENOBUFS;
	queue_put(&header, sizeof(header));
	queue_put(body, length);
	flush();
	if (!pn_link_roomy())
		was_full = true;
	if (kind == PN_PROTO_REPLY)
		pn_exact_replied();
	return 0;
}

int pn_link_send_json(uint8_t kind, uint32_t id, json_t *body)
{
	char *text = json_dumps(body, JSON_COMPACT);
	int r = text ? pn_link_send(kind, id, text, strlen(text)) : -ENOMEM;

	free(text);
	json_decref(body);
	return r;
}

int pn_link_event(json_t *event)
{
	if (connected && pn_link_roomy())
		return pn_link_send_json(PN_PROTO_EVENT, 0, event);
	was_full = true;
	json_decref(event);
	return connected ? -ENOBUFS : -ENOTCONN;
}

void pn_link_pause(bool pause)
{
	paused = pause;
	if (!pause)
		pn_loop_arm(&again, 0);
}

/* A host has come or gone. Return: whether one is there. */
static bool check_connected(void)
{
	struct pollfd now = {.fd = port.fd, .events = POLLIN | POLLOUT};

	if (poll(&now, 1, 0) < 0)
		return connected;
	if (now.revents & (POLLHUP | POLLERR)) {
		connected = false;
		queue_used = frame_left = 0;
		if (socket_path)
			pn_loop_stop(0); /* a socket's peer does not come back */
	} else if (!connected) {
		connected = true;
		generation++;
		queue_used = frame_left = 0;
		pn_proto_parser_reset(&parser);
		handlers->connected();
	}
	return connected;
}

static void take_frames(unsigned int *budget)
{
	while (!paused && pn_link_roomy() && *budget > 0) {
		struct pn_proto_frame frame;
		int r = pn_proto_parser_next(&parser, &frame);

		if (r == 0)
			return;
		--*budget;
		if (r == 1) {
			handlers->frame(&frame);
		} else {
			handlers->garbage(r, parser.dropped_bytes - told_dropped);
			told_dropped = parser.dropped_bytes;
		}
	}
	if (!pn_link_roomy())
		was_full = true;
}

/* Everything that the port allows now, within a budget so that a flooding host does not keep the rest from its turn. */
static void pump(void)
{
	unsigned int budget = FRAMES_A_TURN;

	flush();
	while (connected && budget > 0) {
		size_t room;
		void *space;
		ssize_t n;

		take_frames(&budget);
		if (paused || !pn_link_roomy() || budget == 0)
			break;
		space = pn_proto_parser_space(&parser, &room);
		n = read(port.fd, space, room);
		if (n < 0)
			break;
		if (n == 0) {
			check_connected();
			break;
		}
		budget--;
		pn_proto_parser_commit(&parser, n);
		pn_loop_arm(&stall, pn_now_ns() + STALL_NS);
	}
	if (budget == 0)
		pn_loop_arm(&again, 0);
	flush();
}

static void on_again(struct pn_loop_timer *timer)
{
	pump();
}

/* Nothing came for a while within a frame: its writer is gone. What came after its header may hold a frame of the next one. */
static void on_stall(struct pn_loop_timer *timer)
{
	if (paused || !pn_link_roomy()) {
		pn_loop_arm(&stall, pn_now_ns() + STALL_NS);
		return;
	}
	if (!pn_proto_parser_partial(&parser))
		return;
	pn_proto_parser_resync(&parser);
	pump();
	if (pn_proto_parser_partial(&parser))
		pn_loop_arm(&stall, pn_now_ns() + STALL_NS);
}

static void on_port(struct pn_loop_source *source, uint32_t events)
{
	if (check_connected())
		pump();
}

static void on_retry(struct pn_loop_timer *timer)
{
	port.fd = pn_port_open(socket_path);
	if (port.fd < 0) {
		pn_loop_arm(&retry, pn_now_ns() + RETRY_NS);
		return;
	}
	port.ready = on_port;
	pn_loop_add(&port, EPOLLIN | EPOLLOUT | EPOLLET);
	on_port(&port, 0);
}

int pn_link_open(const char *socket, const struct pn_link_handlers *h)
{
	int r = pn_proto_parser_init(&parser);

	if (r < 0)
		return r;
	handlers = h;
	socket_path = socket;
	/* Not given to children: they have no use for it, and a copy would be made on the agent's next write to it. */
	queue = mmap(NULL, QUEUE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (queue == MAP_FAILED)
		return -errno;
	madvise(queue, QUEUE_SIZE, MADV_DONTFORK);
	retry.fire = on_retry;
	again.fire = on_again;
	stall.fire = on_stall;
	on_retry(&retry);
	return 0;
}
