/* The record header that the mlx5 and virtio drivers share: 16 bytes. */
#ifndef RECORD_H
#define RECORD_H

#include "../bytes.h"

#define RECORD_HEADER 16
#define RECORD_OPTIONAL 1u
/* More than this cannot be handed to a device. */
#define RECORD_MOST 0xffffffffu
/* An optional record is a hint; more than this is none. */
#define HINT_MOST 0x10000u
/* What a size that nothing backs may take at most: the pages of the pool. */
#define POOL (64u << 20)

struct record {
	uint64_t size;
	uint32_t flags;
	uint32_t tag;
};

static inline void record_parse(struct record *record, const unsigned char *raw)
{
	record->size = le64(raw);
	record->flags = le32(raw + 8);
	record->tag = le32(raw + 12);
}

static inline size_t record_put(unsigned char *to, uint64_t size, uint32_t flags, uint32_t tag)
{
	put_le64(to, size);
	put_le32(to + 8, flags);
	put_le32(to + 12, tag);
	return RECORD_HEADER;
}

#endif
