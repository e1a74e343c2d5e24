/*
 * A graphics function in the manner of linux drivers/gpu/drm/xe/xe_sriov_packet.c: packets with a
 * header of 24 bytes; a descriptor of keys, lengths and values; firmware state, page table,
 * registers and local memory of each GT; a trailer.
 *
 * Sound, it takes memory for a packet as its bytes arrive, demands descriptor, trailer and the parts of
 * a GT in the order in which they are saved, and applies nothing before RESUMING is left.
 */
#include "../bugs.h"
#include "../bytes.h"
#include "part.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vstate_harness.h"

enum { DESCRIPTOR = 1, TRAILER, GGTT, MMIO, GUC, VRAM };

#define HEADER 24
#define KEY_DEVID 0xf001
#define KEY_REVID 0xf002
#define DEVID 0xb080
#define REVID 4
#define GTS 4
#define TILES 2
#define REGISTERS 16
#define ENTRY 8
/* Local memory that the function was provisioned with. */
#define MEMORY 0x10000u
/* What a packet that is larger than anything saved may take at most. */
#define POOL (64u << 20)

struct gt {
	unsigned int tile;
	bool seen;
	struct part guc;
	struct part ggtt;
	struct part mmio;
	struct part vram;
};

struct header {
	unsigned int version;
	unsigned int type;
	unsigned int tile;
	unsigned int gt;
	uint32_t flags;
	uint64_t offset;
	uint64_t size;
};

struct session {
	bool open;
	bool failed;
	bool compared;
	bool ended;
	/* What only the bugs take: a descriptor that is not the first packet, or not the only one. */
	bool late;
	bool again;
	/* A packet whose header is refused, but was left pending. */
	bool pending;
	unsigned char raw[HEADER];
	size_t filled;
	struct header header;
	/* Data of the packet that is arriving. */
	struct part data;
	unsigned char *work;
};

struct xe {
	struct session session;
	struct gt live[GTS];
	struct gt staged[GTS];
};

static void drop_gts(struct gt *gts)
{
	for (int index = 0; index < GTS; index++) {
		part_drop(&gts[index].guc);
		part_drop(&gts[index].ggtt);
		part_drop(&gts[index].mmio);
		part_drop(&gts[index].vram);
		gts[index].seen = false;
		gts[index].tile = 0;
	}
}

static void drop_session(struct xe *xe)
{
	drop_gts(xe->staged);
	part_drop(&xe->session.data);
	free(xe->session.work);
	memset(&xe->session, 0, sizeof(xe->session));
}

/* Two GTs that no guest has used. */
static int xe_reset(void *device)
{
	static const unsigned char zeros[16];
	struct xe *xe = device;

	drop_session(xe);
	drop_gts(xe->live);
	for (int index = 0; index < 2; index++) {
		struct gt *gt = &xe->live[index];

		gt->seen = true;
		if (!part_add(&gt->guc, zeros, 16) || !part_add(&gt->mmio, zeros, REGISTERS))
			return -ENOMEM;
	}
	return part_add(&xe->live[0].ggtt, zeros, 16) ? 0 : -ENOMEM;
}

static void xe_close(void *device)
{
	struct xe *xe = device;

	drop_session(xe);
	drop_gts(xe->live);
	free(xe);
}

static void *xe_open(void)
{
	struct xe *xe;

	bugs_begin();
	xe = calloc(1, sizeof(*xe));
	if (xe != NULL && xe_reset(xe) < 0) {
		xe_close(xe);
		return NULL;
	}
	return xe;
}

static int xe_begin(void *device)
{
	struct xe *xe = device;

	drop_session(xe);
	xe->session.work = calloc(1, 64);
	if (xe->session.work == NULL)
		return -ENOMEM;
	xe->session.open = true;
	return 0;
}

static ssize_t refuse(struct xe *xe, int error)
{
	xe->session.failed = true;
	CANARY(XE_APPLIED_AT_ONCE, xe->staged[0].mmio.data != NULL);
	CANARY(XE_REFUSAL_FREES, true);
	if (BUG(XE_REFUSAL_FREES))
		free(xe->session.work);
	return error;
}

static void parse_header(struct header *header, const unsigned char *raw)
{
	header->version = raw[0];
	header->type = raw[1];
	header->tile = raw[2];
	header->gt = raw[3];
	header->flags = le32(raw + 4);
	header->offset = le64(raw + 8);
	header->size = le64(raw + 16);
}

