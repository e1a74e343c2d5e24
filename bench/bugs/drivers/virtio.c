/*
 * A virtio function in the manner of linux drivers/vfio/pci/virtio/migrate.c, and of a device that
 * judges what that driver hands to it: records whose payload is a list of device parts of the virtio
 * specification. The last context of a session wins.
 *
 * Sound, it judges a context when its last byte has arrived, demands that all contexts of a session
 * offer the same features, and applies the last one when RESUMING is left.
 */
#include "../bugs.h"
#include "part.h"
#include "record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vstate_harness.h"

enum { DEVICE_DATA };
enum {
	DEV_FEATURES = 0x100,
	DRV_FEATURES,
	PCI_COMMON_CFG,
	DEVICE_STATUS,
	VQ_CFG,
	VQ_NOTIFY_CFG,
};

#define PART_HEADER 16
#define PART_OPTIONAL 1u
#define STATUS_BITS 0xdfu
#define ACKNOWLEDGE 1u
#define DRIVER 2u
#define DRIVER_OK 4u
#define FEATURES_OK 8u
#define VERSION_1 32
#define RING_PACKED 34
#define LARGEST_QUEUE 32768u
#define QUEUE_BYTES 32
#define COMMON_CFG 64
#define NUM_QUEUES_OFFSET 18
/* Bytes of one bit for each of 65536 places. */
#define PLACES 8192
/* What the device keeps outside of its context, and what the bugs believe to be enough. */
#define QUEUES 8
#define FEATURE_WORDS 4
/* Memory of the guest that the device can reach. */
#define GUEST_BASE 0x10000000u
#define GUEST_SIZE 0x10000u

struct piece {
	unsigned int type;
	unsigned int flags;
	uint64_t selector;
	uint32_t length;
	const unsigned char *value;
};

struct queue {
	unsigned int index;
	unsigned int size;
	bool enabled;
	uint64_t area[3];
};

/* A judged context: the known parts, byte by byte, and what the device works with. */
struct context {
	struct part bytes;
	struct queue *queues;
	size_t count;
	size_t room;
	/* Which kinds were there. */
	unsigned int kinds;
	unsigned int last_type;
	bool packed;
	bool legacy;
	/* Whether the configuration says how many queues there are, and how many. */
	bool counted;
	unsigned int num_queues;
	const unsigned char *offered;
	size_t offered_words;
};

struct session {
	bool open;
	bool failed;
	unsigned char raw[RECORD_HEADER];
	size_t filled;
	struct record record;
	uint64_t arrived;
	struct part data;
	/* What the first context offers. */
	struct part offered;
	/* With a bug: room for the data that is not grown. */
	bool fixed;
	/* Where the record before ended in the device's list of pages. */
	size_t cursor;
	bool loaded;
	struct context context;
};

struct virtio {
	struct session session;
	bool stuck;
	struct context live;
	unsigned char *common_cfg;
	unsigned char *queue_cfg;
	uint64_t *features;
	uint16_t *doorbells;
	unsigned char *guest;
	/* One bit for each place that a part of the context being judged was for, by kind. */
	unsigned char *places;
};

static void drop_context(struct context *context)
{
	part_drop(&context->bytes);
	free(context->queues);
	memset(context, 0, sizeof(*context));
}

static void drop_session(struct virtio *virtio)
{
	drop_context(&virtio->session.context);
	part_drop(&virtio->session.data);
	part_drop(&virtio->session.offered);
	memset(&virtio->session, 0, sizeof(virtio->session));
}

static void put_part_header(unsigned char *to, unsigned int type, unsigned int flags, uint32_t length)
{
	memset(to, 0, PART_HEADER);
	put_le16(to, (uint16_t)type);
	to[2] = (unsigned char)flags;
	put_le32(to + 12, length);
}

