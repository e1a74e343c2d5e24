/*
 * A serial card behind /dev/vfio, for a process that has this library preloaded: it answers the calls
 * of the kernel's interface, in the manner of samples/vfio-mdev/mtty.c, so that the real helper runs
 * on it unchanged. State of one port: 24 bytes of header, 36 of port. FAKE_VFIO says what is wrong:
 * `head` writes to the log when a head past the FIFO is used, `die` dies then, `hang` waits for ever,
 * `arc`, `unknown`, `moves`, `late`, `short`, `pieces` and `reset` each break a rule of the interface,
 * `down` ends the process group of whoever drives the helper, and the helper, as a machine would.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ERROR, STOP, RUNNING, STOP_COPY, RESUMING, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P };
enum { SIZE = 60, PORT = 24, HEAD = PORT + 24 };

/* Numbers of descriptors that no kernel gives out here. */
enum { CONTAINER = 900, GROUP = 901, DEVICE = 902, DATA = 903 };

static int state = RUNNING;
static int writing;
static unsigned char image[SIZE];
static unsigned char current[SIZE];
static size_t at;
static int is_open;

static const char *mistake(void)
{
	const char *word = getenv("FAKE_VFIO");

	return word == NULL ? "" : word;
}

static void fresh(void)
{
	const char *path = getenv("FAKE_VFIO_STATE");
	FILE *file = path == NULL ? NULL : fopen(path, "re");

	if (file == NULL || fread(image, 1, SIZE, file) != SIZE)
		abort();
	fclose(file);
	state = RUNNING;
	at = 0;
	writing = 0;
}

/* The log is a file that only grows; each of its lines is a record of /dev/kmsg. */
static void say(const char *line)
{
	const char *path = getenv("FAKE_VFIO_LOG");
	FILE *file = path == NULL ? NULL : fopen(path, "ae");

	if (file == NULL)
		return;
	fprintf(file, "4,1,2,-;%s\n", line);
	fclose(file);
}

static void use_head(void)
{
	if (image[HEAD] < 16)
		return;
	if (strcmp(mistake(), "hang") == 0)
		for (;;)
			pause();
	if (strcmp(mistake(), "down") == 0) {
		kill(-getpgid(getppid()), SIGKILL);
		raise(SIGKILL);
	}
	if (strcmp(mistake(), "head") != 0 && strcmp(mistake(), "die") != 0)
		return;
	say("BUG: KASAN: slab-out-of-bounds in mtty_read+0x12/0x40 [mtty]");
	say("Call Trace:");
	say(" <TASK>");
	say(" dump_stack_lvl+0x5d/0x80");
	say(" mtty_read+0x12/0x40 [mtty]");
	say(" </TASK>");
	if (strcmp(mistake(), "die") == 0)
		raise(SIGKILL);
}

static int real_open(const char *path, int flags, mode_t mode)
{
	int (*next)(const char *, int, ...) = 0;
	void *found = dlsym(RTLD_NEXT, "open");

	memcpy(&next, &found, sizeof next);
	return next(path, flags, mode);
}

int open(const char *path, int flags, ...)
{
	va_list list;
	mode_t mode;

	va_start(list, flags);
	mode = (flags & O_CREAT) != 0 ? va_arg(list, mode_t) : 0;
	va_end(list);
	if (strcmp(path, "/dev/kmsg") == 0) {
		const char *log = getenv("FAKE_VFIO_LOG");

		if (log != NULL)
			return real_open(log, O_RDONLY | O_CLOEXEC, 0);
		errno = EPERM;
		return -1;
	}
	if (strncmp(path, "/dev/vfio/", 10) != 0 && strcmp(path, "/dev/iommu") != 0)
		return real_open(path, flags, mode);
	if (strcmp(path, "/dev/vfio/vfio") == 0 || strcmp(path, "/dev/iommu") == 0)
		return CONTAINER;
	if (strcmp(path, "/dev/vfio/7") == 0)
		return GROUP;
	if (strcmp(path, "/dev/vfio/devices/vfio3") == 0 && !is_open) {
		fresh();
		return DEVICE;
	}
	errno = strcmp(path, "/dev/vfio/devices/vfio3") == 0 ? EBUSY : ENOENT;
	return -1;
}

int close(int fd)
{
	int (*next)(int) = 0;
	void *found = dlsym(RTLD_NEXT, "close");

	memcpy(&next, &found, sizeof next);
	if (fd == DEVICE)
		is_open = 0;
	return fd >= CONTAINER && fd <= DATA ? 0 : next(fd);
}

static int refuse(int error)
{
	errno = error;
	return -1;
}

