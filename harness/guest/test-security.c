// SPDX-License-Identifier: GPL-2.0-only
/* What capabilities say of a libvirtd that guests can, or can't, run in. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "../base/diag.h"
#include "security.h"

#define HOST(models) "<capabilities><host><uuid>x</uuid>" models "</host><guest/></capabilities>"
#define MODEL(name, label) "<secmodel><model>" name "</model><doi>0</doi><baselabel type='kvm'>" label "</baselabel></secmodel>"

static void expect(const char *capabilities, uid_t uid, int err, const char *words)
{
	struct pn_diag diag = { 0 };

	assert_int_equal(pn_security_check(capabilities, uid, &diag), err);
	if (words)
		assert_non_null(strstr(diag.text, words));
}

static void test_fine(void **state)
{
	expect(HOST(""), 0, 0, NULL);
	expect(HOST(MODEL("none", "")), 0, 0, NULL);
	expect(HOST(MODEL("none", "") MODEL("dac", "+0:+0")), 0, 0, NULL);
	expect(HOST(MODEL("dac", "+1000:+100")), 1000, 0, NULL);
}

static void test_confined(void **state)
{
	expect(HOST(MODEL("apparmor", "")), 0, -EACCES, "security_driver = \"none\"");
	expect(HOST(MODEL("dac", "+0:+0") MODEL("selinux", "system_u:system_r:svirt_t:s0")), 0, -EACCES, "selinux");
	expect(HOST(MODEL("dac", "+64055:+64055")), 0, -EACCES, "runs QEMU as user 64055, not as 0");
}

static void test_not_xml(void **state)
{
	expect("", 0, -EPROTO, "not XML");
	expect("<capabilities>", 0, -EPROTO, "not XML");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fine),
		cmocka_unit_test(test_confined),
		cmocka_unit_test(test_not_xml),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