/* Keys, lengths and values: device and revision must be there and be those of this device. */
static int take_descriptor(struct xe *xe, const unsigned char *data, size_t size)
{
	bool devid = false;
	bool revid = false;
	size_t at = 0;

	while (at + 4 <= size) {
		size_t words = le16(data + at);
		unsigned int key = le16(data + at + 2);
		bool known = key == KEY_DEVID || key == KEY_REVID;
		bool last = at + 4 == size;

		at += 4;
		CANARY(XE_KLV_LENGTH, words > (size - at) / 4);
		if (words > (size - at) / 4 && !BUG(XE_KLV_LENGTH))
			return -EINVAL;
		CANARY(XE_KLV_EMPTY, known && words == 0 && last);
		if (known && words != 1 && !(words == 0 && BUG(XE_KLV_EMPTY)) && !BUG(XE_KLV_LENGTH))
			return -EINVAL;
		if (known) {
			uint32_t value = le32(data + at);

			if (value != (key == KEY_DEVID ? DEVID : REVID))
				return -ENODEV;
			devid |= key == KEY_DEVID;
			revid |= key == KEY_REVID;
		}
		if (BUG(XE_KLV_LENGTH))
			for (size_t word = 0; word < words; word++)
				xe->session.work[0] ^= data[at + 4 * word];
		at += 4 * words;
	}
	return devid && revid ? 0 : -EINVAL;
}

static bool complete(const struct gt *gts)
{
	for (int index = 0; index < GTS; index++) {
		const struct gt *gt = &gts[index];

		if (!gt->seen)
			continue;
		if (gt->guc.data == NULL || gt->mmio.data == NULL)
			return false;
		if (index == 0 && gt->ggtt.data == NULL)
			return false;
	}
	return gts[0].seen;
}

/* Bits 2 to 11 of an entry of the page table, which name the function that it belongs to. */
#define OWNER 0xffcu

static bool names_owner(const struct part *ggtt)
{
	for (size_t at = 0; at + ENTRY <= ggtt->size; at += ENTRY)
		if ((le64(ggtt->data + at) & OWNER) != 0)
			return true;
	return false;
}

static void own_pages(struct part *ggtt)
{
	for (size_t at = 2 * ENTRY; at + ENTRY <= ggtt->size; at += ENTRY) {
		uint64_t entry = le64(ggtt->data + at);

		CANARY(XE_PAGE_OWNER, entry != 0);
		if (BUG(XE_PAGE_OWNER) && entry != 0)
			put_le64(ggtt->data + at, entry + (1u << 2));
	}
}

static void take_pages(struct part *live, struct part *staged)
{
	size_t size = staged->size;

	CANARY(XE_PAGES_KEPT, size > 0 && live->size > size);
	if (!BUG(XE_PAGES_KEPT) || live->size <= size || size == 0) {
		part_move(live, staged);
		return;
	}
	memcpy(live->data, staged->data, size);
	part_drop(staged);
}

static void apply(struct xe *xe)
{
	for (int index = 0; index < GTS; index++) {
		struct gt *live = &xe->live[index];
		struct gt *staged = &xe->staged[index];

		own_pages(&staged->ggtt);
		live->seen = staged->seen;
		live->tile = staged->tile;
		part_move(&live->guc, &staged->guc);
		take_pages(&live->ggtt, &staged->ggtt);
		part_move(&live->mmio, &staged->mmio);
		part_move(&live->vram, &staged->vram);
	}
}

static int take_trailer(struct xe *xe)
{
	const struct header *header = &xe->session.header;

	if (header->tile != 0 || header->gt != 0 || header->size != 0)
		return -EINVAL;
	if (!complete(xe->staged))
		return -EINVAL;
	xe->session.ended = true;
	if (BUG(XE_BEHIND_TRAILER)) {
		free(xe->session.work);
		xe->session.work = NULL;
	}
	return 0;
}

/* A version that is not known is refused; with the bugs, what the packet asks for is still done. */
static int refuse_version(struct xe *xe)
{
	const struct header *header = &xe->session.header;

	if (header->type == DESCRIPTOR) {
		CANARY(XE_VERSION_DISPATCHED, header->size > 0);
		if (BUG(XE_VERSION_DISPATCHED))
			take_descriptor(xe, xe->session.data.data, header->size);
	} else if (header->type == TRAILER && BUG(XE_TRAILER_VERSION)) {
		if (!xe->session.failed && take_trailer(xe) == 0) {
			CANARY(XE_TRAILER_VERSION, true);
			apply(xe);
		}
	}
	return -EINVAL;
}