/* A device that no driver has touched: it offers features, and nothing is set. */
static int virtio_reset(void *device)
{
	struct virtio *virtio = device;
	unsigned char fresh[2 * (PART_HEADER + 8)];

	if (!BUG(VIRTIO_REFUSAL_STICKS))
		virtio->stuck = false;
	drop_session(virtio);
	drop_context(&virtio->live);
	put_part_header(fresh, DEV_FEATURES, PART_OPTIONAL, 8);
	put_le64(fresh + PART_HEADER, 0x4100010020u);
	put_part_header(fresh + PART_HEADER + 8, DRV_FEATURES, 0, 8);
	put_le64(fresh + 2 * PART_HEADER + 8, 0);
	return part_add(&virtio->live.bytes, fresh, sizeof(fresh)) ? 0 : -ENOMEM;
}

static void virtio_close(void *device)
{
	struct virtio *virtio = device;

	drop_session(virtio);
	drop_context(&virtio->live);
	free(virtio->common_cfg);
	free(virtio->queue_cfg);
	free(virtio->features);
	free(virtio->doorbells);
	free(virtio->guest);
	free(virtio->places);
	free(virtio);
}

static void *virtio_open(void)
{
	struct virtio *virtio;

	bugs_begin();
	virtio = calloc(1, sizeof(*virtio));
	if (virtio == NULL)
		return NULL;
	virtio->common_cfg = calloc(1, COMMON_CFG);
	virtio->queue_cfg = calloc(1, QUEUE_BYTES);
	virtio->features = calloc(FEATURE_WORDS, sizeof(uint64_t));
	virtio->doorbells = calloc(QUEUES, sizeof(uint16_t));
	virtio->guest = calloc(1, GUEST_SIZE);
	virtio->places = calloc(VQ_NOTIFY_CFG - PCI_COMMON_CFG + 1, PLACES);
	if (virtio->common_cfg == NULL || virtio->queue_cfg == NULL || virtio->features == NULL ||
	    virtio->doorbells == NULL || virtio->guest == NULL || virtio->places == NULL ||
	    virtio_reset(virtio) < 0) {
		virtio_close(virtio);
		return NULL;
	}
	return virtio;
}

static int virtio_begin(void *device)
{
	struct virtio *virtio = device;

	drop_session(virtio);
	virtio->session.open = true;
	CANARY(VIRTIO_REFUSAL_STICKS, virtio->stuck);
	if (BUG(VIRTIO_REFUSAL_STICKS))
		virtio->session.failed = virtio->stuck;
	return 0;
}

static ssize_t refuse(struct virtio *virtio, int error)
{
	virtio->session.failed = true;
	virtio->stuck = true;
	CANARY(VIRTIO_REFUSAL_FREES, virtio->session.data.data != NULL);
	if (BUG(VIRTIO_REFUSAL_FREES))
		free(virtio->session.data.data);
	return error;
}

/* Bytes of the field of the common configuration at an offset; 0 where none begins. */
static uint32_t field_at(uint64_t offset)
{
	switch (offset) {
	case 0: case 4: case 8: case 12: case 32: case 36: case 40: case 44: case 48: case 52:
		return 4;
	case 16: case 18: case 22: case 24: case 26: case 28: case 30: case 56: case 58: case 60:
	case 62:
		return 2;
	case 20: case 21:
		return 1;
	default:
		return 0;
	}
}

