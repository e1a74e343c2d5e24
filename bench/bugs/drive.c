/*
 * Drives one device from a script on standard input, one step a line, and says what each step
 * answered. It takes the place of the runtime in native/, so that a witness of a bug is carried
 * out without any fuzzer:
 *
 *   input HEX   later writes take these bytes       begin, end, run, reset
 *   saved       later writes take what was saved    write N   (fewer where the input ends)
 *   save        prints the size and the bytes       memory    prints what is resident, in KiB
 *   fresh       another device in place of this one
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vstate_harness.h"

#define ROOM (1u << 20)

static unsigned char input[ROOM];
static size_t input_size;
static size_t taken;
static unsigned char saved[ROOM];
static size_t saved_size;

static void read_hex(const char *hex)
{
	unsigned int byte;

	input_size = 0;
	taken = 0;
	while (input_size < ROOM && sscanf(hex, "%2x", &byte) == 1) {
		input[input_size++] = (unsigned char)byte;
		hex += 2;
	}
}

static long write_some(const struct vstate_target *target, void *device, size_t wanted)
{
	size_t size = wanted < input_size - taken ? wanted : input_size - taken;
	/* A copy of its own, so that a read past its end is seen. */
	unsigned char *bytes = malloc(size > 0 ? size : 1);
	long answer;

	if (bytes == NULL)
		return -ENOMEM;
	memcpy(bytes, input + taken, size);
	answer = target->write(device, bytes, size);
	free(bytes);
	taken += size;
	return answer;
}

static void print_saved(long answer)
{
	printf("save %ld ", answer);
	saved_size = answer > 0 ? (size_t)answer : 0;
	for (size_t index = 0; index < saved_size; index++)
		printf("%02x", saved[index]);
	printf("\n");
}

/* Resident memory in KiB; the peak that the kernel keeps is that of the parent at first. */
static long resident(void)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (file == NULL)
		return -1;
	if (fscanf(file, "%*d %ld", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static int step(const struct vstate_target *target, void **at, const char *line)
{
	void *device = *at;

	if (strcmp(line, "fresh") == 0) {
		target->close(device);
		*at = target->open();
		if (*at == NULL)
			return 3;
		printf("fresh 0\n");
	} else if (strncmp(line, "input ", 6) == 0) {
		read_hex(line + 6);
	} else if (strcmp(line, "saved") == 0) {
		memcpy(input, saved, saved_size);
		input_size = saved_size;
		taken = 0;
	} else if (strcmp(line, "begin") == 0) {
		printf("begin %d\n", target->begin(device));
	} else if (strncmp(line, "write ", 6) == 0) {
		printf("write %ld\n", write_some(target, device, strtoul(line + 6, NULL, 10)));
	} else if (strcmp(line, "end") == 0) {
		printf("end %d\n", target->end(device));
	} else if (strcmp(line, "run") == 0) {
		printf("run %d\n", target->run(device));
	} else if (strcmp(line, "reset") == 0) {
		printf("reset %d\n", target->reset(device));
	} else if (strcmp(line, "save") == 0) {
		print_saved(target->save(device, saved, ROOM));
	} else if (strcmp(line, "memory") == 0) {
		printf("memory %ld\n", resident());
	} else {
		fprintf(stderr, "no such step: %.40s\n", line);
		return 2;
	}
	fflush(stdout);
	return 0;
}

int vstate_serve(int argc, char **argv, const struct vstate_target *target)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t length;
	int failed = 0;
	void *device = target->open();

	(void)argc;
	(void)argv;
	if (device == NULL)
		return 3;
	while (failed == 0 && device != NULL && (length = getline(&line, &room, stdin)) > 0) {
		line[strcspn(line, "\n")] = '\0';
		failed = step(target, &device, line);
	}
	free(line);
	if (device != NULL)
		target->close(device);
	return failed;
}
