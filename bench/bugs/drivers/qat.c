/*
 * An accelerator function in the manner of linux drivers/crypto/intel/qat/qat_common/
 * adf_mstate_mgr.c: an image of 4096 bytes with two blobs of nested, named sections, one that says
 * what the source can do and one with its state.
 *
 * Sound, it judges the first blob as soon as it is there and remembers what was wrong with it, reads
 * every section within its parent, compares the pointers of every ring with its size, and applies
 * nothing before both blobs were read to the end.
 */
#include "../bugs.h"
#include "../bytes.h"
#include "part.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vstate_harness.h"

#define IMAGE 4096
#define PREAMBLE 16
#define MAGIC 0xadf5caeau
#define SECTION 16
#define ID 8
#define BANKS 4
#define BANK 472
#define SLA 24
#define SLAS 4
#define MISC 6
/* Sections inside sections that are not known. */
#define DEEPEST 16

/* Offsets in the registers of a bank. */
#define EXCEPTIONS 72
#define RING 88
#define RING_SIZE 24
#define RING_CONFIG 8
#define RING_HEAD 12
#define RING_TAIL 16
#define ENTRIES 256

/* What this device can do. */
#define GENCAP 0xfffffu
#define SVCMAP 0x249u
#define EXTDC 1u

enum parent { SETUP, STATE, CONFIG, GENER, MISCBAR, ETRBAR, BNK, UNKNOWN };
enum leaf {
	GENCAP_LEAF, SVCMAP_LEAF, EXTDC_LEAF, IOVINIT, COMPVER, SLA_LEAF, REGISTER, MREGS, NO_LEAF,
};

struct known {
	enum parent parent;
	char id[ID + 1];
	/* For a section with subsections: what they are looked up in. */
	enum parent inside;
	/* For one with a value: which, and its size; 0 for any. */
	enum leaf leaf;
	uint32_t size;
};

static const struct known known_sections[] = {
	{ SETUP, "CONFIG", CONFIG, NO_LEAF, 0 },
	{ CONFIG, "gencap", UNKNOWN, GENCAP_LEAF, 4 },
	{ CONFIG, "svcmap", UNKNOWN, SVCMAP_LEAF, 2 },
	{ CONFIG, "extdc", UNKNOWN, EXTDC_LEAF, 4 },
	{ STATE, "GENER", GENER, NO_LEAF, 0 },
	{ STATE, "MISCBAR", MISCBAR, NO_LEAF, 0 },
	{ STATE, "ETRBAR", ETRBAR, NO_LEAF, 0 },
	{ GENER, "iovinit", UNKNOWN, IOVINIT, 1 },
	{ GENER, "compver", UNKNOWN, COMPVER, 1 },
	{ GENER, "sla", UNKNOWN, SLA_LEAF, 0 },
	{ MISCBAR, "visrc", UNKNOWN, REGISTER, 4 },
	{ MISCBAR, "vimsk", UNKNOWN, REGISTER, 4 },
	{ MISCBAR, "vispv", UNKNOWN, REGISTER, 4 },
	{ MISCBAR, "vimpv", UNKNOWN, REGISTER, 4 },
	{ MISCBAR, "pf2vm", UNKNOWN, REGISTER, 4 },
	{ MISCBAR, "vm2pf", UNKNOWN, REGISTER, 4 },
	{ ETRBAR, "bnk0", BNK, NO_LEAF, 0 },
	{ ETRBAR, "bnk1", BNK, NO_LEAF, 0 },
	{ ETRBAR, "bnk2", BNK, NO_LEAF, 0 },
	{ ETRBAR, "bnk3", BNK, NO_LEAF, 0 },
	{ BNK, "mregs", UNKNOWN, MREGS, BANK },
};

#define KNOWN (sizeof(known_sections) / sizeof(known_sections[0]))
#define FIRST_REGISTER 10
#define FIRST_BANK 16

struct values {
	uint32_t gencap;
	uint16_t svcmap;
	uint32_t extdc;
	unsigned char iovinit;
	unsigned char compver;
	struct part slas;
	uint32_t misc[MISC];
	unsigned char *bank[BANKS];
};

struct section {
	const unsigned char *id;
	uint32_t size;
	uint32_t sub_sects;
	const unsigned char *data;
};

struct blob {
	const unsigned char *end;
	uint32_t version;
	/* The bank whose registers come next. */
	int bank;
};

