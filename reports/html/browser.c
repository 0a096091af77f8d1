// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chromium over its debugging pipe. One thread: events that come in while an answer is awaited are judged at once, so after any call
 * everything that Chromium said before its answer has been heard.
 */
#include "browser.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../harness/base/fs.h"

#define DEADLINE_US (60 * G_USEC_PER_SEC)

struct pn_browser {
	pid_t pid;
	int in, out; /* our ends */
	char *profile;
	GByteArray *heard;
	json_int_t last_id;
	char *session; /* of the page */
	char *url;
	bool loaded;
	struct pn_browser_news news;
};

char *pn_browser_find(void)
{
	static const char *const names[] = {"chromium", "chromium-browser", "google-chrome", NULL};

	for (const char *const *name = names; *name; name++) {
		char *path = g_find_program_in_path(*name);

		if (path)
			return path;
	}
	return NULL;
}

/* in the child: the protocol's ends become 3 and 4, wherever they were */
static void become(const char *program, const char *profile, int commands, int answers)
{
	g_autofree char *dir = g_strdup_printf("--user-data-dir=%s", profile);
	int null = open("/dev/null", O_RDWR), high_commands = fcntl(commands, F_DUPFD, 10), high_answers = fcntl(answers, F_DUPFD, 10);

	setpgid(0, 0);
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	dup2(high_commands, 3);
	dup2(high_answers, 4);
	/* its sandbox needs a user that is not root; it only ever sees our own page */
	execl(program, program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
	      "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
	      "--remote-debugging-pipe", dir, "about:blank", NULL);
	_exit(127);
}

static void note_news(struct pn_browser *browser, unsigned int *counter, const json_t *what)
{
	(*counter)++;
	if (!browser->news.first) {
		char *text = json_dumps(what, JSON_COMPACT);

		browser->news.first = g_strdup(text);
		free(text);
	}
}

static const char *text_at(const json_t *object, const char *outer, const char *inner)
{
	return json_string_value(json_object_get(json_object_get(object, outer), inner)) ?: "";
}

static void hear_event(struct pn_browser *browser, const char *method, const json_t *params)
{
	if (!strcmp(method, "Page.loadEventFired"))
		browser->loaded = true;
	else if (!strcmp(method, "Runtime.exceptionThrown"))
		note_news(browser, &browser->news.errors, params);
	else if (!strcmp(method, "Log.entryAdded") && !strcmp(text_at(params, "entry", "level"), "error"))
		note_news(browser, &browser->news.errors, params);
	else if (!strcmp(method, "Runtime.consoleAPICalled") && !g_strcmp0(json_string_value(json_object_get(params, "type")), "error"))
		note_news(browser, &browser->news.errors, params);
	else if (!strcmp(method, "Network.requestWillBeSent") && g_strcmp0(text_at(params, "request", "url"), browser->url) &&
		 !g_str_has_prefix(text_at(params, "request", "url"), "data:"))
		note_news(browser, &browser->news.requests, params);
}

/* One message, or NULL: the pipe ended, or the deadline passed. */
static json_t *hear(struct pn_browser *browser, gint64 until_us)
{
	for (;;) {
		const guint8 *end = browser->heard->len ? memchr(browser->heard->data, 0, browser->heard->len) : NULL;
		struct pollfd ready = {.fd = browser->in, .events = POLLIN};
		gint64 left_us = until_us - g_get_monotonic_time();
		guint8 buf[65536];
		ssize_t n;

		if (end) {
			json_t *message = json_loads((const char *)browser->heard->data, 0, NULL);

			g_byte_array_remove_range(browser->heard, 0, (guint)(end - browser->heard->data) + 1);
			return message;
		}
		if (left_us <= 0 || poll(&ready, 1, (int)(left_us / 1000) + 1) <= 0)
			return NULL;
		n = read(browser->in, buf, sizeof(buf));
		if (n <= 0)
			return NULL;
		g_byte_array_append(browser->heard, buf, (guint)n);
	}
}

static bool say(struct pn_browser *browser, const char *method, json_t *params)
{
	json_t *message =
	    json_pack("{s:I, s:s, s:o}", "id", ++browser->last_id, "method", method, "params", params ? params : json_object());
	bool said = true;
	char *text;

	if (browser->session)
		json_object_set_new(message, "sessionId", json_string(browser->session));
	text = json_dumps(message, JSON_COMPACT);
	for (size_t done = 0, length = strlen(text) + 1; said && done < length;) {
		ssize_t n = write(browser->out, text + done, length - done);

		said = n > 0;
		done += n > 0 ? (size_t)n : 0;
	}
	free(text);
	json_decref(message);
	return said;
}

