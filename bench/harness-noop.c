/* A restore path that does nothing: what is left is the cost of an execution itself. */
#include "vstate_harness.h"

static void *open_device(void)
{
	static int device;

	return &device;
}

static int nothing(void *device)
{
	(void)device;
	return 0;
}

static ssize_t write_device(void *device, const void *bytes, size_t size)
{
	(void)device;
	(void)bytes;
	return (ssize_t)size;
}

static void close_device(void *device)
{
	(void)device;
}

static const struct vstate_target target = {
	.name = "noop",
	.open = open_device,
	.begin = nothing,
	.write = write_device,
	.end = nothing,
	.close = close_device,
};

VSTATE_HARNESS(target)