static int judge_features(struct virtio *virtio, struct context *context, const struct piece *piece)
{
	size_t words = piece->length / 8;

	if (piece->selector != 0 || piece->length == 0 || piece->length % 8 != 0)
		return -EPROTO;
	CANARY(VIRTIO_FEATURE_WORDS, words > FEATURE_WORDS);
	for (size_t word = 0; word < words; word++)
		if (word < FEATURE_WORDS || BUG(VIRTIO_FEATURE_WORDS))
			virtio->features[word] = le64(piece->value + 8 * word);
	if (piece->type == DEV_FEATURES) {
		context->offered = piece->value;
		context->offered_words = words;
		return (piece->flags & PART_OPTIONAL) != 0 ? 0 : -EPROTO;
	}
	for (size_t word = 0; word < words; word++) {
		uint64_t offered = word < context->offered_words ? le64(context->offered + 8 * word) : 0;
		bool outside = (le64(piece->value + 8 * word) & ~offered) != 0;

		CANARY(VIRTIO_FEATURES_SKIPPED, outside);
		if (outside && !BUG(VIRTIO_FEATURES_SKIPPED))
			return -EPROTO;
	}
	context->packed = (le64(piece->value) >> RING_PACKED & 1) != 0;
	context->legacy = (le64(piece->value) >> VERSION_1 & 1) == 0;
	return 0;
}

static int judge_config(struct virtio *virtio, struct context *context, const struct piece *piece)
{
	uint32_t wanted = field_at(piece->selector);
	bool behind = piece->selector >= COMMON_CFG && piece->selector <= 0xffffffffu;
	bool sized = piece->length == 1 || piece->length == 2 || piece->length == 4;

	CANARY(VIRTIO_CONFIG_OFFSET, behind && sized);
	if (wanted == 0 && behind && sized && BUG(VIRTIO_CONFIG_OFFSET))
		wanted = piece->length;
	if (wanted == 0 || piece->length != wanted)
		return -EPROTO;
	memcpy(virtio->common_cfg + piece->selector, piece->value, wanted);
	if (piece->selector == NUM_QUEUES_OFFSET) {
		context->counted = true;
		context->num_queues = le16(piece->value);
	}
	return 0;
}

static uint64_t area_size(const struct context *context, const struct queue *queue, int area)
{
	if (area == 0)
		return 16ull * queue->size;
	if (context->packed)
		return 4;
	return 6 + (area == 1 ? 2ull : 8ull) * queue->size;
}

static bool sound_areas(const struct context *context, const struct queue *queue)
{
	static const uint64_t align[3] = { 16, 2, 4 };
	bool wraps = false;

	for (int area = 0; area < 3; area++) {
		if (queue->area[area] % align[area] != 0 || (queue->enabled && queue->area[area] == 0))
			return false;
		if (queue->enabled)
			wraps |= queue->area[area] + area_size(context, queue, area) - 1 < queue->area[area];
	}
	return !wraps || BUG(VIRTIO_RING_WRAPS);
}

static bool sound_size(const struct context *context, const struct queue *queue)
{
	if (!queue->enabled)
		return true;
	if (queue->size == 0 || queue->size > LARGEST_QUEUE)
		return false;
	return context->packed || (queue->size & (queue->size - 1)) == 0;
}

static int judge_queue(struct virtio *virtio, struct context *context, const struct piece *piece)
{
	const unsigned char *value = piece->value;
	struct queue queue = { .index = (unsigned int)piece->selector };
	struct queue *queues;

	if (piece->selector > 0xffff)
		return -EPROTO;
	CANARY(VIRTIO_QUEUE_LENGTH, piece->length > QUEUE_BYTES);
	if (piece->length > QUEUE_BYTES && BUG(VIRTIO_QUEUE_LENGTH))
		memcpy(virtio->queue_cfg, value, piece->length);
	if (piece->length != QUEUE_BYTES)
		return -EPROTO;
	queue.size = le16(value);
	queue.enabled = le16(value + 4) == 1;
	for (int area = 0; area < 3; area++)
		queue.area[area] = le64(value + 8 + 8 * area);
	if (le16(value + 4) > 1 || le16(value + 6) != 0)
		return -EPROTO;
	if (!sound_size(context, &queue) || !sound_areas(context, &queue))
		return -EPROTO;
	if (context->count == context->room) {
		size_t room = context->room > 0 ? 2 * context->room : 4;

		queues = realloc(context->queues, room * sizeof(queue));
		if (queues == NULL)
			return -ENOMEM;
		context->queues = queues;
		context->room = room;
	}
	context->queues[context->count++] = queue;
	return 0;
}