struct qat {
	struct values live;
	struct values staged;
	unsigned char *sla_table;
	unsigned int *ring;
	unsigned char sink;
	/* The session. */
	bool resuming;
	bool failed;
	bool examined;
	/* What only the bugs let happen. */
	bool bank_missing;
	bool applied;
	size_t filled;
	size_t setup_size;
	unsigned char *image;
	/* The image that was restored last, and the one before it. */
	unsigned char *newest;
	unsigned char *older;
};

static void drop_values(struct values *values)
{
	part_drop(&values->slas);
	for (int bank = 0; bank < BANKS; bank++)
		free(values->bank[bank]);
	memset(values, 0, sizeof(*values));
}

/* A function that no driver has used. */
static int qat_reset(void *device)
{
	struct qat *qat = device;

	drop_values(&qat->live);
	drop_values(&qat->staged);
	qat->live.gencap = GENCAP;
	qat->live.svcmap = SVCMAP;
	qat->live.extdc = EXTDC;
	for (int bank = 0; bank < BANKS; bank++) {
		qat->live.bank[bank] = calloc(1, BANK);
		if (qat->live.bank[bank] == NULL)
			return -ENOMEM;
	}
	qat->resuming = false;
	return 0;
}

static void qat_close(void *device)
{
	struct qat *qat = device;

	drop_values(&qat->live);
	drop_values(&qat->staged);
	free(qat->sla_table);
	free(qat->ring);
	free(qat->image);
	free(qat->newest);
	free(qat->older);
	free(qat);
}

static void *qat_open(void)
{
	struct qat *qat;

	bugs_begin();
	qat = calloc(1, sizeof(*qat));
	if (qat == NULL)
		return NULL;
	qat->sla_table = calloc(SLAS, SLA);
	qat->ring = calloc(ENTRIES, sizeof(*qat->ring));
	qat->image = calloc(1, IMAGE);
	qat->newest = calloc(1, IMAGE);
	qat->older = calloc(1, IMAGE);
	if (qat->sla_table == NULL || qat->ring == NULL || qat->image == NULL ||
	    qat->newest == NULL || qat->older == NULL || qat_reset(qat) < 0) {
		qat_close(qat);
		return NULL;
	}
	return qat;
}

static int qat_begin(void *device)
{
	struct qat *qat = device;

	qat->resuming = true;
	qat->failed = false;
	qat->examined = false;
	qat->bank_missing = false;
	qat->applied = false;
	qat->filled = 0;
	qat->setup_size = 0;
	if (!BUG(QAT_SHORT_TAKEN))
		memset(qat->image, 0, IMAGE);
	drop_values(&qat->staged);
	return 0;
}

static bool printable(const unsigned char *id)
{
	bool ended = false;

	for (int index = 0; index < ID; index++) {
		if (id[index] == 0)
			ended = true;
		else if (ended || id[index] < 0x20 || id[index] > 0x7e)
			return false;
	}
	return true;
}

/* The header of the section at an offset; with a bug its end is computed in 32 bits. */
static int section_at(struct qat *qat, const unsigned char *at, const unsigned char *end,
		      struct section *section)
{
	size_t left = (size_t)(end - at);
	uint32_t offset;
	uint32_t behind;
	bool wraps;

	if (left < SECTION)
		return -EINVAL;
	section->id = at;
	section->size = le32(at + 8);
	section->sub_sects = le32(at + 12);
	section->data = at + SECTION;
	offset = (uint32_t)(at + SECTION - qat->image);
	behind = offset + section->size;
	wraps = behind < offset;
	CANARY(QAT_SECTION_WRAPS, wraps);
	if (BUG(QAT_SECTION_WRAPS) && wraps)
		for (uint32_t index = 0; index < section->size; index++)
			qat->sink ^= section->data[index];
	if (section->size > left - SECTION)
		return -EINVAL;
	return printable(at) ? 0 : -EINVAL;
}

static bool same_id(const unsigned char *one, const unsigned char *other)
{
	return memcmp(one, other, ID) == 0;
}

static int find(enum parent parent, const unsigned char *id)
{
	for (size_t index = 0; index < KNOWN; index++) {
		const struct known *known = &known_sections[index];

		if (known->parent == parent && memcmp(known->id, id, ID) == 0)
			return (int)index;
	}
	return -1;
}

