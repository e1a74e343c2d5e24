/* A device whose state is a letter, and what the letter does to the laboratory. */
#define _GNU_SOURCE
#include "vstate_harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

static void *open_device(void)
{
	static int device;

	return &device;
}

static int begin(void *device)
{
	(void)device;
	return 0;
}

/* Each mapping of the shared file that may be written. */
static void scribble(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];

	while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
		unsigned long from = 0, to = 0;
		char mode[8];

		if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) == 3 && strstr(line, "/shared") != NULL &&
		    mode[1] == 'w')
			memset((void *)from, 0x5a, to - from);
	}
	if (maps != NULL)
		fclose(maps);
}

static void eat(void)
{
	for (;;) {
		void *bytes = malloc(1 << 20);

		if (bytes != NULL)
			memset(bytes, 1, 1 << 20);
	}
}

static void print(void)
{
	static char text[4096];

	memset(text, '!', sizeof text);
	for (;;)
		if (write(2, text, sizeof text) < 0)
			pause();
}

static ssize_t obey(void *device, const void *bytes, size_t size)
{
	struct itimerval none = { { 0, 0 }, { 0, 0 } };
	const char *letter = bytes;
	int *trap = NULL;

	(void)device;
	if (size == 0)
		return 0;
	switch (*letter) {
	case 'h':
		for (;;)
			;
	case 'd':
		setitimer(ITIMER_REAL, &none, NULL);
		pause();
		break;
	case 's':
		raise(SIGSTOP);
		break;
	case 'f':
		/* The child goes on like its parent; the grandchild stays. */
		if (fork() == 0 && fork() == 0)
			for (;;)
				pause();
		break;
	case 'm':
		eat();
		break;
	case 'p':
		print();
		break;
	case 'c':
		for (int file = 0; file < 1024; file++)
			close(file);
		break;
	case 'x':
		_exit(0);
	case 'w':
		scribble();
		break;
	case 't':
		for (int file = 3; file < 1024; file++)
			if (write(file, "this is no message of the harness, but it is 64 bytes long.....", 64) < 0)
				continue;
		break;
	case 'k':
		*(volatile int *)trap = 1;
		break;
	case '9':
		raise(SIGKILL);
		break;
	case 'g':
		return malloc(100000) == NULL ? -ENOMEM : (ssize_t)size;
	case 'r':
		return -EPERM;
	default:
		break;
	}
	return (ssize_t)size;
}

static void close_device(void *device)
{
	(void)device;
}

static const struct vstate_target target = {
	.name = "hostile",
	.open = open_device,
	.begin = begin,
	.write = obey,
	.end = begin,
	.close = close_device,
};

int main(int argc, char **argv)
{
	const char *start = getenv("HOSTILE_START");

	if (start != NULL && *start == 'x') {
		fprintf(stderr, "cannot find the device\n");
		return 7;
	}
	if (start != NULL && *start == 'h')
		pause();
	if (start != NULL && *start == 'p')
		print();
	return vstate_serve(argc, argv, &target);
}
