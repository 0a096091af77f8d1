/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stddef.h>

/**
 * pn_knee() - where a curve turns from cheap to dear: the point farthest below the line between its ends, both axes scaled to 1 (Satopaa et al. 2011)
 * @x: rising
 * @y: of the same length
 *
 * Return: index; -1 when there are fewer than four points, or no point lies below that line by a tenth (the curve has no knee).
 */
int pn_knee(const double *x, const double *y, size_t n);
