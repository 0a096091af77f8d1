/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdbool.h>

/*
 * A headless Chromium with one page, for tests. Driven by the DevTools protocol over a pair of pipes (--remote-debugging-pipe): JSON messages that end
 * with a zero byte, on its descriptors 3 and 4. No port, no driver program, no package beside Chromium. Every wait has a deadline of 60 s.
 */
struct pn_browser;

/** struct pn_browser_news - what the page did by itself since it was opened */
struct pn_browser_news {
	unsigned int errors;   /* console errors, exceptions, violations of the policy */
	unsigned int requests; /* beside the page's own file and data: URLs */
	char *first;	       /* the first of them, for people; NULL when there is none */
};

/** pn_browser_find() - Chromium's program; NULL when there is none. g_free(). */
char *pn_browser_find(void);

/** pn_browser_open() - start it. Return: 0, or a negative errno when it does not answer. pn_browser_close() ends it, by its process id. */
int pn_browser_open(const char *program, struct pn_browser **ret_browser);
void pn_browser_close(struct pn_browser *browser);

/** pn_browser_call() - one method of the protocol, in the page. @params is stolen. Return: its result, json_decref(); NULL when it failed. */
json_t *pn_browser_call(struct pn_browser *browser, const char *method, json_t *params);

/** pn_browser_load() - open a page and wait until it has loaded; news start anew. Return: 0 or a negative errno. */
int pn_browser_load(struct pn_browser *browser, const char *url);

/** pn_browser_eval() - value of a JavaScript expression in the page; promises are awaited. json_decref(); NULL when it threw. */
json_t *pn_browser_eval(struct pn_browser *browser, const char *expression);

/** pn_browser_news() - what happened so far, after everything before it has been heard of. Borrowed. */
const struct pn_browser_news *pn_browser_news(struct pn_browser *browser);

/** pn_browser_save() - result of Page.captureScreenshot or Page.printToPDF to a file. @params is stolen. Return: size in bytes; 0 when it failed. */
size_t pn_browser_save(struct pn_browser *browser, const char *method, json_t *params, const char *path);