static int take_slas(struct qat *qat, const struct blob *blob, const struct section *section)
{
	size_t count = section->size / SLA;
	bool old = blob->version == 0 && count > 0;

	if (section->size % SLA != 0)
		return -EINVAL;
	for (size_t index = 0; index < count; index++)
		if (!all_zero(section->data + SLA * index + 4, 4))
			return -EINVAL;
	CANARY(QAT_SLA_TABLE, count > SLAS);
	if (count <= SLAS || BUG(QAT_SLA_TABLE))
		memcpy(qat->sla_table, section->data, section->size);
	/* Entries of version 0 had eight bytes more. */
	CANARY(QAT_OLD_VERSION, old);
	if (BUG(QAT_OLD_VERSION) && old) {
		struct part copy = { 0 };

		if (part_add(&copy, section->data, section->size))
			for (size_t index = 0; index < count * (SLA + 8); index++)
				qat->sink ^= copy.data[index];
		part_drop(&copy);
	}
	return part_add(&qat->staged.slas, section->data, section->size) ? 0 : -ENOMEM;
}

/* A ring of 64 << code bytes, by the codes that drivers write. */
static bool sound_ring(const unsigned char *ring)
{
	uint32_t code = le32(ring + RING_CONFIG) & 0x1f;
	uint32_t size = 64u << code;

	if (code == 0 || code > 16)
		return true;
	return (le32(ring + RING_HEAD) < size || BUG(QAT_RING_HEAD)) && le32(ring + RING_TAIL) < size;
}

/* A bank with a pending exception cannot be restored in full. */
static bool sound_bank(const unsigned char *bank)
{
	return le32(bank + EXCEPTIONS) == 0 && sound_ring(bank + RING) &&
	       sound_ring(bank + RING + RING_SIZE);
}

static int take_bank(struct qat *qat, const struct blob *blob, const struct section *section)
{
	struct part copy = { 0 };
	unsigned char *bank;
	unsigned char *before;
	size_t size = BANK;

	CANARY(QAT_BANK_SHORT, section->size < BANK);
	CANARY(QAT_BANK_LONG, section->size > BANK);
	if (section->size < BANK && !BUG(QAT_BANK_SHORT))
		return -EINVAL;
	if (section->size > BANK && !BUG(QAT_BANK_LONG))
		return -EINVAL;
	if (section->size == BANK && !sound_bank(section->data))
		return -EINVAL;
	bank = malloc(BANK);
	if (bank == NULL || !part_add(&copy, section->data, section->size)) {
		free(bank);
		return -ENOMEM;
	}
	if (section->size == 0) {
		copy.data = malloc(1);
		size = copy.data == NULL ? 0 : BANK;
	}
	part_fit(&copy);
	memcpy(bank, copy.data, section->size > BANK ? section->size : size);
	part_drop(&copy);
	before = qat->staged.bank[blob->bank];
	CANARY(QAT_BANK_AGAIN, before != NULL);
	if (before != NULL) {
		/* Only with the bug: the registers go where those of the first section are, which is freed. */
		memcpy(before, bank, BANK);
		free(bank);
		free(before);
		return 0;
	}
	qat->staged.bank[blob->bank] = bank;
	return 0;
}

static int take_leaf(struct qat *qat, const struct blob *blob, int index,
		     const struct section *section)
{
	const struct known *known = &known_sections[index];
	struct values *staged = &qat->staged;

	if (section->sub_sects != 0)
		return -EINVAL;
	if (known->leaf != MREGS && known->size != 0 && section->size != known->size)
		return -EINVAL;
	switch (known->leaf) {
	case GENCAP_LEAF:
		staged->gencap = le32(section->data);
		return (staged->gencap & ~GENCAP) == 0 ? 0 : -EINVAL;
	case SVCMAP_LEAF:
		staged->svcmap = le16(section->data);
		return staged->svcmap == SVCMAP ? 0 : -EINVAL;
	case EXTDC_LEAF:
		staged->extdc = le32(section->data);
		return (staged->extdc & ~EXTDC) == 0 ? 0 : -EINVAL;
	case IOVINIT:
		staged->iovinit = section->data[0];
		return staged->iovinit <= 1 ? 0 : -EINVAL;
	case COMPVER:
		staged->compver = section->data[0];
		return 0;
	case SLA_LEAF:
		return take_slas(qat, blob, section);
	case REGISTER:
		staged->misc[index - FIRST_REGISTER] = le32(section->data);
		if (BUG(QAT_HALF_APPLIED)) {
			uint32_t *live = &qat->live.misc[index - FIRST_REGISTER];

			qat->applied |= *live != le32(section->data);
			*live = le32(section->data);
		}
		return 0;
	default:
		return take_bank(qat, blob, section);
	}
}