static bool fits_memory(const struct xe *xe, const struct header *header)
{
	uint64_t offset = header->offset;
	uint64_t size = header->size;
	bool wraps = offset + size < offset && offset + size <= MEMORY;
	bool window = offset <= MEMORY && size <= MEMORY && offset + size > MEMORY;

	if (offset == xe->staged[header->gt].vram.size)
		return true;
	CANARY(XE_MEMORY_WRAPS, wraps);
	CANARY(XE_MEMORY_WINDOW, window);
	return (BUG(XE_MEMORY_WRAPS) && wraps) || (BUG(XE_MEMORY_WINDOW) && window);
}

/* Whether a part of the GT is there that a save sends behind this one. */
static bool too_late(const struct gt *gt, unsigned int type)
{
	bool behind = gt->vram.data != NULL;

	if (type == GUC || type == GGTT)
		behind |= gt->mmio.data != NULL;
	return behind || (type == GUC && gt->ggtt.data != NULL);
}

static bool fits_type(const struct xe *xe, const struct header *header)
{
	const struct gt *gt = &xe->staged[header->gt];

	switch (header->type) {
	case DESCRIPTOR:
		return header->tile == 0 && header->gt == 0 && header->size > 0 && header->size % 4 == 0;
	case TRAILER:
		return header->tile == 0 && header->gt == 0 && header->size == 0;
	case GGTT:
		if (header->gt != 0 && header->tile == 0)
			return false;
		if (gt->ggtt.data != NULL || too_late(gt, GGTT))
			return false;
		return header->size > 0 && header->size % ENTRY == 0;
	case MMIO:
		CANARY(XE_REGISTERS_SIZE, header->size > REGISTERS);
		if (header->size != REGISTERS && !(BUG(XE_REGISTERS_SIZE) && header->size > REGISTERS))
			return false;
		return gt->mmio.data == NULL && !too_late(gt, MMIO);
	case GUC:
		CANARY(XE_FIRMWARE_WORDS, header->size % 4 != 0);
		if (header->size % 4 != 0 && !BUG(XE_FIRMWARE_WORDS))
			return false;
		return gt->guc.data == NULL && header->size > 0 && !too_late(gt, GUC);
	case VRAM:
		return header->size > 0 && fits_memory(xe, header);
	default:
		return false;
	}
}

/* What holds of the order of the packets. */
static bool in_place(const struct xe *xe, const struct header *header)
{
	const struct session *session = &xe->session;
	bool again = header->type == DESCRIPTOR && session->compared;
	bool early = header->type != DESCRIPTOR && !session->compared;

	if (session->ended && (!BUG(XE_BEHIND_TRAILER) || header->type <= TRAILER))
		return false;
	if (again)
		return BUG(XE_DESCRIPTOR_AGAIN);
	return !early || BUG(XE_DESCRIPTOR_OPTIONAL);
}

/* The size of a packet is known before its data: with the bug, memory is taken for all of it. */
static int prepare(struct xe *xe, uint64_t size)
{
	unsigned char *room;

	CANARY(XE_SIZE_ALLOCATED, size >= POOL);
	if (!BUG(XE_SIZE_ALLOCATED) || size < POOL)
		return 0;
	room = malloc(POOL);
	if (room == NULL)
		return -ENOMEM;
	memset(room, 0, POOL);
	part_drop(&xe->session.data);
	xe->session.data.data = room;
	xe->session.data.room = POOL;
	return 0;
}

static int header_arrived(struct xe *xe)
{
	struct session *session = &xe->session;
	struct header *header = &session->header;
	bool place;

	parse_header(header, session->raw);
	if (header->version != 1)
		return refuse_version(xe);
	CANARY(XE_GT_INDEX, header->gt >= GTS);
	if (header->gt >= GTS && !BUG(XE_GT_INDEX)) {
		session->pending = BUG(XE_PENDING_PACKET) && header->size > 0;
		return -EINVAL;
	}
	if (header->tile >= TILES || header->flags != 0)
		return -EINVAL;
	if (header->type != VRAM && header->offset != 0)
		return -EINVAL;
	if (xe->staged[header->gt].seen && xe->staged[header->gt].tile != header->tile)
		return -EINVAL;
	if (header->gt == 0 && header->tile != 0)
		return -EINVAL;
	place = in_place(xe, header);
	if (!place || !fits_type(xe, header))
		return -EINVAL;
	return prepare(xe, header->size);
}