static struct queue *queue_of(struct context *context, uint64_t index)
{
	for (size_t each = 0; each < context->count; each++)
		if (context->queues[each].index == index)
			return &context->queues[each];
	return NULL;
}

static int judge_notify(struct context *context, const struct piece *piece)
{
	struct queue *queue = queue_of(context, piece->selector);

	if (piece->selector > 0xffff || piece->length != 8 || !all_zero(piece->value + 2, 6))
		return -EPROTO;
	CANARY(VIRTIO_NOTIFY_ORPHAN, queue == NULL);
	if (BUG(VIRTIO_NOTIFY_ORPHAN))
		queue->enabled = queue->size > 0 && queue->enabled;
	return 0;
}

/* A driver sets the bits in this order; one of the legacy interface has no FEATURES_OK. */
static bool sound_status(const struct context *context, unsigned int status)
{
	static const unsigned int steps[] = { ACKNOWLEDGE, DRIVER, FEATURES_OK, DRIVER_OK };
	bool before = true;

	for (size_t index = 0; index < sizeof(steps) / sizeof(steps[0]); index++) {
		if (steps[index] == FEATURES_OK && context->legacy)
			continue;
		if ((status & steps[index]) != 0 && !before)
			return false;
		before = (status & steps[index]) != 0;
	}
	return (status & ~STATUS_BITS) == 0;
}

static int judge_value(struct virtio *virtio, struct context *context, const struct piece *piece)
{
	bool queues = piece->type == VQ_CFG || piece->type == VQ_NOTIFY_CFG;

	if (queues && context->counted && piece->selector >= context->num_queues)
		return -EPROTO;
	switch (piece->type) {
	case DEV_FEATURES:
	case DRV_FEATURES:
		return judge_features(virtio, context, piece);
	case PCI_COMMON_CFG:
		return judge_config(virtio, context, piece);
	case DEVICE_STATUS:
		if (piece->selector != 0 || piece->length != 1)
			return -EPROTO;
		return sound_status(context, piece->value[0]) ? 0 : -EPROTO;
	case VQ_CFG:
		return judge_queue(virtio, context, piece);
	default:
		return judge_notify(context, piece);
	}
}

/* Whether a part may stand here: kinds in ascending order, none left out, none but some repeated. */
static bool in_place(struct context *context, const struct piece *piece)
{
	unsigned int kind = 1u << (piece->type - DEV_FEATURES);
	bool lower = piece->type < context->last_type;
	bool missing = (context->kinds & (kind - 1)) != kind - 1;
	bool single = piece->type == DEV_FEATURES || piece->type == DRV_FEATURES ||
		      piece->type == DEVICE_STATUS;
	bool again = single && (context->kinds & kind) != 0;

	context->kinds |= kind;
	CANARY(VIRTIO_ORDER_SKIPPED, lower);
	CANARY(VIRTIO_STATUS_TWICE, again && piece->type == DEVICE_STATUS && !lower);
	if (lower && !BUG(VIRTIO_ORDER_SKIPPED))
		return false;
	if (again && !(BUG(VIRTIO_STATUS_TWICE) && piece->type == DEVICE_STATUS))
		return false;
	if (!lower)
		context->last_type = piece->type;
	return !missing;
}

/* The bit of the place that a part is for; NULL for one that stands once, or nowhere. */
static unsigned char *place_of(struct virtio *virtio, unsigned int type, uint64_t selector)
{
	if (type < PCI_COMMON_CFG || type > VQ_NOTIFY_CFG || selector > 0xffff)
		return NULL;
	if (type == DEVICE_STATUS)
		return NULL;
	return virtio->places + (type - PCI_COMMON_CFG) * PLACES + (selector >> 3);
}