/* The kernel goes by steps of RUNNING_P2P and STOP; what remains is which ends cannot be reached. */
static int set_state(uint32_t *words)
{
	uint32_t wanted = words[2];

	words[3] = (uint32_t)-1;
	if (wanted > PRE_COPY_P2P && strcmp(mistake(), "unknown") == 0)
		return 0;
	if (wanted > PRE_COPY_P2P || wanted == ERROR || state == ERROR)
		return refuse(EINVAL);
	if (state == STOP_COPY && (wanted == PRE_COPY || wanted == PRE_COPY_P2P) &&
	    strcmp(mistake(), "arc") != 0) {
		if (strcmp(mistake(), "moves") == 0)
			state = STOP;
		return refuse(EINVAL);
	}
	if ((int)wanted == state)
		return 0;
	if (state == RESUMING) {
		if (at != SIZE && strcmp(mistake(), "short") != 0) {
			state = ERROR;
			return refuse(EINVAL);
		}
		memcpy(image, current, SIZE);
		writing = 0;
	}
	state = (int)wanted;
	at = 0;
	if (wanted == RESUMING)
		writing = 1;
	if (wanted == RESUMING || wanted == STOP_COPY || wanted >= PRE_COPY)
		words[3] = DATA;
	return 0;
}

int ioctl(int fd, unsigned long call, ...)
{
	va_list list;
	uint32_t *words;

	va_start(list, call);
	words = va_arg(list, uint32_t *);
	va_end(list);
	if (fd < CONTAINER || fd > DATA)
		return refuse(ENOTTY);
	switch (call) {
	case 0x3b66: /* VFIO_SET_IOMMU */
	case 0x3b68: /* VFIO_GROUP_SET_CONTAINER */
	case 0x3b76: /* VFIO_DEVICE_BIND_IOMMUFD */
	case 0x3b77: /* VFIO_DEVICE_ATTACH_IOMMUFD_PT */
		return 0;
	case 0x3b81: /* IOMMU_IOAS_ALLOC */
		words[2] = 1;
		return 0;
	case 0x3b67: /* VFIO_GROUP_GET_STATUS */
		words[1] = 1;
		return 0;
	case 0x3b6a: /* VFIO_GROUP_GET_DEVICE_FD */
		if (strcmp((const char *)words, "0000:00:07.0") != 0)
			return refuse(ENODEV);
		fresh();
		is_open = 1;
		return DEVICE;
	case 0x3b6b: /* VFIO_DEVICE_GET_INFO */
		words[2] = 1;
		return 0;
	case 0x3b6c: /* VFIO_DEVICE_GET_REGION_INFO */
		words[1] = 1;
		words[4] = 16;
		return 0;
	case 0x3b6f: /* VFIO_DEVICE_RESET */
		if (state != RESUMING || strcmp(mistake(), "reset") != 0)
			fresh();
		return 0;
	case 0x3b75: /* VFIO_DEVICE_FEATURE */
		if (words[0] < 16)
			return refuse(EINVAL);
		if (words[1] == (0x20000u | 2))
			return set_state(words);
		if (words[1] == (0x10000u | 2)) {
			words[2] = (uint32_t)state;
			return 0;
		}
		if (words[1] == (0x10000u | 1)) {
			words[2] = 7;
			words[3] = 0;
			return 0;
		}
		return refuse(ENOTTY);
	default:
		return refuse(ENOTTY);
	}
}

ssize_t write(int fd, const void *bytes, size_t size)
{
	ssize_t (*next)(int, const void *, size_t) = 0;
	void *found = dlsym(RTLD_NEXT, "write");

	memcpy(&next, &found, sizeof next);
	if (fd != DATA)
		return next(fd, bytes, size);
	if (!writing)
		return strcmp(mistake(), "late") == 0 ? (ssize_t)size : refuse(ENODEV);
	if (at < PORT && size < PORT && strcmp(mistake(), "pieces") == 0)
		return refuse(EINVAL);
	if (size > SIZE - at)
		return refuse(EINVAL);
	memcpy(current + at, bytes, size);
	at += size;
	/* The header is looked at when it is whole: magic, versions, flags, ports. */
	if (at >= PORT && at - size < PORT && memcmp(current, image, PORT) != 0)
		return refuse(EINVAL);
	return (ssize_t)size;
}

ssize_t read(int fd, void *bytes, size_t size)
{
	ssize_t (*next)(int, void *, size_t) = 0;
	void *found = dlsym(RTLD_NEXT, "read");

	memcpy(&next, &found, sizeof next);
	if (fd == DATA && state != STOP_COPY)
		return refuse(ENODEV);
	if (fd == DATA) {
		size_t left = SIZE - at < size ? SIZE - at : size;

		memcpy(bytes, image + at, left);
		at += left;
		return (ssize_t)left;
	}
	/* A record of the log at a time. */
	if (fd > 2 && getenv("FAKE_VFIO_LOG") != NULL) {
		char *text = bytes;
		size_t got = 0;

		while (got < size && next(fd, text + got, 1) == 1)
			if (text[got++] == '\n')
				break;
		return (ssize_t)got;
	}
	return next(fd, bytes, size);
}

ssize_t pread(int fd, void *bytes, size_t size, off_t offset)
{
	(void)offset;
	if (fd != DEVICE)
		return refuse(EBADF);
	use_head();
	memset(bytes, 0, size);
	return (ssize_t)size;
}