static int memory_arrived(struct xe *xe, struct gt *gt)
{
	struct session *session = &xe->session;
	uint64_t offset = session->header.offset;

	if (offset == gt->vram.size) {
		bool added = part_add(&gt->vram, session->data.data, session->data.size);

		part_drop(&session->data);
		return added ? 0 : -ENOMEM;
	}
	/* Only with a bug: the piece lies where its header says. */
	part_drop(&gt->vram);
	gt->vram.data = calloc(1, MEMORY);
	if (gt->vram.data == NULL)
		return -ENOMEM;
	gt->vram.room = gt->vram.size = MEMORY;
	memcpy(gt->vram.data + offset, session->data.data, session->data.size);
	part_drop(&session->data);
	return 0;
}

static int registers_arrived(struct xe *xe, struct gt *gt)
{
	struct session *session = &xe->session;

	gt->mmio.data = malloc(REGISTERS);
	if (gt->mmio.data == NULL)
		return -ENOMEM;
	gt->mmio.size = gt->mmio.room = REGISTERS;
	memcpy(gt->mmio.data, session->data.data, session->data.size);
	if (BUG(XE_APPLIED_AT_ONCE)) {
		struct part *live = &xe->live[session->header.gt].mmio;

		if (live->data != NULL)
			memcpy(live->data, gt->mmio.data, REGISTERS);
	}
	part_drop(&session->data);
	return 0;
}

static int packet_arrived(struct xe *xe)
{
	struct session *session = &xe->session;
	struct gt *gt = &xe->staged[session->header.gt];
	int error;

	session->filled = 0;
	part_fit(&session->data);
	if (session->header.type == TRAILER)
		return take_trailer(xe);
	if (session->header.type == DESCRIPTOR) {
		session->again |= session->compared;
		error = session->compared ? 0 : take_descriptor(xe, session->data.data, session->data.size);
		session->compared = session->compared || error == 0;
		part_drop(&session->data);
		return error;
	}
	CANARY(XE_BEHIND_TRAILER, session->ended);
	session->late |= !session->compared;
	session->work[0] ^= session->data.data[0];
	gt->seen = true;
	gt->tile = session->header.tile;
	switch (session->header.type) {
	case GGTT:
		if (names_owner(&session->data))
			return -EINVAL;
		part_move(&gt->ggtt, &session->data);
		return 0;
	case GUC:
		part_move(&gt->guc, &session->data);
		return 0;
	case MMIO:
		return registers_arrived(xe, gt);
	default:
		return memory_arrived(xe, gt);
	}
}

/* Takes bytes of a header or of a packet's data; how many, or what is wrong with them. */
static ssize_t take(struct xe *xe, const unsigned char *bytes, size_t size)
{
	struct session *session = &xe->session;
	uint64_t wanted;
	size_t some;
	int error = 0;

	if (session->filled < HEADER) {
		some = size < HEADER - session->filled ? size : HEADER - session->filled;
		memcpy(session->raw + session->filled, bytes, some);
		session->filled += some;
		if (session->filled == HEADER) {
			error = header_arrived(xe);
			if (error == 0 && session->header.size == 0)
				error = packet_arrived(xe);
		}
		return error < 0 ? error : (ssize_t)some;
	}
	if (session->pending) {
		CANARY(XE_PENDING_PACKET, true);
		memcpy(session->data.data, bytes, size < session->header.size ? size : HEADER);
	}
	wanted = session->header.size - session->data.size;
	some = size < wanted ? size : (size_t)wanted;
	if (!part_add(&session->data, bytes, some))
		return -ENOMEM;
	if (some == wanted)
		error = packet_arrived(xe);
	return error < 0 ? error : (ssize_t)some;
}

static ssize_t xe_write(void *device, const void *bytes, size_t size)
{
	struct xe *xe = device;
	size_t taken = 0;

	if (!xe->session.open)
		return -ENODEV;
	if (xe->session.failed && !xe->session.pending)
		return -EIO;
	while (taken < size) {
		ssize_t some = take(xe, (const unsigned char *)bytes + taken, size - taken);

		if (some < 0)
			return refuse(xe, (int)some);
		taken += (size_t)some;
	}
	return (ssize_t)size;
}

