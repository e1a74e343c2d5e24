/** Parts of a skeleton that are the same for every format. */
export const READ_NUMBER =
  `static int read_number(struct reader *reader, unsigned int bytes, bool little, uint64_t *to)
{
	*to = 0;
	if (bytes > reader->left)
		return -EMSGSIZE;
	for (unsigned int index = 0; index < bytes; index++)
		*to |= (uint64_t)reader->at[index] << 8 * (little ? index : bytes - 1 - index);
	reader->at += bytes;
	reader->left -= bytes;
	return 0;
}
`.split('\n');

export const READ_BYTES =
  `static int read_bytes(struct reader *reader, uint64_t size, const unsigned char **to)
{
	if (size > reader->left)
		return -EMSGSIZE;
	*to = reader->at;
	reader->at += size;
	reader->left -= (size_t)size;
	return 0;
}
`.split('\n');

/** Hooks that gather what is written, and read it at the end. */
export const hooks = (prefix: string, title: string): readonly string[] =>
  `static void *${prefix}_open(void)
{
	return calloc(1, sizeof(struct ${prefix}_device));
}

static int ${prefix}_begin(void *at)
{
	struct ${prefix}_device *device = at;

	free(device->written);
	device->written = NULL;
	device->size = 0;
	device->resuming = true;
	return 0;
}

static ssize_t ${prefix}_write(void *at, const void *bytes, size_t size)
{
	struct ${prefix}_device *device = at;
	unsigned char *more;

	if (!device->resuming)
		return -EBADF;
	if (size > MOST_BYTES - device->size)
		return -EFBIG;
	if (size == 0)
		return 0;
	/* FILL IN: a driver that reads while bytes come must do so here, not in ${prefix}_end. */
	more = realloc(device->written, device->size + size);
	if (more == NULL)
		return -ENOMEM;
	memcpy(more + device->size, bytes, size);
	device->written = more;
	device->size += size;
	return (ssize_t)size;
}

static int ${prefix}_end(void *at)
{
	struct ${prefix}_device *device = at;
	struct reader reader = { .at = device->written, .left = device->size };

	if (!device->resuming)
		return -EINVAL;
	device->resuming = false;
	return read_state(device, &reader);
}

static void ${prefix}_close(void *at)
{
	struct ${prefix}_device *device = at;

	free(device->written);
	free(device);
}

static const struct vstate_target ${prefix}_target = {
	.name = "${title}",
	.open = ${prefix}_open,
	.begin = ${prefix}_begin,
	.write = ${prefix}_write,
	.end = ${prefix}_end,
	/* FILL IN: .run uses what was restored, .save reads it back, .reset resets the device. */
	.close = ${prefix}_close,
};

VSTATE_HARNESS(${prefix}_target)
`.split('\n');
