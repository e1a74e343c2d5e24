/* Numbers as they stand in a state, little-endian at any address. */
#ifndef BYTES_H
#define BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint16_t le16(const unsigned char *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t le32(const unsigned char *at)
{
	return le16(at) | (uint32_t)le16(at + 2) << 16;
}

static inline uint64_t le64(const unsigned char *at)
{
	return le32(at) | (uint64_t)le32(at + 4) << 32;
}

static inline void put_le16(unsigned char *at, uint16_t value)
{
	at[0] = (unsigned char)value;
	at[1] = (unsigned char)(value >> 8);
}

static inline void put_le32(unsigned char *at, uint32_t value)
{
	put_le16(at, (uint16_t)value);
	put_le16(at + 2, (uint16_t)(value >> 16));
}

static inline void put_le64(unsigned char *at, uint64_t value)
{
	put_le32(at, (uint32_t)value);
	put_le32(at + 4, (uint32_t)(value >> 32));
}

static inline bool all_zero(const unsigned char *at, size_t size)
{
	unsigned char set = 0;

	for (size_t index = 0; index < size; index++)
		set |= at[index];
	return set == 0;
}

#endif
