/* A piece of a state that grows as its bytes arrive, never ahead of them. */
#ifndef PART_H
#define PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct part {
	unsigned char *data;
	size_t size;
	size_t room;
};

static inline void part_drop(struct part *part)
{
	free(part->data);
	memset(part, 0, sizeof(*part));
}

static inline bool part_add(struct part *part, const void *bytes, size_t size)
{
	if (size > part->room - part->size) {
		size_t room = part->size + size > 2 * part->room ? part->size + size : 2 * part->room;
		unsigned char *data = realloc(part->data, room);

		if (data == NULL)
			return false;
		part->data = data;
		part->room = room;
	}
	if (size > 0)
		memcpy(part->data + part->size, bytes, size);
	part->size += size;
	return true;
}

/* Gives back what was taken in advance, so that the part has exactly its bytes. */
static inline void part_fit(struct part *part)
{
	unsigned char *data;

	if (part->size == part->room || part->size == 0)
		return;
	data = realloc(part->data, part->size);
	if (data == NULL)
		return;
	part->data = data;
	part->room = part->size;
}

/* One part takes the bytes of another, which is empty afterwards. */
static inline void part_move(struct part *to, struct part *from)
{
	free(to->data);
	*to = *from;
	memset(from, 0, sizeof(*from));
}

#endif
