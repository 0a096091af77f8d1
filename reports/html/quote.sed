# SPDX-License-Identifier: GPL-2.0-only
# A text file as a C string literal, a line each. A comment line of the source is not for the page's reader.
s/\\/\\\\/g
s/"/\\"/g
s/^[[:blank:]]*//
/^\/\/ /d
s/^/"/
s/$/\\n"/