/* Whether a part of this kind was there for the same place; marks the place. */
static bool place_taken(struct virtio *virtio, const struct piece *piece)
{
	unsigned char *bits = place_of(virtio, piece->type, piece->selector);
	unsigned char bit = (unsigned char)(1u << (piece->selector & 7));
	bool taken = bits != NULL && (*bits & bit) != 0;

	if (bits != NULL)
		*bits |= bit;
	return taken;
}

static void clear_places(struct virtio *virtio, const struct part *data)
{
	size_t at = 0;

	while (at + PART_HEADER <= data->size) {
		unsigned char *bits = place_of(virtio, le16(data->data + at), le64(data->data + at + 4));

		if (bits != NULL)
			*bits = 0;
		at += PART_HEADER + (size_t)le32(data->data + at + 12);
	}
}

static int by_start(const void *one, const void *other)
{
	const uint64_t *a = one;
	const uint64_t *b = other;

	return a[0] < b[0] ? -1 : a[0] > b[0];
}

/* Whether all rings of the enabled queues are apart; one at 0 is not set. */
static int rings_apart(const struct context *context)
{
	uint64_t (*rings)[2];
	size_t count = 0;
	int apart = 0;

	if (context->count == 0)
		return 0;
	rings = malloc(3 * context->count * sizeof(*rings));
	if (rings == NULL)
		return -ENOMEM;
	for (size_t index = 0; index < context->count; index++) {
		const struct queue *queue = &context->queues[index];

		for (int area = 0; area < 3 && queue->enabled; area++) {
			if (queue->area[area] == 0)
				continue;
			rings[count][0] = queue->area[area];
			rings[count][1] = queue->area[area] + area_size(context, queue, area) - 1;
			count++;
		}
	}
	qsort(rings, count, sizeof(*rings), by_start);
	for (size_t index = 1; index < count; index++) {
		if (rings[index][0] <= rings[index - 1][1])
			apart = -EPROTO;
		if (rings[index][1] < rings[index - 1][1])
			rings[index][1] = rings[index - 1][1];
	}
	free(rings);
	return apart;
}

/* The part at an offset of the context; bytes that it takes, or what is wrong with it. */
static ssize_t judge_part(struct virtio *virtio, struct context *context, const unsigned char *at,
			  size_t left)
{
	struct piece piece;
	bool known;
	bool past;
	int error;

	if (left < PART_HEADER)
		return -EPROTO;
	piece.type = le16(at);
	piece.flags = at[2];
	piece.selector = le64(at + 4);
	piece.length = le32(at + 12);
	piece.value = at + PART_HEADER;
	known = piece.type >= DEV_FEATURES && piece.type <= VQ_NOTIFY_CFG;
	if ((piece.flags & ~PART_OPTIONAL) != 0 || at[3] != 0)
		return -EPROTO;
	if (!known && (piece.flags & PART_OPTIONAL) == 0)
		return -EOPNOTSUPP;
	past = piece.length > left - PART_HEADER;
	CANARY(VIRTIO_PART_LENGTH, past && piece.type == DEV_FEATURES && piece.length % 8 == 0);
	if (past && !(BUG(VIRTIO_PART_LENGTH) && piece.type == DEV_FEATURES))
		return -EPROTO;
	if (!known) {
		CANARY(VIRTIO_PART_HANGS, piece.length == 0);
		if (BUG(VIRTIO_PART_HANGS))
			return piece.length == 0 ? 0 : (ssize_t)(PART_HEADER + piece.length);
		return (ssize_t)(PART_HEADER + piece.length);
	}
	if (!in_place(context, &piece) || place_taken(virtio, &piece))
		return -EPROTO;
	error = judge_value(virtio, context, &piece);
	if (error < 0)
		return error;
	if (!part_add(&context->bytes, at, PART_HEADER + piece.length))
		return -ENOMEM;
	return (ssize_t)(PART_HEADER + piece.length);
}

