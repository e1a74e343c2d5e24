/*
 * Drives the migration of one VFIO device for vstate-check, or reads the kernel's log for it.
 *
 *   vstate_vfio cdev /dev/vfio/devices/vfio0
 *   vstate_vfio group /dev/vfio/12 NAME
 *   vstate_vfio log
 *
 * Requests come on standard input and answers go to standard output, in frames of the machine's byte
 * order; docs/targets.md has the protocol. One request is one call to the kernel, and its errno is the
 * answer. Nothing is retried, and nothing but the device, its group and /dev/kmsg is opened.
 *
 * The numbers are those of linux include/uapi/linux/vfio.h and include/uapi/linux/iommufd.h. They
 * stand here because the headers of a distribution are often older than its kernel.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define VFIO_CALL(number) ((unsigned long)0x3b64 + (number))
#define VFIO_SET_IOMMU VFIO_CALL(2)
#define VFIO_GROUP_GET_STATUS VFIO_CALL(3)
#define VFIO_GROUP_SET_CONTAINER VFIO_CALL(4)
#define VFIO_GROUP_GET_DEVICE_FD VFIO_CALL(6)
#define VFIO_DEVICE_GET_INFO VFIO_CALL(7)
#define VFIO_DEVICE_GET_REGION_INFO VFIO_CALL(8)
#define VFIO_DEVICE_RESET VFIO_CALL(11)
#define VFIO_DEVICE_FEATURE VFIO_CALL(17)
#define VFIO_DEVICE_BIND_IOMMUFD VFIO_CALL(18)
#define VFIO_DEVICE_ATTACH_IOMMUFD_PT VFIO_CALL(19)
#define IOMMU_IOAS_ALLOC ((unsigned long)0x3b81)

#define VFIO_TYPE1v2_IOMMU 3
#define VFIO_GROUP_FLAGS_VIABLE 1u
#define VFIO_REGION_INFO_FLAG_READ 1u
#define FEATURE_GET (1u << 16)
#define FEATURE_SET (1u << 17)
#define FEATURE_MIGRATION 1u
#define FEATURE_MIG_DEVICE_STATE 2u

/* struct vfio_device_feature with 8 bytes of data, which both features that are used here have. */
struct feature {
	uint32_t argsz;
	uint32_t flags;
	union {
		uint64_t migration;
		struct {
			uint32_t device_state;
			int32_t data_fd;
		} state;
	} data;
};

struct device_info {
	uint32_t argsz, flags, num_regions, num_irqs, cap_offset, pad;
};

struct region_info {
	uint32_t argsz, flags, index, cap_offset;
	uint64_t size, offset;
};

enum operation {
	HELLO = 0,
	SET_STATE = 1,
	GET_STATE = 2,
	WRITE = 3,
	READ = 4,
	RESET = 5,
	REOPEN = 6,
	MIGRATION = 7,
	LOOK = 8,
	LOG = 9,
};

struct request {
	uint32_t operation;
	uint32_t size;
};

struct answer {
	uint32_t operation;
	int32_t value;
	uint32_t size;
	uint32_t zero;
};

#define MOST_PAYLOAD (64u << 20)
#define MOST_READ (1u << 20)
#define MOST_LOG (64u << 10)
#define MOST_REGIONS 64u

static char **arguments;
static int container = -1;
static int group = -1;
static int device = -1;
static int data = -1;
static int kernel_log = -1;
/* The call that failed when the device was opened. */
static char failed[512];

/* 0 at the end of the file before the first byte. */
static int read_all(void *bytes, size_t size)
{
	size_t at = 0;

	while (at < size) {
		ssize_t got = read(STDIN_FILENO, (char *)bytes + at, size - at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			if (got == 0 && at == 0)
				return 0;
			exit(2);
		}
		at += (size_t)got;
	}
	return 1;
}

static void write_all(const void *bytes, size_t size)
{
	size_t at = 0;

	while (at < size) {
		ssize_t put = write(STDOUT_FILENO, (const char *)bytes + at, size - at);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			exit(2);
		at += (size_t)put;
	}
}

static void answer(uint32_t operation, long value, const void *bytes, size_t size)
{
	const struct answer head = { operation, (int32_t)value, (uint32_t)size, 0 };

	write_all(&head, sizeof head);
	if (size > 0)
		write_all(bytes, size);
}

