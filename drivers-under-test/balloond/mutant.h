/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Planted defects, for testing the tests: one a build, -DPB_MUTANT_NAME. A hook is a condition PB_MUTANT(NAME) at the place where the defect lives, a
 * constant 0 in the real policy. What each one is, and what must notice it: drivers-under-test/mutants/mutants.yaml.
 */
#define PB_MUTANT(name) PB_IS_DEFINED(PB_MUTANT_##name)

/* 1 when the argument is a macro defined as 1, else 0: the kernel's trick (include/linux/kconfig.h). */
#define PB_PLACEHOLDER_1 0,
#define PB_SECOND(ignored, value, ...) value
#define PB_IS_DEFINED(x) PB_IS_DEFINED_(x)
#define PB_IS_DEFINED_(x) PB_IS_DEFINED__(PB_PLACEHOLDER_##x)
#define PB_IS_DEFINED__(junk) PB_SECOND(junk 1, 0, 0)