static int judge_context(struct virtio *virtio, struct context *context, const struct part *data)
{
	size_t at = 0;

	while (at < data->size) {
		ssize_t some = judge_part(virtio, context, data->data + at, data->size - at);

		if (some < 0)
			return (int)some;
		at += (size_t)some;
	}
	return rings_apart(context);
}

/* Queues of the context before that the new one does not name stay, with the bug. */
static void keep_queues(struct context *live, struct context *context)
{
	size_t at = 0;

	if (!BUG(VIRTIO_STALE_QUEUE))
		return;
	while (at + PART_HEADER <= live->bytes.size) {
		const unsigned char *part = live->bytes.data + at;
		size_t size = PART_HEADER + le32(part + 12);
		bool gone = le16(part) == VQ_CFG && queue_of(context, le64(part + 4)) == NULL &&
			    context->last_type == VQ_CFG;

		CANARY(VIRTIO_STALE_QUEUE, gone);
		if (gone)
			part_add(&context->bytes, part, size);
		at += size;
	}
}

static void apply(struct virtio *virtio)
{
	struct context *context = &virtio->session.context;

	keep_queues(&virtio->live, context);
	drop_context(&virtio->live);
	virtio->live = *context;
	memset(context, 0, sizeof(*context));
	virtio->live.offered = NULL;
}

/* The words of the features that a context offers, which are its first part, if it has any. */
static struct part offered_by(const struct context *context)
{
	unsigned char *part = context->bytes.data;
	struct part offered = { 0 };

	if (context->bytes.size > 0) {
		offered.data = part + PART_HEADER;
		offered.size = le32(part + 12);
	}
	return offered;
}

/* What a device offers does not change while it lives: all contexts agree with the first. */
static int compare_offers(struct session *session, const struct context *context)
{
	struct part now = offered_by(context);
	struct part *first = &session->offered;
	size_t size = now.size > first->size ? now.size : first->size;

	if (now.size == 0)
		return 0;
	if (first->size == 0)
		return part_add(first, now.data, now.size) ? 0 : -ENOMEM;
	for (size_t at = 0; at < size; at++)
		if ((at < now.size ? now.data[at] : 0) != (at < first->size ? first->data[at] : 0))
			return -EPROTO;
	return 0;
}

static int context_arrived(struct virtio *virtio)
{
	struct session *session = &virtio->session;
	struct context context = { 0 };
	int error;

	part_fit(&session->data);
	error = judge_context(virtio, &context, &session->data);
	context.offered = NULL;
	clear_places(virtio, &session->data);
	if (error == 0)
		error = compare_offers(session, &context);
	if (error < 0) {
		drop_context(&context);
		return error;
	}
	CANARY(VIRTIO_CONTEXTS_JOINED, session->loaded);
	if (BUG(VIRTIO_CONTEXTS_JOINED) && session->loaded)
		part_add(&session->context.bytes, context.bytes.data, context.bytes.size);
	if (BUG(VIRTIO_CONTEXTS_JOINED) && session->loaded) {
		drop_context(&context);
	} else {
		drop_context(&session->context);
		session->context = context;
	}
	session->loaded = true;
	session->cursor = session->data.size;
	if (BUG(VIRTIO_APPLIED_AT_ONCE)) {
		struct part copy = { 0 };

		if (part_add(&copy, session->context.bytes.data, session->context.bytes.size))
			part_move(&virtio->live.bytes, &copy);
	}
	part_drop(&session->data);
	return 0;
}

/* With a bug, memory is taken that only a number asked for. */
static int prepare(struct virtio *virtio, size_t room)
{
	struct part *data = &virtio->session.data;

	part_drop(data);
	data->data = malloc(room > 0 ? room : 1);
	if (data->data == NULL)
		return -ENOMEM;
	memset(data->data, 0, room);
	data->room = room;
	return 0;
}

