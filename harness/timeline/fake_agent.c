// SPDX-License-Identifier: GPL-2.0-only
/* The agent of the guest of fake.h: what it is asked, and what it answers. */
#include "fake_private.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/units.h"

static json_t *load_list(void)
{
	if (!fake.load_id)
		return json_pack("{s:[]}", "loads");
	return json_pack("{s:[{s:s,s:i,s:b,s:b,s:I}]}", "loads", "id", fake.load_id, "pid", 7, "running", fake.load_running, "oom_killed",
			 fake.load_oom_killed, "cpu_ns", (json_int_t)(fake.load_ready ? 1000 * PN_NS_PER_MS : 0));
}

static json_t *op_bound(const json_t *request)
{
	return json_pack("{s:b,s:s,s:s,s:i}", "bound", fake.bound, "driver", fake.bound ? "vballoon" : "", "device", "virtio2", "status",
			 fake.bound ? 15 : 1);
}

void fake_struck(void)
{
	if (fake.struck_speed_bytes_per_s)
		fake.speed_bytes_per_s = fake.struck_speed_bytes_per_s;
}

static json_t *op_unbind(const json_t *request)
{
	fake_struck();
	fake.bound = false;
	fake.bytes = 0;
	return json_object();
}

static json_t *op_bind(const json_t *request)
{
	bool has_all = true;

	for (unsigned int i = 0; i < fake.probe_allocations && has_all; i++)
		has_all = fake_allocate();
	fake.bound = has_all;
	if (!has_all && fake.probe_never_again)
		fake.refuse = "driver.bind";
	return json_object();
}

/* This guest has no disks. */
static json_t *op_read(const json_t *request)
{
	const char *path = json_string_value(json_object_get(request, "path"));
	g_autofree char *boot_id = g_strdup_printf("boot-%u\n", fake.boots), *knob = NULL;

	if (path && fake_injection_read(path, &knob))
		return json_pack("{s:s}", "text", knob);
	return json_pack("{s:s}", "text", is(path, "/proc/sys/kernel/random/boot_id") ? boot_id : "");
}

static json_t *op_write(const json_t *request)
{
	assert_true(fake_injection_write(json_string_value(json_object_get(request, "path")), json_string_value(json_object_get(request, "text"))));
	return json_object();
}

static json_t *op_symbols(const json_t *request)
{
	const char *name = json_string_value(json_array_get(json_object_get(request, "names"), 0));

	return json_pack("{s:{s:[{s:s,s:s}]}}", "symbols", name, "address", "0xffffffff81000000", "end", "0xffffffff81000100");
}

static json_t *op_list(const json_t *request)
{
	return load_list();
}

static json_t *op_start(const json_t *request)
{
	g_free(fake.load_id);
	fake.load_id = g_strdup(json_string_value(json_object_get(request, "id")));
	fake.load_running = true;
	fake.oom_kills += fake.load_kills;
	return json_pack("{s:i}", "pid", 7);
}

static json_t *op_stop(const json_t *request)
{
	fake.load_running = false;
	return json_pack("{s:i}", "exit_code", fake.load_exit_code);
}

static json_t *op_sample(const json_t *request)
{
	return json_pack("{s:i}", "vm.oom_kill", (int)fake.oom_kills);
}

static json_t *op_fetch(const json_t *request)
{
	const char *to = json_string_value(json_object_get(request, "to"));
	const char *stream = json_string_value(json_object_get(request, "stream"));
	const char *text = !stream ? fake.load_file : strcmp(stream, "stdout") == 0 ? fake.load_stdout : "its last words\n";
	size_t offset = (size_t)json_integer_value(json_object_get(request, "offset")), len = text ? strlen(text) : 0, piece;

	/* In small pieces, as the agent does it with larger ones. */
	assert_non_null(to);
	assert_true(offset <= len);
	piece = MIN(len - offset, 1000);
	assert_int_equal(pn_fs_write(to, text ? text + offset : "", piece, NULL), 0);
	return json_pack("{s:I,s:b}", "size", (json_int_t)piece, "eof", offset + piece == len);
}

static json_t *op_run(const json_t *request)
{
	fake.own_ns += (uint64_t)json_integer_value(json_object_get(request, "for_ns"));
	fake_move();
	return json_object();
}

static json_t *op_lifecycle(const json_t *request)
{
	fake.crashed = is(json_string_value(json_object_get(request, "do")), "panic");
	fake.asleep = is(json_string_value(json_object_get(request, "do")), "suspend");
	return json_object();
}

static json_t *op_nothing(const json_t *request)
{
	return json_object();
}

static const struct {
	const char *op;
	bool quiet; /* changes nothing: not logged */
	json_t *(*run)(const json_t *request);
} ops[] = {
	{"driver.bound", true, op_bound}, {"driver.unbind", false, op_unbind}, {"driver.bind", false, op_bind},
	{"module.load", false, op_bind},  {"module.unload", false, op_unbind}, {"read", true, op_read},
	{"write", true, op_write},
	{"symbols", true, op_symbols},
	{"load.list", true, op_list},	  {"load.start", false, op_start},     {"load.stop", false, op_stop},
	{"load.output", true, op_fetch},  {"get", true, op_fetch},	       {"sample", true, op_sample},
	{"load.signal", false, op_nothing}, {"clock", true, op_nothing},
	{"lifecycle", false, op_lifecycle}, {"run", true, op_run},
};

int fake_agent(const json_t *request, json_t **ret_reply, struct pn_diag *diag)
{
	const char *op = json_string_value(json_object_get(request, "op"));

	for (unsigned int i = 0; i < G_N_ELEMENTS(ops); i++) {
		json_t *reply;

		if (!is(op, ops[i].op))
			continue;
		if (!ops[i].quiet)
			g_string_append_printf(fake.log, "%s ", op);
		if (is(fake.refuse, op))
			return pn_diag_set(diag, -EREMOTEIO, "%s refused", op);
		if (is(fake.boots_at, op)) {
			fake.boots_at = NULL;
			fake.load_running = false;
			g_clear_pointer(&fake.load_id, g_free);
			return pn_diag_set(diag, -ECONNRESET, "the guest has booted again");
		}
		reply = is(fake.drop, op) ? json_object() : ops[i].run(request);
		if (ret_reply)
			*ret_reply = reply;
		else
			json_decref(reply);
		return 0;
	}
	return pn_diag_set(diag, -EREMOTEIO, "no operation '%s'", op);
}