static int failure(const char *call, const char *what)
{
	int error = errno;

	snprintf(failed, sizeof failed, "%s %s: %s", call, what, strerror(error));
	return -(error == 0 ? EIO : error);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_device(void)
{
	close_fd(&data);
	close_fd(&device);
	close_fd(&group);
	close_fd(&container);
}

static int open_cdev(const char *path)
{
	struct {
		uint32_t argsz, flags;
		int32_t iommufd;
		uint32_t out_devid;
	} bind = { sizeof bind, 0, -1, 0 };
	struct {
		uint32_t size, flags, out_ioas_id;
	} space = { sizeof space, 0, 0 };
	struct {
		uint32_t argsz, flags, pt_id;
	} attach = { sizeof attach, 0, 0 };

	device = open(path, O_RDWR | O_CLOEXEC);
	if (device < 0)
		return failure("open", path);
	container = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (container < 0)
		return failure("open", "/dev/iommu");
	bind.iommufd = container;
	if (ioctl(device, VFIO_DEVICE_BIND_IOMMUFD, &bind) < 0)
		return failure("VFIO_DEVICE_BIND_IOMMUFD", path);
	if (ioctl(container, IOMMU_IOAS_ALLOC, &space) < 0)
		return failure("IOMMU_IOAS_ALLOC", "/dev/iommu");
	attach.pt_id = space.out_ioas_id;
	if (ioctl(device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach) < 0)
		return failure("VFIO_DEVICE_ATTACH_IOMMUFD_PT", path);
	return 0;
}

static int open_group(const char *path, const char *name)
{
	struct {
		uint32_t argsz, flags;
	} status = { sizeof status, 0 };

	container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (container < 0)
		return failure("open", "/dev/vfio/vfio");
	group = open(path, O_RDWR | O_CLOEXEC);
	if (group < 0)
		return failure("open", path);
	if (ioctl(group, VFIO_GROUP_GET_STATUS, &status) < 0)
		return failure("VFIO_GROUP_GET_STATUS", path);
	if ((status.flags & VFIO_GROUP_FLAGS_VIABLE) == 0) {
		errno = EBUSY;
		return failure("not every device of the group is bound to VFIO:", path);
	}
	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) < 0)
		return failure("VFIO_GROUP_SET_CONTAINER", path);
	if (ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) < 0)
		return failure("VFIO_SET_IOMMU", "VFIO_TYPE1v2_IOMMU");
	device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, name);
	return device < 0 ? failure("VFIO_GROUP_GET_DEVICE_FD", name) : 0;
}

static int open_device(void)
{
	int error;

	close_device();
	failed[0] = '\0';
	if (strcmp(arguments[1], "cdev") == 0)
		error = open_cdev(arguments[2]);
	else
		error = open_group(arguments[2], arguments[3]);
	if (error < 0)
		close_device();
	return error;
}

/* Lines that were there before are not ours; a log that may not be read is no hindrance. */
static int open_log(void)
{
	kernel_log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kernel_log < 0)
		return failure("open", "/dev/kmsg");
	if (lseek(kernel_log, 0, SEEK_END) < 0)
		return failure("lseek", "/dev/kmsg");
	return 0;
}

static long set_state(uint32_t state)
{
	struct feature feature = { sizeof feature, FEATURE_SET | FEATURE_MIG_DEVICE_STATE, { 0 } };

	feature.data.state.device_state = state;
	feature.data.state.data_fd = -1;
	if (ioctl(device, VFIO_DEVICE_FEATURE, &feature) < 0)
		return -errno;
	if (feature.data.state.data_fd >= 0) {
		/* The descriptor before stays until now: what it answers behind its end is to be seen. */
		close_fd(&data);
		data = feature.data.state.data_fd;
	}
	return 0;
}

static long get_feature(uint32_t number, struct feature *feature)
{
	*feature = (struct feature){ sizeof *feature, FEATURE_GET | number, { 0 } };
	return ioctl(device, VFIO_DEVICE_FEATURE, feature) < 0 ? -errno : 0;
}

/* The guest looks at the first word of each region that can be read. */
static long look(void)
{
	struct device_info info = { sizeof info, 0, 0, 0, 0, 0 };

	if (ioctl(device, VFIO_DEVICE_GET_INFO, &info) < 0)
		return -errno;
	for (uint32_t index = 0; index < info.num_regions && index < MOST_REGIONS; index++) {
		struct region_info region = { sizeof region, 0, index, 0, 0, 0 };
		uint32_t word;

		if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &region) < 0)
			continue;
		if ((region.flags & VFIO_REGION_INFO_FLAG_READ) == 0 || region.size < sizeof word)
			continue;
		/* What a region answers is its own affair; that it was asked counts. */
		if (pread(device, &word, sizeof word, (off_t)region.offset) < 0)
			continue;
	}
	return 0;
}