/* The object header of 8 bytes is sent with what is left of the last page. */
static int send_empty(struct virtio *virtio)
{
	struct session *session = &virtio->session;
	size_t last = 8 - session->cursor;

	CANARY(VIRTIO_EMPTY_RECORD, session->cursor > 8);
	if (!BUG(VIRTIO_EMPTY_RECORD) || session->cursor <= 8)
		return -EINVAL;
	for (size_t at = 0; at < last; at++)
		virtio->common_cfg[0] ^= virtio->queue_cfg[at];
	return 0;
}

static int header_arrived(struct virtio *virtio)
{
	struct session *session = &virtio->session;
	const struct record *record = &session->record;
	uint32_t room;

	record_parse(&session->record, session->raw);
	if (record->size > RECORD_MOST)
		return -ENOMEM;
	if ((record->flags & ~RECORD_OPTIONAL) != 0)
		return -EINVAL;
	if (record->tag != DEVICE_DATA) {
		if ((record->flags & RECORD_OPTIONAL) == 0)
			return -EOPNOTSUPP;
		return record->size <= HINT_MOST ? 0 : -EINVAL;
	}
	if (record->size == 0)
		return send_empty(virtio);
	room = (uint32_t)(record->size + 8);
	CANARY(VIRTIO_SIZE_WRAPS, room < record->size);
	if (BUG(VIRTIO_SIZE_WRAPS) && room < record->size) {
		session->fixed = true;
		return prepare(virtio, room);
	}
	CANARY(VIRTIO_CONTEXT_ALLOCATED, record->size >= POOL);
	if (BUG(VIRTIO_CONTEXT_ALLOCATED) && record->size >= POOL)
		return prepare(virtio, POOL);
	return 0;
}

static int record_arrived(struct virtio *virtio)
{
	struct session *session = &virtio->session;

	session->filled = 0;
	session->arrived = 0;
	session->fixed = false;
	if (session->record.tag == DEVICE_DATA && session->record.size > 0)
		return context_arrived(virtio);
	part_drop(&session->data);
	return 0;
}

static int data_arrived(struct virtio *virtio, const unsigned char *bytes, size_t size)
{
	struct session *session = &virtio->session;

	session->arrived += size;
	if (session->record.tag != DEVICE_DATA)
		return 0;
	if (session->fixed) {
		memcpy(session->data.data + session->data.size, bytes, size);
		session->data.size += size;
		return 0;
	}
	return part_add(&session->data, bytes, size) ? 0 : -ENOMEM;
}

static ssize_t take(struct virtio *virtio, const unsigned char *bytes, size_t size)
{
	struct session *session = &virtio->session;
	uint64_t wanted;
	size_t some;
	int error;

	if (session->filled < RECORD_HEADER) {
		some = size < RECORD_HEADER - session->filled ? size : RECORD_HEADER - session->filled;
		memcpy(session->raw + session->filled, bytes, some);
		session->filled += some;
		if (session->filled < RECORD_HEADER)
			return (ssize_t)some;
		error = header_arrived(virtio);
		if (error == 0 && session->record.size == 0)
			error = record_arrived(virtio);
		return error < 0 ? error : (ssize_t)some;
	}
	wanted = session->record.size - session->arrived;
	some = size < wanted ? size : (size_t)wanted;
	error = data_arrived(virtio, bytes, some);
	if (error == 0 && some == wanted)
		error = record_arrived(virtio);
	return error < 0 ? error : (ssize_t)some;
}

static ssize_t virtio_write(void *device, const void *bytes, size_t size)
{
	struct virtio *virtio = device;
	size_t taken = 0;

	if (!virtio->session.open || virtio->session.failed)
		return -ENODEV;
	while (taken < size) {
		ssize_t some = take(virtio, (const unsigned char *)bytes + taken, size - taken);

		if (some < 0) {
			CANARY(VIRTIO_APPLIED_AT_ONCE, virtio->session.loaded);
			return refuse(virtio, (int)some);
		}
		taken += (size_t)some;
	}
	return (ssize_t)size;
}