json_t *pn_browser_call(struct pn_browser *browser, const char *method, json_t *params)
{
	gint64 until_us = g_get_monotonic_time() + DEADLINE_US;
	json_t *message;

	if (!say(browser, method, params))
		return NULL;
	while ((message = hear(browser, until_us))) {
		const char *event = json_string_value(json_object_get(message, "method"));
		json_t *result = json_incref(json_object_get(message, "result"));
		bool mine = json_integer_value(json_object_get(message, "id")) == browser->last_id;

		if (event)
			hear_event(browser, event, json_object_get(message, "params"));
		json_decref(message);
		if (mine)
			return result;
		json_decref(result);
	}
	return NULL;
}

/* of the browser, without a session: make a page and attach to it */
static int attach(struct pn_browser *browser)
{
	static const char *const domains[] = {"Page.enable", "Runtime.enable", "Log.enable", "Network.enable", NULL};
	json_t *made = pn_browser_call(browser, "Target.createTarget", json_pack("{s:s}", "url", "about:blank")), *attached;
	const char *target = json_string_value(json_object_get(made, "targetId"));

	if (!target) {
		json_decref(made);
		return -EPROTO;
	}
	attached = pn_browser_call(browser, "Target.attachToTarget", json_pack("{s:s, s:b}", "targetId", target, "flatten", true));
	json_decref(made);
	browser->session = g_strdup(json_string_value(json_object_get(attached, "sessionId")));
	json_decref(attached);
	for (const char *const *domain = domains; browser->session && *domain; domain++)
		json_decref(pn_browser_call(browser, *domain, NULL));
	return browser->session ? 0 : -EPROTO;
}

int pn_browser_open(const char *program, struct pn_browser **ret_browser)
{
	struct pn_browser *browser = g_new0(struct pn_browser, 1);
	int commands[2], answers[2], err;

	if (pipe2(commands, O_CLOEXEC) || pipe2(answers, O_CLOEXEC))
		g_error("pipe2: %s", g_strerror(errno));
	signal(SIGPIPE, SIG_IGN);
	browser->profile = g_dir_make_tmp("puncture-browser-XXXXXX", NULL);
	browser->heard = g_byte_array_new();
	browser->pid = fork();
	if (!browser->pid)
		become(program, browser->profile, commands[0], answers[1]);
	close(commands[0]);
	close(answers[1]);
	browser->out = commands[1];
	browser->in = answers[0];
	err = attach(browser);
	if (err)
		pn_browser_close(browser);
	else
		*ret_browser = browser;
	return err;
}

void pn_browser_close(struct pn_browser *browser)
{
	if (!browser)
		return;
	close(browser->out);
	close(browser->in);
	/* its process group is its own: helpers of Chromium end too */
	kill(-browser->pid, SIGKILL);
	waitpid(browser->pid, NULL, 0);
	pn_fs_remove_tree(browser->profile, NULL);
	g_byte_array_unref(browser->heard);
	g_free(browser->profile);
	g_free(browser->session);
	g_free(browser->url);
	g_free(browser->news.first);
	g_free(browser);
}

int pn_browser_load(struct pn_browser *browser, const char *url)
{
	gint64 until_us = g_get_monotonic_time() + DEADLINE_US;

	g_free(browser->url);
	g_free(browser->news.first);
	browser->url = g_strdup(url);
	browser->news = (struct pn_browser_news){0};
	browser->loaded = false;
	json_decref(pn_browser_call(browser, "Page.navigate", json_pack("{s:s}", "url", url)));
	while (!browser->loaded) {
		json_t *message = hear(browser, until_us);

		if (!message)
			return -ETIMEDOUT;
		hear_event(browser, json_string_value(json_object_get(message, "method")) ?: "", json_object_get(message, "params"));
		json_decref(message);
	}
	return 0;
}

json_t *pn_browser_eval(struct pn_browser *browser, const char *expression)
{
	json_t *answer =
	    pn_browser_call(browser, "Runtime.evaluate",
			    json_pack("{s:s, s:b, s:b}", "expression", expression, "returnByValue", true, "awaitPromise", true));
	json_t *value = json_object_get(answer, "exceptionDetails") ? NULL : json_object_get(json_object_get(answer, "result"), "value");

	json_incref(value);
	json_decref(answer);
	return value;
}

const struct pn_browser_news *pn_browser_news(struct pn_browser *browser)
{
	/* a picture needs a frame, with scripts or without: what the page started has been told by then */
	json_decref(
	    pn_browser_call(browser, "Page.captureScreenshot",
			    json_pack("{s:{s:i, s:i, s:i, s:i, s:i}}", "clip", "x", 0, "y", 0, "width", 8, "height", 8, "scale", 1)));
	return &browser->news;
}

size_t pn_browser_save(struct pn_browser *browser, const char *method, json_t *params, const char *path)
{
	json_t *answer = pn_browser_call(browser, method, params);
	const char *base64 = json_string_value(json_object_get(answer, "data"));
	gsize length = 0;
	g_autofree guchar *data = base64 ? g_base64_decode(base64, &length) : NULL;

	if (data && pn_fs_write(path, data, length, NULL))
		length = 0;
	json_decref(answer);
	return length;
}