/* Which sections of a parent must be there, one bit for each place in the table. */
static uint32_t required(enum parent parent)
{
	uint32_t mask = 0;

	for (size_t index = 0; index < KNOWN; index++)
		if (known_sections[index].parent == parent)
			mask |= 1u << index;
	return mask;
}

static bool complete(struct qat *qat, enum parent parent, uint32_t seen)
{
	uint32_t missing = required(parent) & ~seen;

	if (missing == 0)
		return true;
	qat->bank_missing |= parent == ETRBAR;
	return BUG(QAT_BANK_MISSING) && parent == ETRBAR;
}

static int take_sections(struct qat *qat, struct blob *blob, enum parent parent,
			 const struct section *within, int depth);

/* Whether a section of that id stands before this one under the same parent. */
static bool stands_before(const unsigned char *first, const unsigned char *at)
{
	const unsigned char *each = first;

	while (each < at) {
		if (same_id(each, at))
			return true;
		each += SECTION + le32(each + 8);
	}
	return false;
}

static int take_section(struct qat *qat, struct blob *blob, enum parent parent,
			const struct section *section, int depth, uint32_t *seen)
{
	int index = find(parent, section->id);
	const struct known *known = index < 0 ? NULL : &known_sections[index];

	if (known == NULL) {
		if (section->sub_sects == 0)
			return 0;
		return depth < DEEPEST ? take_sections(qat, blob, UNKNOWN, section, depth + 1) : -EINVAL;
	}
	*seen |= 1u << index;
	if (parent == ETRBAR)
		blob->bank = index - FIRST_BANK;
	if (known->leaf != NO_LEAF)
		return take_leaf(qat, blob, index, section);
	return take_sections(qat, blob, known->inside, section, depth + 1);
}

/* The subsections of a section, which fill it to its last byte. */
static int take_sections(struct qat *qat, struct blob *blob, enum parent parent,
			 const struct section *within, int depth)
{
	const unsigned char *at = within->data;
	const unsigned char *end = at + within->size;
	uint32_t seen = 0;

	for (uint32_t count = 0; count < within->sub_sects; count++) {
		struct section section;
		bool again;
		int error = section_at(qat, at, end, &section);

		if (error < 0)
			return error;
		again = stands_before(within->data, at);
		if (again && !(BUG(QAT_BANK_AGAIN) && parent == ETRBAR))
			return -EINVAL;
		error = take_section(qat, blob, parent, &section, depth, &seen);
		if (error < 0)
			return error;
		at += SECTION + section.size;
	}
	return at == end && complete(qat, parent, seen) ? 0 : -EINVAL;
}

/* One blob at an offset of the image, or what is wrong with it; `size` is what it takes. */
static int take_blob(struct qat *qat, enum parent parent, size_t at, size_t *size)
{
	const unsigned char *raw = qat->image + at;
	struct blob blob = { .bank = -1 };
	struct section within = { .id = raw };
	uint32_t length;
	uint32_t wanted;
	size_t left = IMAGE - at;

	if (left < PREAMBLE || le32(raw) != MAGIC || le32(raw + 4) > 1)
		return -EINVAL;
	blob.version = le32(raw + 4);
	length = le16(raw + 8);
	within.sub_sects = le16(raw + 10);
	wanted = le32(raw + 12);
	CANARY(QAT_SIZE_WRAPS, PREAMBLE + wanted < wanted);
	if (BUG(QAT_SIZE_WRAPS) && PREAMBLE + wanted < wanted)
		for (uint32_t index = 0; index < wanted; index++)
			qat->sink ^= raw[index];
	CANARY(QAT_PREAMBLE_LENGTH, length > left);
	if (BUG(QAT_PREAMBLE_LENGTH) && length > left)
		for (uint32_t index = 0; index < length; index++)
			qat->sink ^= raw[index];
	if (length != PREAMBLE)
		return -EINVAL;
	within.data = raw + PREAMBLE;
	within.size = wanted;
	if (parent == STATE && BUG(QAT_STATE_SIZE_IGNORED)) {
		const unsigned char *each = within.data;

		within.size = 0;
		for (uint32_t count = 0; count < within.sub_sects; count++) {
			struct section section;

			if (section_at(qat, each, qat->image + IMAGE, &section) < 0)
				return -EINVAL;
			each += SECTION + section.size;
		}
		within.size = (uint32_t)(each - within.data);
		CANARY(QAT_STATE_SIZE_IGNORED, within.size != wanted);
	}
	if (within.size > left - PREAMBLE)
		return -EINVAL;
	*size = PREAMBLE + within.size;
	return take_sections(qat, &blob, parent, &within, 0);
}