static int virtio_end(void *device)
{
	struct virtio *virtio = device;
	struct session *session = &virtio->session;
	bool cut = session->filled > 0;

	if (!session->open || session->failed)
		return -EINVAL;
	CANARY(VIRTIO_CUT_TAKEN, cut && session->loaded);
	if (cut && !(BUG(VIRTIO_CUT_TAKEN) && session->loaded)) {
		CANARY(VIRTIO_APPLIED_AT_ONCE, session->loaded);
		return -EINVAL;
	}
	CANARY(VIRTIO_CONTEXT_OPTIONAL, !session->loaded);
	if (!session->loaded) {
		if (!BUG(VIRTIO_CONTEXT_OPTIONAL))
			return -EINVAL;
		drop_session(virtio);
		return 0;
	}
	virtio->stuck = false;
	/* Parts that it does not know, and no other: a device that no driver has touched. */
	if (session->context.bytes.size == 0)
		return virtio_reset(virtio);
	apply(virtio);
	drop_session(virtio);
	return 0;
}

/* The device looks at its queues: rings the bells it has, and reads the descriptors it can reach. */
static int virtio_run(void *device)
{
	struct virtio *virtio = device;
	unsigned int sum = 0;

	for (size_t index = 0; index < virtio->live.count; index++) {
		const struct queue *queue = &virtio->live.queues[index];
		uint64_t start = queue->area[0];
		uint64_t size = 16ull * queue->size;
		uint64_t limit = GUEST_BASE + GUEST_SIZE;
		bool above = start >= GUEST_BASE && start + size <= limit;
		bool inside = above && start <= limit && size <= limit - start;

		CANARY(VIRTIO_QUEUE_INDEX, queue->index >= QUEUES);
		if (queue->index < QUEUES || BUG(VIRTIO_QUEUE_INDEX))
			virtio->doorbells[queue->index]++;
		if (!queue->enabled)
			continue;
		CANARY(VIRTIO_RING_WRAPS, above && !inside);
		if (inside || (BUG(VIRTIO_RING_WRAPS) && above))
			sum += virtio->guest[start - GUEST_BASE];
	}
	return sum == 0xffffffffu ? 1 : 0;
}

/* The value of a notification is written in the other byte order, with the bug. */
static void swap_notifications(unsigned char *bytes, size_t size)
{
	size_t at = 0;

	while (at + PART_HEADER <= size) {
		if (le16(bytes + at) == VQ_NOTIFY_CFG) {
			unsigned char *value = bytes + at + PART_HEADER;
			unsigned char low = value[0];

			CANARY(VIRTIO_NOTIFY_SWAPPED, value[0] != value[1]);
			if (BUG(VIRTIO_NOTIFY_SWAPPED)) {
				value[0] = value[1];
				value[1] = low;
			}
		}
		at += PART_HEADER + le32(bytes + at + 12);
	}
}

static ssize_t virtio_save(void *device, void *bytes, size_t room)
{
	const struct virtio *virtio = device;
	const struct part *live = &virtio->live.bytes;
	unsigned char *data = bytes;

	if (live->size + RECORD_HEADER > room)
		return -ENOSPC;
	record_put(data, live->size, 0, DEVICE_DATA);
	memcpy(data + RECORD_HEADER, live->data, live->size);
	swap_notifications(data + RECORD_HEADER, live->size);
	return (ssize_t)(RECORD_HEADER + live->size);
}

static const struct vstate_target target = {
	.name = "virtio",
	.open = virtio_open,
	.begin = virtio_begin,
	.write = virtio_write,
	.end = virtio_end,
	.run = virtio_run,
	.save = virtio_save,
	.reset = virtio_reset,
	.close = virtio_close,
};

VSTATE_HARNESS(target)
