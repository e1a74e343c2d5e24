/*
 * A network function in the manner of linux drivers/vfio/pci/mlx5/main.c: records with a header of
 * 16 bytes to the end of the stream; a size record, and images that the firmware loads.
 *
 * Sound, it takes memory for an image as its bytes arrive, whatever a size record announces, takes one
 * size record in front of the images, passes over small optional records without keeping them, and
 * leaves RESUMING only behind a whole record.
 */
#include "../bugs.h"
#include "part.h"
#include "record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vstate_harness.h"

enum { FW_DATA, STOP_COPY_SIZE };

#define SIZE_RECORD 8
/* The table of images and that of tags that a bug believes to be large enough. */
#define TABLE 8
#define TAGS 128

struct images {
	struct part *of;
	size_t count;
	size_t room;
	bool announced;
	uint64_t announcement;
};

struct session {
	bool open;
	bool failed;
	unsigned char raw[RECORD_HEADER];
	size_t filled;
	struct record record;
	/* Bytes of the record's data that have arrived, and those of them that are kept. */
	uint64_t arrived;
	struct part data;
	/* With a bug: room for the data that is not grown. */
	bool fixed;
	struct images images;
	/* The last thing that arrived was the last byte of an image. */
	bool behind_image;
	unsigned char *tags;
};

struct mlx5 {
	struct session session;
	struct images live;
};

static void drop_images(struct images *images)
{
	for (size_t index = 0; index < images->count; index++)
		part_drop(&images->of[index]);
	free(images->of);
	memset(images, 0, sizeof(*images));
}

static bool add_image(struct images *images, struct part *image)
{
	bool full = images->count >= TABLE;
	size_t count = images->count;

	CANARY(MLX5_IMAGE_TABLE, full);
	if (count == images->room && (count == 0 || !BUG(MLX5_IMAGE_TABLE))) {
		size_t room = count > 0 ? 2 * count : TABLE;
		struct part *of = realloc(images->of, room * sizeof(*of));

		if (of == NULL)
			return false;
		images->of = of;
		images->room = room;
	}
	memset(&images->of[count], 0, sizeof(images->of[count]));
	part_move(&images->of[count], image);
	images->count++;
	return true;
}

static void drop_session(struct mlx5 *mlx5)
{
	drop_images(&mlx5->session.images);
	part_drop(&mlx5->session.data);
	free(mlx5->session.tags);
	memset(&mlx5->session, 0, sizeof(mlx5->session));
}

/* A function that was reset has the firmware's first image. */
static int mlx5_reset(void *device)
{
	static const unsigned char first[16];
	struct mlx5 *mlx5 = device;
	struct part image = { 0 };

	drop_session(mlx5);
	drop_images(&mlx5->live);
	if (!part_add(&image, first, sizeof(first)) || !add_image(&mlx5->live, &image)) {
		part_drop(&image);
		return -ENOMEM;
	}
	return 0;
}

static void mlx5_close(void *device)
{
	struct mlx5 *mlx5 = device;

	drop_session(mlx5);
	drop_images(&mlx5->live);
	free(mlx5);
}

static void *mlx5_open(void)
{
	struct mlx5 *mlx5;

	bugs_begin();
	mlx5 = calloc(1, sizeof(*mlx5));
	if (mlx5 != NULL && mlx5_reset(mlx5) < 0) {
		mlx5_close(mlx5);
		return NULL;
	}
	return mlx5;
}

static int mlx5_begin(void *device)
{
	struct mlx5 *mlx5 = device;

	drop_session(mlx5);
	mlx5->session.tags = calloc(1, TAGS);
	if (mlx5->session.tags == NULL)
		return -ENOMEM;
	mlx5->session.open = true;
	return 0;
}

static ssize_t refuse(struct mlx5 *mlx5, int error)
{
	mlx5->session.failed = true;
	CANARY(MLX5_REFUSAL_FREES, true);
	if (BUG(MLX5_REFUSAL_FREES))
		free(mlx5->session.tags);
	return error;
}

/* With a bug, memory is taken that only a number asked for. */
static int prepare(struct mlx5 *mlx5, size_t room)
{
	struct part *data = &mlx5->session.data;

	part_drop(data);
	data->data = malloc(room > 0 ? room : 1);
	if (data->data == NULL)
		return -ENOMEM;
	memset(data->data, 0, room);
	data->room = room;
	return 0;
}

static int prepare_image(struct mlx5 *mlx5)
{
	struct session *session = &mlx5->session;
	uint64_t size = session->record.size;
	uint64_t announced = session->images.announcement;
	uint32_t sum = (uint32_t)(announced + size);

	if (!session->images.announced)
		return 0;
	CANARY(MLX5_ANNOUNCED_ALLOCATED, announced >= POOL);
	CANARY(MLX5_IMAGE_PAST_ANNOUNCED, size > announced);
	CANARY(MLX5_SIZES_WRAP, sum < size);
	if (BUG(MLX5_ANNOUNCED_ALLOCATED) && announced >= POOL)
		return prepare(mlx5, POOL);
	if (BUG(MLX5_IMAGE_PAST_ANNOUNCED) && size > announced) {
		session->fixed = true;
		return prepare(mlx5, (size_t)announced);
	}
	if (BUG(MLX5_SIZES_WRAP) && sum < size) {
		session->fixed = true;
		return prepare(mlx5, sum);
	}
	return 0;
}