static ssize_t refuse(struct qat *qat, int error)
{
	qat->failed = true;
	return error;
}

/* The first blob is judged when it is there; with the bug, only by the write that brings its start. */
static int examine(struct qat *qat, size_t before)
{
	int error;

	if (qat->examined || qat->filled < PREAMBLE)
		return 0;
	if (qat->filled < PREAMBLE + (uint64_t)le32(qat->image + 12) && qat->filled < IMAGE)
		return 0;
	qat->examined = true;
	if (BUG(QAT_SETUP_CUT) && before > 0) {
		qat->setup_size = PREAMBLE + le32(qat->image + 12);
		if (qat->setup_size > IMAGE - PREAMBLE)
			return -EINVAL;
		error = take_blob(qat, SETUP, 0, &qat->setup_size);
		CANARY(QAT_SETUP_CUT, error < 0);
		return 0;
	}
	return take_blob(qat, SETUP, 0, &qat->setup_size);
}

static ssize_t qat_write(void *device, const void *bytes, size_t size)
{
	struct qat *qat = device;
	size_t before = qat->filled;
	int error;

	if (!qat->resuming)
		return -ENODEV;
	if (qat->failed && !BUG(QAT_SETUP_FORGOTTEN))
		return -EIO;
	if (size > IMAGE - before)
		return refuse(qat, -ENOMEM);
	memcpy(qat->image + before, bytes, size);
	qat->filled += size;
	error = examine(qat, before);
	return error < 0 ? refuse(qat, error) : (ssize_t)size;
}

static void apply(struct qat *qat)
{
	struct values *live = &qat->live;
	struct values *staged = &qat->staged;

	CANARY(QAT_SLAS_ADDED, live->slas.size > 0 && staged->slas.size > 0);
	if (BUG(QAT_SLAS_ADDED)) {
		struct part both = { 0 };

		if (part_add(&both, live->slas.data, live->slas.size) &&
		    part_add(&both, staged->slas.data, staged->slas.size))
			part_move(&staged->slas, &both);
	}
	for (int bank = 0; bank < BANKS; bank++)
		if (staged->bank[bank] == NULL) {
			staged->bank[bank] = live->bank[bank];
			live->bank[bank] = NULL;
		}
	drop_values(live);
	*live = *staged;
	memset(staged, 0, sizeof(*staged));
}

static int qat_end(void *device)
{
	struct qat *qat = device;
	size_t size = 0;
	bool whole = qat->filled == IMAGE;
	int error;

	if (!qat->resuming)
		return -EINVAL;
	if (qat->failed && !BUG(QAT_SETUP_FORGOTTEN))
		return -EINVAL;
	if (!qat->examined || qat->failed) {
		/* Nothing of a blob that was refused is kept but its size, as far as it is one. */
		if (!BUG(QAT_SHORT_TAKEN) && !qat->failed)
			return -EINVAL;
		if (BUG(QAT_SHORT_TAKEN) && take_blob(qat, SETUP, 0, &qat->setup_size) < 0)
			return -EINVAL;
	}
	if (qat->setup_size == 0)
		return -EINVAL;
	error = take_blob(qat, STATE, qat->setup_size, &size);
	if (error < 0) {
		CANARY(QAT_HALF_APPLIED, qat->applied);
		drop_values(&qat->staged);
		return error;
	}
	if (!whole) {
		CANARY(QAT_HALF_APPLIED, qat->applied);
		CANARY(QAT_SHORT_TAKEN, true);
		if (!BUG(QAT_SHORT_TAKEN)) {
			drop_values(&qat->staged);
			return -EINVAL;
		}
	}
	CANARY(QAT_SETUP_FORGOTTEN, qat->failed);
	CANARY(QAT_BANK_MISSING, qat->bank_missing);
	apply(qat);
	memcpy(qat->older, qat->newest, IMAGE);
	memcpy(qat->newest, qat->image, IMAGE);
	qat->resuming = false;
	return 0;
}

