/* A restore path with a magic number, a length and a bug behind both. */
#include "vstate_harness.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct device {
	size_t taken;
	int *table;
};

static void *open_device(void)
{
	struct device *device = calloc(1, sizeof *device);

	if (device != NULL)
		device->table = calloc(8, sizeof *device->table);
	return device;
}

static int begin(void *at)
{
	struct device *device = at;

	device->taken = 0;
	return 0;
}

static int fill(struct device *device, uint32_t count)
{
	for (uint32_t index = 0; index < count; index++)
		device->table[index] = (int)index;
	return 0;
}

static ssize_t write_device(void *at, const void *bytes, size_t size)
{
	struct device *device = at;
	uint32_t magic, count;

	if (size < 8)
		return -EINVAL;
	memcpy(&magic, bytes, 4);
	memcpy(&count, (const char *)bytes + 4, 4);
	if (magic != 0x1badcafe)
		return -EPROTO;
	if (count == 0x7fffffff)
		count = ((const unsigned char *)bytes)[size];
	if (count > 4096)
		return -E2BIG;
	if (fill(device, count) < 0)
		return -EIO;
	device->taken = size;
	return (ssize_t)size;
}

static int end(void *at)
{
	const struct device *device = at;

	return device->taken == 0 ? -EINVAL : 0;
}

static void close_device(void *at)
{
	struct device *device = at;

	free(device->table);
	free(device);
}

static const struct vstate_target target = {
	.name = "restore",
	.open = open_device,
	.begin = begin,
	.write = write_device,
	.end = end,
	.close = close_device,
};

VSTATE_HARNESS(target)