static int known_header(struct mlx5 *mlx5)
{
	const struct record *record = &mlx5->session.record;

	if (record->tag == FW_DATA) {
		if (record->size == 0)
			return -EINVAL;
		return prepare_image(mlx5);
	}
	if (mlx5->session.images.announced || mlx5->session.images.count > 0)
		return -EINVAL;
	CANARY(MLX5_SIZE_RECORD_LONG, record->size > SIZE_RECORD);
	if (record->size > SIZE_RECORD && BUG(MLX5_SIZE_RECORD_LONG)) {
		mlx5->session.fixed = true;
		return prepare(mlx5, SIZE_RECORD);
	}
	CANARY(MLX5_SIZE_RECORD_SHORT, record->size < SIZE_RECORD);
	if (record->size < SIZE_RECORD && BUG(MLX5_SIZE_RECORD_SHORT))
		return 0;
	return record->size == SIZE_RECORD ? 0 : -EINVAL;
}

static int header_arrived(struct mlx5 *mlx5)
{
	const struct record *record = &mlx5->session.record;

	record_parse(&mlx5->session.record, mlx5->session.raw);
	if (record->size > RECORD_MOST)
		return -ENOMEM;
	if ((record->flags & ~RECORD_OPTIONAL) != 0)
		return -EINVAL;
	if (record->tag == FW_DATA || record->tag == STOP_COPY_SIZE)
		return known_header(mlx5);
	if ((record->flags & RECORD_OPTIONAL) == 0)
		return -EOPNOTSUPP;
	CANARY(MLX5_TAG_INDEX, record->tag >= TAGS);
	if (record->tag < TAGS || BUG(MLX5_TAG_INDEX))
		mlx5->session.tags[record->tag]++;
	CANARY(MLX5_OPTIONAL_ALLOCATED, record->size >= POOL);
	if (BUG(MLX5_OPTIONAL_ALLOCATED) && record->size >= POOL)
		return prepare(mlx5, POOL);
	return record->size <= HINT_MOST ? 0 : -EINVAL;
}

static int record_arrived(struct mlx5 *mlx5)
{
	struct session *session = &mlx5->session;
	unsigned char value[SIZE_RECORD] = { 0 };
	uint64_t announcement;

	session->filled = 0;
	session->arrived = 0;
	session->fixed = false;
	if (session->record.tag == FW_DATA) {
		part_fit(&session->data);
		if (!add_image(&session->images, &session->data))
			return -ENOMEM;
		session->behind_image = true;
		return 0;
	}
	if (session->record.tag == STOP_COPY_SIZE) {
		if (session->data.size > 0)
			memcpy(value, session->data.data, session->data.size);
		announcement = le64(value);
		if (announcement > RECORD_MOST)
			return -EINVAL;
		session->images.announced = true;
		session->images.announcement = announcement;
	}
	part_drop(&session->data);
	return 0;
}

static int data_arrived(struct mlx5 *mlx5, const unsigned char *bytes, size_t size)
{
	struct session *session = &mlx5->session;
	bool known = session->record.tag == FW_DATA || session->record.tag == STOP_COPY_SIZE;

	session->arrived += size;
	if (!known)
		return 0;
	if (session->fixed) {
		memcpy(session->data.data + session->data.size, bytes, size);
		session->data.size += size;
		return 0;
	}
	return part_add(&session->data, bytes, size) ? 0 : -ENOMEM;
}

static ssize_t take(struct mlx5 *mlx5, const unsigned char *bytes, size_t size)
{
	struct session *session = &mlx5->session;
	uint64_t wanted;
	size_t some;
	int error = 0;

	session->behind_image = false;
	if (session->filled < RECORD_HEADER) {
		some = size < RECORD_HEADER - session->filled ? size : RECORD_HEADER - session->filled;
		memcpy(session->raw + session->filled, bytes, some);
		session->filled += some;
		if (session->filled < RECORD_HEADER)
			return (ssize_t)some;
		record_parse(&session->record, session->raw);
		if (session->record.tag == FW_DATA && session->record.size == 0 && some == size) {
			/* An empty image is looked at when the next byte arrives; but this ends a write. */
			CANARY(MLX5_EMPTY_IMAGE_CUT, true);
			if (BUG(MLX5_EMPTY_IMAGE_CUT)) {
				session->filled = 0;
				return (ssize_t)some;
			}
		}
		error = header_arrived(mlx5);
		if (error < 0)
			return error;
		if (session->record.tag > STOP_COPY_SIZE && session->record.size == 0) {
			CANARY(MLX5_EMPTY_RECORD_HANGS, true);
			while (BUG(MLX5_EMPTY_RECORD_HANGS) && session->record.size == session->arrived)
				some = 0; /* Nothing is left to pass over, and the record never ends. */
		}
		if (session->record.size == 0)
			error = record_arrived(mlx5);
		return error < 0 ? error : (ssize_t)some;
	}
	wanted = session->record.size - session->arrived;
	some = size < wanted ? size : (size_t)wanted;
	error = data_arrived(mlx5, bytes, some);
	if (error == 0 && some == wanted)
		error = record_arrived(mlx5);
	return error < 0 ? error : (ssize_t)some;
}

