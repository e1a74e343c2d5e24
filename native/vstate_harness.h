/*
 * vstate-check harness: what a restore path offers so that `vstate-check fuzz` can attack it.
 *
 * Describe the restore path once, as hooks of one device; `VSTATE_HARNESS` makes a program of it
 * that `--target harness:./program` drives, or a libFuzzer/AFL++ target when it is compiled with
 * -DVSTATE_LIBFUZZER. Link with vstate_harness.c.
 *
 * Hooks answer 0 or more when they did what they were asked, and -errno when they refused. A hook
 * that is NULL is an ability that the target does not have; open, begin, write, end, close must be
 * there.
 */
#ifndef VSTATE_HARNESS_H
#define VSTATE_HARNESS_H

#include <stddef.h>
#include <sys/types.h>

struct vstate_target {
	const char *name;
	/* A new device in STOP, as after probe; NULL when the laboratory cannot make one. */
	void *(*open)(void);
	/* STOP to RESUMING: a restore session opens. */
	int (*begin)(void *device);
	/* One write(2) on the data_fd: bytes taken, or -errno. */
	ssize_t (*write)(void *device, const void *bytes, size_t size);
	/* RESUMING to STOP: the device takes what was written. */
	int (*end)(void *device);
	/* The guest uses the device for a moment: registers, queues, interrupts. */
	int (*run)(void *device);
	/* STOP_COPY: writes the device's state to bytes; its size, or -errno. */
	ssize_t (*save)(void *device, void *bytes, size_t room);
	/* VFIO_DEVICE_RESET. */
	int (*reset)(void *device);
	void (*close)(void *device);
};

/* Serves executions until vstate-check goes away; the exit code of the program. */
int vstate_serve(int argc, char **argv, const struct vstate_target *target);
/* One plain restore of these bytes (begin, one write, end, run), for other fuzzers; always 0. */
int vstate_restore_once(const struct vstate_target *target, const void *bytes, size_t size);

#ifdef VSTATE_LIBFUZZER
#define VSTATE_HARNESS(target)                                                   \
	int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);     \
	int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)      \
	{                                                                        \
		return vstate_restore_once(&(target), bytes, size);              \
	}
#else
#define VSTATE_HARNESS(target)                                                   \
	int main(int argc, char **argv)                                          \
	{                                                                        \
		return vstate_serve(argc, argv, &(target));                      \
	}
#endif

#endif