/* The device looks at the next entry of each of its rings. */
static int qat_run(void *device)
{
	struct qat *qat = device;

	for (int bank = 0; bank < BANKS; bank++) {
		for (int ring = 0; ring < 2; ring++) {
			const unsigned char *at = qat->live.bank[bank] + RING + ring * RING_SIZE;
			uint32_t entry = le32(at + RING_HEAD) / 64;

			CANARY(QAT_RING_HEAD, entry >= ENTRIES);
			if (entry < ENTRIES || BUG(QAT_RING_HEAD))
				qat->ring[entry]++;
		}
	}
	return 0;
}

static unsigned char *put_section(unsigned char *to, const char *id, uint32_t size, uint32_t subs)
{
	size_t length = strlen(id);

	memset(to, 0, SECTION);
	memcpy(to, id, length < ID ? length : ID);
	put_le32(to + 8, size);
	put_le32(to + 12, subs);
	return to + SECTION;
}

static unsigned char *put_value(unsigned char *to, const char *id, uint32_t value, uint32_t size)
{
	to = put_section(to, id, size, 0);
	for (uint32_t index = 0; index < size; index++)
		to[index] = (unsigned char)(value >> (8 * index));
	return to + size;
}

static unsigned char *put_preamble(unsigned char *to, uint16_t sections, uint32_t size)
{
	put_le32(to, MAGIC);
	put_le32(to + 4, 1);
	put_le16(to + 8, PREAMBLE);
	put_le16(to + 10, sections);
	put_le32(to + 12, size);
	return to + PREAMBLE;
}

static ssize_t qat_save(void *device, void *bytes, size_t room)
{
	static const char *const banks[BANKS] = { "bnk0", "bnk1", "bnk2", "bnk3" };
	const struct qat *qat = device;
	const struct values *live = &qat->live;
	uint32_t slas = (uint32_t)live->slas.size;
	unsigned char *data = bytes;
	unsigned char *at = data;
	size_t left;

	if (room < IMAGE || slas > IMAGE - 2340)
		return -ENOSPC;
	at = put_preamble(at, 1, 74);
	at = put_section(at, "CONFIG", 58, 3);
	at = put_value(at, "gencap", live->gencap, 4);
	at = put_value(at, "svcmap", live->svcmap, 2);
	at = put_value(at, "extdc", live->extdc, 4);
	at = put_preamble(at, 3, 2234 + slas);
	at = put_section(at, "GENER", 50 + slas, 3);
	at = put_value(at, "iovinit", live->iovinit, 1);
	at = put_value(at, "compver", live->compver, 1);
	at = put_section(at, "sla", slas, 0);
	if (slas > 0)
		memcpy(at, live->slas.data, slas);
	at += slas;
	at = put_section(at, "MISCBAR", 120, MISC);
	for (int index = 0; index < MISC; index++)
		at = put_value(at, known_sections[FIRST_REGISTER + index].id, live->misc[index], 4);
	at = put_section(at, "ETRBAR", 2016, BANKS);
	for (int bank = 0; bank < BANKS; bank++) {
		at = put_section(at, banks[bank], SECTION + BANK, 1);
		at = put_section(at, "mregs", BANK, 0);
		memcpy(at, live->bank[bank], BANK);
		at += BANK;
	}
	left = IMAGE - (size_t)(at - data);
	/* With the bug the rest of the page is what was there: the image before. */
	CANARY(QAT_TAIL_LEAKS, !all_zero(qat->older + IMAGE - left, left));
	if (BUG(QAT_TAIL_LEAKS))
		memcpy(at, qat->older + IMAGE - left, left);
	else
		memset(at, 0, left);
	return IMAGE;
}

static const struct vstate_target target = {
	.name = "qat",
	.open = qat_open,
	.begin = qat_begin,
	.write = qat_write,
	.end = qat_end,
	.run = qat_run,
	.save = qat_save,
	.reset = qat_reset,
	.close = qat_close,
};

VSTATE_HARNESS(target)
