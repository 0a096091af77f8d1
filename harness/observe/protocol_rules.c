// SPDX-License-Identifier: GPL-2.0-only
/*
 * The requirements on drivers: virtio 1.2, section 5.5 "Traditional Memory Balloon Device" (driver requirements, in the order of the text), then
 * those of sections 2 and 3 that a balloon driver is known to break, 48 to 53.
 */

#include "protocol.h"

#include <string.h>

#define CHECK(words) { PN_RULE_CHECKED, words, NULL }
#define CHECK_SO(words, reading) { PN_RULE_CHECKED, words, reading }
#define MAY(words) { PN_RULE_MAY, words, NULL }
#define UNSEEN(words, reason) { PN_RULE_UNSEEN, words, reason }

#define OWN_USE "what the guest does with its own pages does not pass through a queue"
#define X86 "an x86 guest is little-endian: the two readings are the same bytes"

const struct pn_rule pn_protocol_rules[PN_PROTOCOL_RULES] = {
	CHECK_SO("SHOULD accept MUST_TELL_HOST", "needs a device that offers it"),
	CHECK_SO("SHOULD clear PAGE_POISON unless deflated pages are filled with poison_val at once",
		 "broken: accepted in a guest whose free pages keep no value"),
	CHECK_SO("MUST NOT accept PAGE_REPORTING without PAGE_POISON where pages are expected to keep a value",
		 "needs a guest with init_on_free or page_poison and a device without PAGE_POISON"),
	CHECK("SHOULD supply pages when num_pages is above the balloon's size"),
	MAY("MAY use balloon pages when num_pages is below the size"),
	MAY("MAY supply pages when num_pages is at least the size"),
	CHECK_SO("without DEFLATE_ON_OOM: MUST NOT use balloon pages when num_pages is at or above the size",
		 "read as: never below the target (specification issue 228); going away is no breach"),
	MAY("with DEFLATE_ON_OOM: MAY use them if required for stability"),
	CHECK("MUST use deflateq to tell the device of pages it wants back"),
	UNSEEN("with MUST_TELL_HOST: MUST NOT use them until the deflate is acknowledged", OWN_USE),
	MAY("otherwise MAY use them before the acknowledgement"),
	CHECK_SO("MUST NOT use a page between adding it to the balloon and the acknowledgement",
		 "broken: the page is in another request meanwhile; other use does not pass through a queue"),
	CHECK("MUST NOT request deflation of a page before its inflation was acknowledged"),
	CHECK_SO("MUST update actual after the size has changed", "looked at when all is at rest, before a new target, and in the end"),
	MAY("MAY update it once after several operations"),
	UNSEEN("legacy: SHOULD ignore the used length", "nothing else can be seen to be done with it"),
	CHECK_SO("legacy: MUST write all 4 bytes of actual in one access", "needs a legacy device"),
	UNSEEN("legacy: configuration stays little-endian", X86),
	CHECK("statistics: at most one buffer available at all times"),
	CHECK("statistics: MUST make a buffer available after initialisation"),
	CHECK("statistics: MUST make one available after each used buffer"),
	CHECK("statistics: MUST initialise it, one entry for each supported statistic"),
	CHECK_SO("statistics: size MUST be a multiple of 6", "entries are of 10 bytes: 9 or 12 of them satisfy both the text and its intent"),
	MAY("statistics: MAY use any order of tags"),
	MAY("statistics: MAY send a subset"),
	CHECK("statistics: MUST send the same subset every time"),
	UNSEEN("legacy statistics: guest-native endian", X86),
	CHECK("hints: output buffers MUST be of 4 bytes"),
	CHECK("hints: MUST start with the current command id"),
	CHECK("hints: MUST NOT send more than one output buffer with the current id"),
	CHECK("hints: SHOULD hint while the id is at least 2"),
	CHECK("hints: SHOULD stop on STOP or DONE"),
	CHECK("hints: MUST finish with the STOP id when it can supply no more"),
	MAY("hints: MAY release hinted pages early"),
	UNSEEN("hints: MUST treat hinted pages as uninitialised", OWN_USE),
	UNSEEN("hints: MUST initialise pages released before DONE", OWN_USE),
	UNSEEN("hints: SHOULD release all pages on DONE", "no queue says so; pages kept are missed by the ledger at rest"),
	UNSEEN("legacy: endianness of the command id", X86),
	UNSEEN("poison: MUST fill deflated pages with poison_val on reuse", "it may be done after the device was told; the integrity oracle reads such pages"),
	CHECK("poison: MUST set poison_val before DRIVER_OK"),
	CHECK("poison: MUST NOT change it while DRIVER_OK is set"),
	UNSEEN("reporting without poison: MUST treat reported pages as uninitialised", OWN_USE),
	CHECK("reporting with poison: MUST fill pages with poison_val before it reports them"),
	CHECK_SO("MUST NOT use reported pages before the acknowledgement",
		 "broken: the page is in another request meanwhile; other use does not pass through a queue"),
	MAY("MAY report at any time after DRIVER_OK"),
	CHECK_SO("SHOULD report large pages", "broken: a range of one base page or less"),
	UNSEEN("SHOULD avoid touching reported pages", OWN_USE),
	CHECK("MUST NOT notify of available buffers before DRIVER_OK"),
	CHECK("a chain MUST NOT be longer than the queue, indirect or not"),
	CHECK("the buffers of a chain MUST NOT add up to more than 2^32 bytes"),
	CHECK("MUST NOT set INDIRECT inside an indirect table, nor together with NEXT"),
	CHECK_SO("MUST handle spurious notifications", "needs a case that raises some"),
	CHECK_SO("MUST NOT decrement the available index", "split queues: a packed one has no index"),
};

/* Deviations that are no news. A driver that stops deviating is told by the conformance suite. */
static const struct {
	const char *driver; /* NULL: any */
	unsigned int rule;
	const char *why;
} known[] = {
	{ "stock", 23, "Linux sends 10 entries of 10 bytes, and 100 is no multiple of 6" },
	{ "stock", 40, "Linux writes poison_val in probe only, not after a reset" },
	{ "stock", 43, "follows from 40: after a reset poison_val is 0, and Linux fills pages with what it was before" },
	{ "stock", 48, "Linux fills and kicks the statistics queue before it sets DRIVER_OK" },
	{ NULL, 17, "Linux's legacy PCI transport writes the configuration byte by byte; a driver has no say in it" },
};

bool pn_protocol_is_must(unsigned int rule)
{
	return strstr(pn_protocol_rules[rule - 1].text, "SHOULD") == NULL;
}

const char *pn_protocol_known(const char *driver, unsigned int rule)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].rule == rule && (!known[i].driver || (driver && !strcmp(known[i].driver, driver))))
			return known[i].why;
	}
	return NULL;
}
