#define _GNU_SOURCE
#include "bugs.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* The file of VSTATE_CANARY, which bench/bugs/canary.mjs reads: numbers of 64 bits, host order. */
struct canaries {
	uint64_t executions;
	/* Nanoseconds of the monotonic clock at the first execution. */
	uint64_t started;
	struct {
		uint64_t reached;
		uint64_t met;
		/* When it was met first: the number of the execution, nanoseconds since the first. */
		uint64_t execution;
		uint64_t after;
	} of[BUG_COUNT];
};

bool bug_switch[BUG_COUNT];

static const char *const ids[BUG_COUNT] = {
#define BUG_ID(name, id) id,
	BUGS(BUG_ID)
#undef BUG_ID
};
static struct canaries none;
static struct canaries *canaries;

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void switch_on(const char *wanted, size_t length)
{
	for (int bug = 0; bug < BUG_COUNT; bug++)
		if (strlen(ids[bug]) == length && memcmp(ids[bug], wanted, length) == 0) {
			bug_switch[bug] = true;
			return;
		}
	abort(); /* A bench that measures a bug which does not exist measures nothing. */
}

static struct canaries *map_canaries(const char *name)
{
	void *map;
	int file = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (file < 0 || ftruncate(file, sizeof(none)) != 0)
		abort();
	map = mmap(NULL, sizeof(none), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	close(file);
	if (map == MAP_FAILED)
		abort();
	return map;
}

/* Not in the first restore, whose comparisons a fuzzer looks at. */
__attribute__((constructor)) static void switch_all_on(void)
{
	const char *wanted = getenv("VSTATE_BUG");

	while (wanted != NULL && *wanted != '\0') {
		size_t length = strcspn(wanted, ",");

		switch_on(wanted, length);
		wanted += length + (wanted[length] == ',');
	}
}

void bugs_begin(void)
{
	if (canaries == NULL) {
		const char *file = getenv("VSTATE_CANARY");

		canaries = file != NULL ? map_canaries(file) : &none;
		if (canaries->started == 0)
			canaries->started = now();
	}
	canaries->executions++;
}

void bug_canary(enum bug bug, bool met)
{
	if (!bug_switch[bug])
		return;
	canaries->of[bug].reached++;
	if (!met)
		return;
	if (canaries->of[bug].met++ == 0) {
		canaries->of[bug].execution = canaries->executions;
		canaries->of[bug].after = now() - canaries->started;
	}
}