/* Each read gives one record: `priority,sequence,time,flags;text`, then lines that begin with a space. */
static void answer_log(void)
{
	static char text[MOST_LOG];
	char record[8192];
	size_t size = 0;

	if (kernel_log < 0) {
		answer(LOG, -EBADF, NULL, 0);
		return;
	}
	for (;;) {
		ssize_t got = read(kernel_log, record, sizeof record);
		const char *from;
		const char *end;

		/* Records that were overwritten before we came (EPIPE) are gone; the next one is there. */
		if (got < 0 && (errno == EINTR || errno == EPIPE))
			continue;
		if (got <= 0)
			break;
		from = memchr(record, ';', (size_t)got);
		if (from == NULL)
			continue;
		from += 1;
		end = memchr(from, '\n', (size_t)(record + got - from));
		if (end == NULL)
			end = record + got;
		/* What comes first is the cause; the rest of a flood is read and dropped. */
		if ((size_t)(end - from) + 1 > sizeof text - size)
			continue;
		memcpy(text + size, from, (size_t)(end - from));
		size += (size_t)(end - from);
		text[size++] = '\n';
	}
	answer(LOG, 0, text, size);
}

static uint32_t word_of(const unsigned char *bytes, uint32_t size)
{
	uint32_t word = 0;

	if (size != sizeof word)
		exit(2);
	memcpy(&word, bytes, sizeof word);
	return word;
}

static void carry_out(uint32_t operation, const unsigned char *bytes, uint32_t size)
{
	static unsigned char out[MOST_READ];
	struct feature feature;
	uint32_t wanted;
	long value;

	switch (operation) {
	case SET_STATE:
		answer(operation, set_state(word_of(bytes, size)), NULL, 0);
		return;
	case GET_STATE:
		value = get_feature(FEATURE_MIG_DEVICE_STATE, &feature);
		answer(operation, value < 0 ? value : (long)feature.data.state.device_state, NULL, 0);
		return;
	case MIGRATION:
		value = get_feature(FEATURE_MIGRATION, &feature);
		answer(operation, value, &feature.data.migration, value < 0 ? 0 : 8);
		return;
	case WRITE:
		value = write(data, bytes, size);
		answer(operation, value < 0 ? -errno : value, NULL, 0);
		return;
	case READ:
		wanted = word_of(bytes, size);
		value = read(data, out, wanted > MOST_READ ? MOST_READ : wanted);
		answer(operation, value < 0 ? -errno : value, out, value < 0 ? 0 : (size_t)value);
		return;
	case RESET:
		answer(operation, ioctl(device, VFIO_DEVICE_RESET) < 0 ? -errno : 0, NULL, 0);
		return;
	case REOPEN:
		value = open_device();
		answer(operation, value, failed, strlen(failed));
		return;
	case LOOK:
		answer(operation, look(), NULL, 0);
		return;
	case LOG:
		answer_log();
		return;
	default:
		exit(2);
	}
}

int main(int count, char **words)
{
	unsigned char *payload = NULL;
	uint32_t room = 0;
	struct request head;
	int error;

	arguments = words;
	if (count == 2 && strcmp(words[1], "log") == 0) {
		error = open_log();
	} else if ((count == 3 && strcmp(words[1], "cdev") == 0) ||
		   (count == 4 && strcmp(words[1], "group") == 0)) {
		error = open_device();
	} else {
		fputs("vstate_vfio cdev PATH | group PATH NAME | log\n", stderr);
		return 2;
	}
	answer(HELLO, error, failed, strlen(failed));
	if (error < 0)
		return 1;
	while (read_all(&head, sizeof head)) {
		if (head.size > MOST_PAYLOAD)
			return 2;
		if (head.size > room) {
			free(payload);
			payload = malloc(head.size);
			if (payload == NULL)
				return 2;
			room = head.size;
		}
		if (head.size > 0 && !read_all(payload, head.size))
			return 2;
		/* The log has no device behind it. */
		if (kernel_log >= 0 && head.operation != LOG)
			return 2;
		carry_out(head.operation, payload, head.size);
	}
	close_device();
	free(payload);
	return 0;
}
