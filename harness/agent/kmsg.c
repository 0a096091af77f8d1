/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's log, streamed. While the host does not read, the records stay in the kernel's buffer; what that overwrites is noticed by
 * the gap in the sequence numbers and told in a "dropped" event. Reading /dev/kmsg allocates nothing.
 */
#include "kmsg.h"

#include "agent.h"
#include "link.h"
#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#define RECORDS_A_TURN 32

static struct pn_loop_source source = {.fd = -1};
static struct pn_loop_timer again;
static int64_t from_seq;
static uint64_t next_seq;
static bool streaming;

static void tell_dropped(uint64_t records)
{
	pn_link_event(json_pack("{s:s,s:s,s:I}", "ev", "dropped", "what", "kmsg", "count", (json_int_t)records));
}

/* Return: false when there is nothing more for now. */
static bool send_one(void)
{
	static char raw[8192];
	struct pn_kmsg_record record;
	ssize_t n = read(source.fd, raw, sizeof(raw) - 1);

	if (n < 0)
		return errno == EPIPE || errno == EINTR; /* EPIPE: records were overwritten; the next read gives the oldest left */
	raw[n] = 0;
	if (pn_kmsg_parse(raw, &record) < 0)
		return n > 0;
	if (record.seq < (uint64_t)from_seq)
		return true;
	if (next_seq && record.seq > next_seq)
		tell_dropped(record.seq - next_seq);
	next_seq = record.seq + 1;
	pn_link_event(json_pack("{s:s,s:I,s:i,s:I,s:s}", "ev", "kmsg", "seq", (json_int_t)record.seq, "level", (int)record.level, "time_us",
				(json_int_t)record.time_us, "text", record.text));
	return true;
}

void pn_kmsg_pump(void)
{
	unsigned int sent = 0;

	while (streaming && pn_link_roomy()) {
		if (sent++ == RECORDS_A_TURN) {
			pn_loop_arm(&again, 0);
			return;
		}
		if (!send_one())
			return;
	}
}

static void on_again(struct pn_loop_timer *timer)
{
	pn_kmsg_pump();
}

static void on_ready(struct pn_loop_source *s, uint32_t events)
{
	pn_kmsg_pump();
}

int pn_kmsg_open(void)
{
	source.fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (source.fd < 0)
		return -errno;
	source.ready = on_ready;
	again.fire = on_again;
	/* Edge-triggered: while nobody wants the records they stay unread. */
	return pn_loop_add(&source, EPOLLIN | EPOLLET);
}

void pn_kmsg_start(int64_t seq)
{
	streaming = seq >= 0 && source.fd >= 0;
	from_seq = seq;
	next_seq = seq > 0 ? seq : 0;
	if (!streaming)
		return;
	lseek(source.fd, 0, SEEK_SET);
	pn_loop_arm(&again, 0);
}

void pn_kmsg_stop(void)
{
	streaming = false;
}
