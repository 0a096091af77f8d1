// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module's functions: names and sizes from its file, places from where the guest's kernel says that its sections are. Cheaper than the kernel's
 * own list of symbols, of which the guest would have to print all, and it has sizes.
 */

#include "symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "../base/diag.h"

static gint by_offset(gconstpointer a, gconstpointer b)
{
	const struct pn_symbol *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static void clear_symbol(void *data)
{
	g_free(((struct pn_symbol *)data)->name);
}

/* Where the guest has a section; 0: nowhere. */
static uint64_t place_of(Elf *elf, size_t names, size_t index, const json_t *sections)
{
	Elf_Scn *section = elf_getscn(elf, index);
	GElf_Shdr header;
	const char *name, *text;

	if (!section || !gelf_getshdr(section, &header))
		return 0;
	name = elf_strptr(elf, names, header.sh_name);
	text = name ? json_string_value(json_object_get(sections, name)) : NULL;
	return text ? g_ascii_strtoull(text, NULL, 0) : 0;
}

struct reading {
	Elf *elf;
	size_t names; /* section of the sections' names */
	const json_t *sections;
	uint64_t base, size;
	GArray *symbols;
};

static void take(struct reading *reading, const GElf_Sym *symbol, const char *name)
{
	uint64_t place;
	struct pn_symbol found;

	if (GELF_ST_TYPE(symbol->st_info) != STT_FUNC || symbol->st_size == 0 || symbol->st_shndx == SHN_UNDEF ||
	    symbol->st_shndx >= SHN_LORESERVE || !name || !*name)
		return;
	place = place_of(reading->elf, reading->names, symbol->st_shndx, reading->sections);
	if (!place || place + symbol->st_value - reading->base >= reading->size)
		return;
	found = (struct pn_symbol){.name = g_strdup(name), .offset = place + symbol->st_value - reading->base, .bytes = symbol->st_size};
	g_array_append_val(reading->symbols, found);
}

static bool read_table(struct reading *reading)
{
	Elf_Scn *section = NULL;
	bool any = false;

	while ((section = elf_nextscn(reading->elf, section))) {
		GElf_Shdr header;
		Elf_Data *data;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_SYMTAB || !header.sh_entsize || !(data = elf_getdata(section, NULL)))
			continue;
		any = true;
		for (int i = 0; (uint64_t)i < header.sh_size / header.sh_entsize; i++) {
			GElf_Sym symbol;

			if (gelf_getsym(data, i, &symbol))
				take(reading, &symbol, elf_strptr(reading->elf, header.sh_link, symbol.st_name));
		}
	}
	return any;
}

int pn_symbols_read(const char *path, const json_t *sections, uint64_t base, uint64_t size, GArray **ret_symbols, struct pn_diag *diag)
{
	struct reading reading = {.sections = sections, .base = base, .size = size};
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return pn_diag_set(diag, -errno, "%s: %s", path, g_strerror(errno));
	elf_version(EV_CURRENT);
	reading.elf = elf_begin(fd, ELF_C_READ, NULL);
	reading.symbols = g_array_new(FALSE, FALSE, sizeof(struct pn_symbol));
	g_array_set_clear_func(reading.symbols, clear_symbol);
	if (!reading.elf || elf_kind(reading.elf) != ELF_K_ELF || elf_getshdrstrndx(reading.elf, &reading.names) < 0 || !read_table(&reading))
		err = pn_diag_set(diag, -ENOEXEC, "%s: not a module with a table of symbols", path);
	elf_end(reading.elf);
	close(fd);
	if (err) {
		g_array_unref(reading.symbols);
		return err;
	}
	g_array_sort(reading.symbols, by_offset);
	*ret_symbols = reading.symbols;
	return 0;
}

/* NAME.isra.0 and the like, but not NAME.cold: that is no function of its own. */
static bool is_variant(const char *symbol, const char *name)
{
	size_t length = strlen(name);

	return strncmp(symbol, name, length) == 0 && symbol[length] == '.' && !g_str_has_suffix(symbol, ".cold");
}

unsigned int pn_symbols_find(const GArray *symbols, const char *name, struct pn_range *ret_range)
{
	const struct pn_symbol *found = NULL;
	struct pn_range range = {0};
	g_autofree char *cold = NULL;
	unsigned int count = 0;

	for (unsigned int variants = 0; variants < 2 && !count; variants++) {
		for (guint i = 0; i < symbols->len; i++) {
			const struct pn_symbol *symbol = &g_array_index(symbols, struct pn_symbol, i);

			if (variants ? !is_variant(symbol->name, name) : strcmp(symbol->name, name) != 0)
				continue;
			found = symbol;
			count++;
		}
	}
	if (count != 1)
		return count;
	range.from = found->offset;
	range.to = found->offset + found->bytes;
	cold = g_strconcat(found->name, ".cold", NULL);
	for (guint i = 0; i < symbols->len; i++) {
		const struct pn_symbol *symbol = &g_array_index(symbols, struct pn_symbol, i);

		if (strcmp(symbol->name, cold) == 0) {
			range.cold_from = symbol->offset;
			range.cold_to = symbol->offset + symbol->bytes;
		}
	}
	*ret_range = range;
	return 1;
}