static int xe_end(void *device)
{
	struct xe *xe = device;
	bool whole = xe->session.filled == 0 || xe->session.ended;

	if (!xe->session.open)
		return -EINVAL;
	if (xe->session.failed)
		return -EIO;
	CANARY(XE_APPLIED_AT_ONCE, !xe->session.ended && xe->staged[0].mmio.data != NULL);
	CANARY(XE_TRAILER_OPTIONAL, !xe->session.ended && whole && complete(xe->staged));
	if (!xe->session.ended && !(BUG(XE_TRAILER_OPTIONAL) && whole && complete(xe->staged)))
		return -ETIMEDOUT;
	/* A header that was begun behind the trailer. */
	if (xe->session.filled != 0)
		return -EINVAL;
	CANARY(XE_DESCRIPTOR_OPTIONAL, xe->session.late);
	CANARY(XE_DESCRIPTOR_AGAIN, xe->session.again);
	apply(xe);
	drop_session(xe);
	return 0;
}

/* The guest looks at its firmware's words, its registers and its memory. */
static int xe_run(void *device)
{
	const struct xe *xe = device;
	unsigned int sum = 0;

	for (int index = 0; index < GTS; index++) {
		const struct gt *gt = &xe->live[index];

		for (size_t at = 0; at < gt->guc.size; at += 4)
			sum += le32(gt->guc.data + at);
		for (size_t at = 0; at < gt->mmio.size; at += 4)
			sum += le32(gt->mmio.data + at);
		for (size_t at = 0; at + ENTRY <= gt->ggtt.size; at += ENTRY)
			sum += (unsigned int)le64(gt->ggtt.data + at);
		for (size_t at = 0; at < gt->vram.size; at += 4096)
			sum += gt->vram.data[at];
	}
	return sum == 0xffffffffu ? 1 : 0;
}

static size_t put_header(unsigned char *to, unsigned int type, unsigned int gt, unsigned int tile,
			 uint64_t size)
{
	memset(to, 0, HEADER);
	to[0] = 1;
	to[1] = (unsigned char)type;
	to[2] = (unsigned char)tile;
	to[3] = (unsigned char)gt;
	put_le64(to + 16, size);
	return HEADER;
}

static size_t put_part(unsigned char *to, size_t room, unsigned int type, unsigned int gt,
		       unsigned int tile, const struct part *part)
{
	if (part->size == 0 || part->size + HEADER > room)
		return 0;
	put_header(to, type, gt, tile, part->size);
	memcpy(to + HEADER, part->data, part->size);
	return HEADER + part->size;
}

static ssize_t xe_save(void *device, void *bytes, size_t room)
{
	const struct xe *xe = device;
	unsigned char *data = bytes;
	size_t need = 3 * HEADER;
	size_t at;

	for (int index = 0; index < GTS; index++) {
		const struct gt *gt = &xe->live[index];

		need += 4 * HEADER + gt->guc.size + gt->ggtt.size + gt->mmio.size + gt->vram.size;
	}
	if (need > room)
		return -ENOSPC;
	at = put_header(data, DESCRIPTOR, 0, 0, 16);
	put_le32(data + at, (uint32_t)KEY_DEVID << 16 | 1u);
	put_le32(data + at + 4, DEVID);
	put_le32(data + at + 8, (uint32_t)KEY_REVID << 16 | 1u);
	put_le32(data + at + 12, REVID);
	at += 16;
	for (unsigned int index = 0; index < GTS; index++) {
		const struct gt *gt = &xe->live[index];

		at += put_part(data + at, room - at, GUC, index, gt->tile, &gt->guc);
		at += put_part(data + at, room - at, GGTT, index, gt->tile, &gt->ggtt);
		at += put_part(data + at, room - at, MMIO, index, gt->tile, &gt->mmio);
		at += put_part(data + at, room - at, VRAM, index, gt->tile, &gt->vram);
	}
	at += put_header(data + at, TRAILER, 0, 0, 0);
	return (ssize_t)at;
}

static const struct vstate_target target = {
	.name = "xe",
	.open = xe_open,
	.begin = xe_begin,
	.write = xe_write,
	.end = xe_end,
	.run = xe_run,
	.save = xe_save,
	.reset = xe_reset,
	.close = xe_close,
};

VSTATE_HARNESS(target)