/* The image that the last write ended with is given to the firmware once more. */
static int load_again(struct mlx5 *mlx5)
{
	struct images *images = &mlx5->session.images;
	struct part image = { 0 };
	const struct part *last;

	CANARY(MLX5_LOADED_TWICE, mlx5->session.behind_image);
	if (!BUG(MLX5_LOADED_TWICE) || !mlx5->session.behind_image)
		return 0;
	last = &images->of[images->count - 1];
	if (!part_add(&image, last->data, last->size) || !add_image(images, &image)) {
		part_drop(&image);
		return -ENOMEM;
	}
	return 0;
}

static ssize_t mlx5_write(void *device, const void *bytes, size_t size)
{
	struct mlx5 *mlx5 = device;
	size_t taken = 0;

	if (!mlx5->session.open)
		return -ENODEV;
	if (mlx5->session.failed)
		return -ENODEV;
	if (size > 0 && load_again(mlx5) < 0)
		return refuse(mlx5, -ENOMEM);
	while (taken < size) {
		ssize_t some = take(mlx5, (const unsigned char *)bytes + taken, size - taken);

		if (some < 0)
			return refuse(mlx5, (int)some);
		taken += (size_t)some;
	}
	return (ssize_t)size;
}

/* The buffer of the image before is used again; with the bug it keeps its size as well. */
static void keep_tail(struct images *live, struct images *images)
{
	struct part *old = live->count > 0 ? &live->of[0] : NULL;
	struct part *new = images->count > 0 ? &images->of[0] : NULL;

	if (old == NULL || new == NULL || old->size <= new->size)
		return;
	CANARY(MLX5_STALE_IMAGE, true);
	if (!BUG(MLX5_STALE_IMAGE))
		return;
	memcpy(old->data, new->data, new->size);
	part_move(new, old);
}

static int mlx5_end(void *device)
{
	struct mlx5 *mlx5 = device;
	struct session *session = &mlx5->session;
	bool any = session->images.count > 0;
	bool cut = session->filled > 0;

	if (!session->open)
		return -EINVAL;
	CANARY(MLX5_ERROR_FORGOTTEN, session->failed && any);
	if (session->failed && !(BUG(MLX5_ERROR_FORGOTTEN) && any))
		return -EIO;
	CANARY(MLX5_CUT_TAKEN, cut && any && !session->failed);
	if (cut && any && !session->failed && !BUG(MLX5_CUT_TAKEN))
		return -EINVAL;
	CANARY(MLX5_IMAGE_OPTIONAL, !any && !cut);
	if (!any && (cut || !BUG(MLX5_IMAGE_OPTIONAL)))
		return -EINVAL;
	keep_tail(&mlx5->live, &session->images);
	drop_images(&mlx5->live);
	mlx5->live = session->images;
	memset(&session->images, 0, sizeof(session->images));
	drop_session(mlx5);
	return 0;
}

static int mlx5_run(void *device)
{
	const struct mlx5 *mlx5 = device;
	unsigned int sum = 0;

	for (size_t index = 0; index < mlx5->live.count; index++)
		for (size_t at = 0; at < mlx5->live.of[index].size; at++)
			sum += mlx5->live.of[index].data[at];
	return sum == 0xffffffffu ? 1 : 0;
}

static ssize_t mlx5_save(void *device, void *bytes, size_t room)
{
	const struct mlx5 *mlx5 = device;
	const struct images *live = &mlx5->live;
	unsigned char *data = bytes;
	size_t need = RECORD_HEADER + SIZE_RECORD;
	size_t at = 0;

	for (size_t index = 0; index < live->count; index++)
		need += RECORD_HEADER + live->of[index].size;
	if (need > room)
		return -ENOSPC;
	if (live->announced) {
		at += record_put(data, SIZE_RECORD, RECORD_OPTIONAL, STOP_COPY_SIZE);
		put_le64(data + at, live->announcement);
		at += SIZE_RECORD;
	}
	for (size_t index = 0; index < live->count; index++) {
		at += record_put(data + at, live->of[index].size, 0, FW_DATA);
		memcpy(data + at, live->of[index].data, live->of[index].size);
		at += live->of[index].size;
	}
	return (ssize_t)at;
}

static const struct vstate_target target = {
	.name = "mlx5",
	.open = mlx5_open,
	.begin = mlx5_begin,
	.write = mlx5_write,
	.end = mlx5_end,
	.run = mlx5_run,
	.save = mlx5_save,
	.reset = mlx5_reset,
	.close = mlx5_close,
};

VSTATE_HARNESS(target)
