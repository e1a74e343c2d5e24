/*
 * vstate-check harness runtime: serves executions of a restore path that vstate_harness.h describes.
 *
 * The program is started by vstate-check with a shared file and two pipes (docs/harness.md gives the
 * layout byte by byte). It splits at once: the server keeps a pristine copy and does nothing but wait,
 * the worker that it forks runs the executions. When the worker dies the server says how, kills what
 * the target left running, and forks the next one.
 *
 * What the request holds is checked like any input, and what the target can reach is its own results
 * only: requests and inputs are mapped for reading.
 */
#define _GNU_SOURCE
#include "vstate_harness.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#ifdef __GLIBC__
#include <malloc.h>
#endif

/*
 * The runtime may be compiled with the target's own flags: UNCOUNTED keeps its functions out of the
 * coverage (and the coverage hooks from calling themselves), HOT spares those that are called for
 * each edge the checks of the sanitizers too.
 */
#if defined(__clang__)
#define UNCOUNTED __attribute__((no_sanitize("coverage")))
#define HOT __attribute__((no_sanitize("coverage", "address", "undefined")))
#elif __GNUC__ >= 12
#define UNCOUNTED __attribute__((no_sanitize_coverage))
#define HOT __attribute__((no_sanitize_coverage, no_sanitize_address, no_sanitize_undefined))
#else
/* An older gcc cannot leave a function out: compile this file without -fsanitize-coverage. */
#define UNCOUNTED
#define HOT
#endif

UNCOUNTED int vstate_restore_once(const struct vstate_target *target, const void *bytes, size_t size)
{
	void *device = target->open();

	if (device == NULL)
		return 0;
	if (target->begin(device) >= 0 && target->write(device, bytes, size) >= 0 &&
	    target->end(device) >= 0 && target->run != NULL)
		(void)target->run(device);
	target->close(device);
	return 0;
}

#ifndef VSTATE_LIBFUZZER

enum {
	VERSION = 1,
	GO = 0x31475356, /* "VSG1", "VSO1", "VSD1" in memory order */
	OPTIONS = 0x314f5356,
	ANSWER = 0x31445356,

	CONTROL_SIZE = 4096,
	MOST_EDGES = 1 << 20,
	HASHED_EDGES = 1 << 16,
	MOST_NAMED = 1 << 20,
	MOST_REGIONS = 64,
	MOST_INPUTS = 64,
	MOST_COMPARISONS = 4096,
	MOST_SAVED = 1 << 20,
	TICK = 20, /* milliseconds */
};

enum answer { HELLO, DONE, DIED };
enum ability { SESSION = 1, SAVE = 2, RUN = 4, RESET = 8, COVERAGE = 16 };
/* Why the runtime itself ended the worker. */
enum cause { NONE, HUNG, MEMORY, PIPES, MALFORMED, BATCH };
enum flag { GO_ON = 1, COMPARISONS = 2, NO_HEAP = 4 };
enum { FIRST_OF_RUN = 1 };
enum { BEGIN, WRITE, END, GUEST_RUN, SAVE_STATE, RESET_DEVICE, INPUT };
/* Stand beside the number of steps in a record: what it holds behind the answers, and no device. */
enum { HELD = 1u << 29, EXTRAS = 1u << 30 };
#define NO_DEVICE (1u << 31)
/* The answer of a step that was left out. */
#define LEFT_OUT INT32_MIN
#define SAVED_INPUT UINT32_MAX

/* The first page of the shared file. Written here, read by vstate-check. */
struct control {
	uint32_t serial; /* of the message under way */
	uint32_t complete; /* executions whose record is complete */
	uint32_t filled; /* bytes of complete records */
	uint32_t cause;
	uint32_t busy;
	uint32_t named; /* features that complete records of this run name */
};

struct options {
	uint32_t magic, version, timeout, memory_kib, output_kib;
	uint32_t results_size, request_size, inputs_size;
	uint32_t snapshot; /* 0 persistent, 1 each execution, 2 each batch */
	uint32_t held_kib; /* memory held at once that is told; 0 never */
	uint32_t spare[6];
};

struct go {
	uint32_t magic, serial, flags, known, size, executions, spare[2];
};

struct answer_message {
	uint32_t magic, serial, kind, complete, filled, status, spare[2];
};

static struct options options;
static volatile struct control *control;
static uint32_t *results;
static const uint32_t *request;
static const unsigned char *inputs;
static int go_pipe = 3, answer_pipe = 4;
static volatile pid_t worker;
static bool exact; /* each write gets memory of its own, because a sanitizer watches it */
/* The target forked, and this is the copy: it must not go on as a second worker. */
static volatile sig_atomic_t copied;
/* Progress for the clock: odd while an execution is under way. */
static volatile uint32_t beat;

void __sanitizer_print_stack_trace(void) __attribute__((weak));
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));
void __asan_init(void) __attribute__((weak));

/* ---- Coverage: edges with their hit counts, and operands of comparisons ---- */

static unsigned char counts[MOST_EDGES];
static uint32_t touched[MOST_EDGES];
static uint32_t touched_count;
static uint32_t edges; /* ids given; 0 is nobody's */
static uintptr_t last_block;
static struct {
	unsigned char *from, *to;
	uint32_t first;
} regions[MOST_REGIONS];
static uint32_t region_count;
/* One byte an edge, one bit a class of counts: features that are not new. Outlives the worker. */
static unsigned char *seen;
/* Features that this run named, so that the next run can forget them. */
static uint32_t *named;

struct comparison {
	uint32_t bytes, left[2], right[2];
};
static struct comparison comparisons[MOST_COMPARISONS];
static uint32_t comparison_count;
static bool comparing;
/* Where this process has its code, stack, heap and mappings. */
static uint64_t places[4];

void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop);
void __sanitizer_cov_trace_pc_guard(uint32_t *guard);
void __sanitizer_cov_8bit_counters_init(unsigned char *start, unsigned char *stop);
void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_cmp1(uint8_t left, uint8_t right);
void __sanitizer_cov_trace_cmp2(uint16_t left, uint16_t right);
void __sanitizer_cov_trace_cmp4(uint32_t left, uint32_t right);
void __sanitizer_cov_trace_cmp8(uint64_t left, uint64_t right);
void __sanitizer_cov_trace_const_cmp1(uint8_t left, uint8_t right);
void __sanitizer_cov_trace_const_cmp2(uint16_t left, uint16_t right);
void __sanitizer_cov_trace_const_cmp4(uint32_t left, uint32_t right);
void __sanitizer_cov_trace_const_cmp8(uint64_t left, uint64_t right);
void __sanitizer_cov_trace_cmpf(float left, float right);
void __sanitizer_cov_trace_cmpd(double left, double right);
void __sanitizer_cov_trace_switch(uint64_t value, void *cases);
void __sanitizer_weak_hook_memcmp(void *pc, const void *left, const void *right, size_t size, int result);
void __sanitizer_weak_hook_strcmp(void *pc, const char *left, const char *right, int result);
void __sanitizer_weak_hook_strncmp(void *pc, const char *left, const char *right, size_t size, int result);

UNCOUNTED void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop)
{
	if (start == stop || *start != 0)
		return;
	for (uint32_t *guard = start; guard < stop; guard++)
		*guard = edges < MOST_EDGES - 1 ? ++edges : 0;
}

HOT static inline void hit(uint32_t edge)
{
	unsigned char count = counts[edge];

	if (count == 0)
		touched[touched_count++] = edge;
	counts[edge] = (unsigned char)(count + (count != UCHAR_MAX));
}

HOT void __sanitizer_cov_trace_pc_guard(uint32_t *guard)
{
	if (*guard != 0)
		hit(*guard);
}

UNCOUNTED void __sanitizer_cov_8bit_counters_init(unsigned char *start, unsigned char *stop)
{
	size_t size = (size_t)(stop - start);

	if (start >= stop || region_count == MOST_REGIONS || size > MOST_EDGES - 1 - edges)
		return;
	for (uint32_t index = 0; index < region_count; index++)
		if (regions[index].from == start)
			return;
	regions[region_count].from = start;
	regions[region_count].to = stop;
	regions[region_count++].first = edges + 1;
	edges += (uint32_t)size;
}

/* gcc names blocks, not edges: an edge is a hash of the block and the one before. */
HOT void __sanitizer_cov_trace_pc(void)
{
	extern char __executable_start[] __attribute__((weak));
	uintptr_t block = (uintptr_t)__builtin_return_address(0) - (uintptr_t)__executable_start;

	edges = HASHED_EDGES;
	block = (uint32_t)(block * 0x9e3779b1u) >> 15;
	hit((uint32_t)(1 + (block ^ last_block) % HASHED_EDGES));
	last_block = block >> 1;
}

UNCOUNTED static void note_places(void)
{
	void *block = malloc(1);

	places[0] = (uintptr_t)&note_places;
	places[1] = (uintptr_t)&block;
	places[2] = (uintptr_t)block;
	places[3] = (uintptr_t)control;
	free(block);
}

/* An address says nothing of the state, and is another one in each process. */
HOT static bool is_address(uint64_t value)
{
	for (uint32_t index = 0; value > UINT32_MAX && index < 4; index++)
		if ((value ^ places[index]) >> 42 == 0)
			return true;
	return false;
}

HOT static void compared(uint32_t bytes, uint64_t left, uint64_t right)
{
	if (bytes == 8 && (is_address(left) || is_address(right)))
		return;
	/* Loops compare the same again; those of late are enough to look at. */
	for (uint32_t back = 1; back <= 8 && back <= comparison_count; back++) {
		const struct comparison *old = &comparisons[comparison_count - back];

		if (old->left[0] == (uint32_t)left && old->left[1] == (uint32_t)(left >> 32) &&
		    old->right[0] == (uint32_t)right && old->right[1] == (uint32_t)(right >> 32) &&
		    old->bytes == bytes)
			return;
	}
	if (comparison_count == MOST_COMPARISONS)
		return;
	comparisons[comparison_count++] = (struct comparison){
		bytes, { (uint32_t)left, (uint32_t)(left >> 32) }, { (uint32_t)right, (uint32_t)(right >> 32) }
	};
}

#define TRACE_COMPARISON(name, type)                          \
	HOT void __sanitizer_cov_trace_##name(type left, type right) \
	{                                                     \
		if (comparing && left != right)               \
			compared(sizeof left, left, right);   \
	}
TRACE_COMPARISON(cmp1, uint8_t)
TRACE_COMPARISON(cmp2, uint16_t)
TRACE_COMPARISON(cmp4, uint32_t)
TRACE_COMPARISON(cmp8, uint64_t)
TRACE_COMPARISON(const_cmp1, uint8_t)
TRACE_COMPARISON(const_cmp2, uint16_t)
TRACE_COMPARISON(const_cmp4, uint32_t)
TRACE_COMPARISON(const_cmp8, uint64_t)

/* A device state holds no floating point numbers; gcc wants the hooks. */
HOT void __sanitizer_cov_trace_cmpf(float left, float right)
{
	(void)left;
	(void)right;
}

HOT void __sanitizer_cov_trace_cmpd(double left, double right)
{
	(void)left;
	(void)right;
}

/* The list: how many cases, bits of the value, then each case. */
HOT void __sanitizer_cov_trace_switch(uint64_t value, void *list)
{
	const uint64_t *cases = list;

	if (!comparing)
		return;
	for (uint64_t index = 0; index < cases[0] && index < 256; index++)
		if (cases[2 + index] != value)
			compared((uint32_t)(cases[1] / 8), value, cases[2 + index]);
}

HOT static uint64_t little_endian(const unsigned char *bytes, size_t size)
{
	uint64_t value = 0;

	while (size-- > 0)
		value = value << 8 | bytes[size];
	return value;
}

HOT static void compared_bytes(const void *left, const void *right, size_t size)
{
	const unsigned char *one = left, *other = right;

	for (size_t at = 0; at < size && at < 64;) {
		size_t rest = size - at;
		uint32_t step = rest >= 8 ? 8 : rest >= 4 ? 4 : rest >= 2 ? 2 : 1;
		uint64_t a = little_endian(one + at, step), b = little_endian(other + at, step);

		if (a != b)
			compared(step, a, b);
		at += step;
	}
}

UNCOUNTED void __sanitizer_weak_hook_memcmp(void *pc, const void *left, const void *right, size_t size, int result)
{
	(void)pc;
	if (comparing && result != 0)
		compared_bytes(left, right, size);
}

UNCOUNTED void __sanitizer_weak_hook_strncmp(void *pc, const char *left, const char *right, size_t size, int result)
{
	size_t one = strnlen(left, size), other = strnlen(right, size);

	(void)pc;
	if (comparing && result != 0)
		compared_bytes(left, right, one < other ? one : other);
}

UNCOUNTED void __sanitizer_weak_hook_strcmp(void *pc, const char *left, const char *right, int result)
{
	__sanitizer_weak_hook_strncmp(pc, left, right, SIZE_MAX / 2, result);
}

/* Classes of hit counts: 1, 2, 3, 4 to 7, 8 to 15, 16 to 31, 32 to 127, more. */
HOT static inline uint32_t class_of(uint32_t count)
{
	if (count < 4)
		return count - 1u;
	return count < 8 ? 3 : count < 16 ? 4 : count < 32 ? 5 : count < 128 ? 6 : 7;
}

/* The class of each count as one bit; none for 0. */
static unsigned char class_bits[UCHAR_MAX + 1];

UNCOUNTED static void prepare_classes(void)
{
	for (uint32_t count = 1; count <= UCHAR_MAX; count++)
		class_bits[count] = (unsigned char)(1u << class_of(count));
}

/* Writes the feature unless it is known; how many were written. */
HOT static inline uint32_t name_feature(uint32_t edge, unsigned char count, uint32_t *to, uint32_t room, uint32_t *run_named)
{
	if ((class_bits[count] & ~seen[edge]) == 0 || room == 0 || *run_named == MOST_NAMED - 1)
		return 0;
	seen[edge] |= class_bits[count];
	*to = edge << 3 | class_of(count);
	named[(*run_named)++] = *to;
	named[*run_named] = 0;
	return 1;
}

/* Whether eight counters hold a feature that is not known, which nearly never one does. */
HOT static inline bool shows_new(uint32_t edge, uint64_t word)
{
	uint64_t known, classes = 0;

	memcpy(&known, &seen[edge], 8);
	for (uint32_t shift = 0; shift < 64; shift += 8)
		classes |= (uint64_t)class_bits[word >> shift & UCHAR_MAX] << shift;
	return (classes & ~known) != 0;
}

/* New features of the execution that ended. */
HOT static uint32_t name_features(uint32_t *to, uint32_t room, uint32_t *run_named)
{
	uint32_t found = 0;

	for (uint32_t index = 0; index < touched_count; index++) {
		uint32_t edge = touched[index];

		found += name_feature(edge, counts[edge], to + found, room - found, run_named);
		counts[edge] = 0;
	}
	touched_count = 0;
	for (uint32_t index = 0; index < region_count; index++) {
		unsigned char *at = regions[index].from, *end = regions[index].to;
		uint32_t edge = regions[index].first;
		uint64_t word;

		for (; end - at >= 8; at += 8, edge += 8) {
			memcpy(&word, at, 8);
			if (word == 0)
				continue;
			for (uint32_t byte = 0; byte < 8 && shows_new(edge, word); byte++)
				found += name_feature(edge + byte, at[byte], to + found, room - found, run_named);
			memset(at, 0, 8);
		}
		for (; at < end; at++, edge++) {
			found += name_feature(edge, *at, to + found, room - found, run_named);
			*at = 0;
		}
	}
	return found;
}

/* Counts of what ran between executions are nobody's. */
UNCOUNTED static void forget_counts(void)
{
	for (uint32_t index = 0; index < touched_count; index++)
		counts[touched[index]] = 0;
	touched_count = 0;
	last_block = 0;
	for (uint32_t index = 0; index < region_count; index++)
		memset(regions[index].from, 0, (size_t)(regions[index].to - regions[index].from));
}

/* From this one on; a zero ends the list. */
UNCOUNTED static void forget_named(uint32_t from)
{
	for (uint32_t index = from; index < MOST_NAMED && named[index] != 0; index++)
		seen[(named[index] >> 3) % MOST_EDGES] &= (unsigned char)~(1u << (named[index] & 7));
}

/* ---- Limits ---- */

UNCOUNTED static void stop(enum cause cause)
{
	control->cause = cause;
	_exit(1);
}

UNCOUNTED static uint64_t resident_kib(void)
{
	char text[64];
	int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t size = file < 0 ? -1 : read(file, text, sizeof text - 1);
	uint64_t pages = 0;

	if (file >= 0)
		close(file);
	if (size <= 0)
		return 0;
	text[size] = '\0';
	const char *at = strchr(text, ' ');

	for (at = at == NULL ? "" : at + 1; *at >= '0' && *at <= '9'; at++)
		pages = pages * 10 + (uint64_t)(*at - '0');
	return pages * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}

UNCOUNTED static void on_tick(int signal)
{
	static uint32_t last_beat, still;
	int error = errno;

	(void)signal;
	if ((beat & 1) == 0 || beat != last_beat) {
		last_beat = beat;
		still = 0;
	} else if (++still * TICK >= options.timeout) {
		static const char text[] = "vstate: the execution did not end in time\n";

		if (write(STDERR_FILENO, text, sizeof text - 1) > 0 && __sanitizer_print_stack_trace != NULL)
			__sanitizer_print_stack_trace();
		stop(HUNG);
	}
	if ((beat & 1) != 0 && options.memory_kib != 0 && resident_kib() > options.memory_kib)
		stop(MEMORY);
	errno = error;
}

UNCOUNTED static void set_clock(bool on)
{
	long tick = on ? TICK * 1000L : 0;
	struct itimerval every = { { 0, tick }, { 0, tick } };

	setitimer(ITIMER_REAL, &every, NULL);
}

UNCOUNTED static void on_fork(void)
{
	copied = 1;
}

/* Memory that is allocated now; differences tell what an execution left behind. */
UNCOUNTED static uint64_t allocated(void)
{
	if (__sanitizer_get_current_allocated_bytes != NULL)
		return __sanitizer_get_current_allocated_bytes();
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
#else
	return 0;
#endif
}

/* Most memory that the execution under way held at one time, and what it asked for since the last look. */
static uint64_t held, asked;
enum { LOOK_AGAIN = 1 << 20 };

void __sanitizer_malloc_hook(const volatile void *memory, size_t size);

/* The allocator of a sanitizer calls this; a look each time would take longer than most executions. */
HOT void __sanitizer_malloc_hook(const volatile void *memory, size_t size)
{
	uint64_t most;

	(void)memory;
	asked += size;
	if (asked < LOOK_AGAIN || (beat & 1) == 0 || __sanitizer_get_current_allocated_bytes == NULL)
		return;
	asked = 0;
	most = __sanitizer_get_current_allocated_bytes();
	held = most > held ? most : held;
}

UNCOUNTED static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* ---- One execution ---- */

struct input {
	const unsigned char *base;
	uint32_t base_size, splice_count;
	const uint32_t *splices;
	uint64_t size;
};

/* The request's own words, of which none is trusted. */
struct reader {
	const uint32_t *at, *end;
};

struct execution {
	uint32_t words, flags, input_count, step_count;
	struct input inputs[MOST_INPUTS];
	const uint32_t *steps;
	uint32_t save_count;
};

UNCOUNTED static const uint32_t *take(struct reader *reader, uint64_t words)
{
	const uint32_t *at = reader->at;

	if (words > (uint64_t)(reader->end - at))
		stop(MALFORMED);
	reader->at += words;
	return at;
}

UNCOUNTED static void read_input(struct reader *reader, struct input *input)
{
	const uint32_t *head = take(reader, 3);
	uint32_t from = 0;

	if (head[0] > options.inputs_size || head[1] > options.inputs_size - head[0])
		stop(MALFORMED);
	input->base = inputs + head[0];
	input->base_size = head[1];
	input->splice_count = head[2];
	input->size = head[1];
	input->splices = reader->at;
	for (uint32_t index = 0; index < input->splice_count; index++) {
		const uint32_t *splice = take(reader, 3);

		if (splice[0] < from || splice[0] > head[1] || splice[1] > head[1] - splice[0])
			stop(MALFORMED);
		from = splice[0] + splice[1];
		input->size += splice[2];
		input->size -= splice[1];
		take(reader, ((uint64_t)splice[2] + 3) / 4);
	}
	if (input->size > INT32_MAX)
		stop(MALFORMED);
}

UNCOUNTED static void read_execution(struct reader *reader, struct execution *execution)
{
	const uint32_t *head = take(reader, 3);

	execution->flags = head[0];
	execution->input_count = head[1];
	execution->step_count = head[2];
	execution->save_count = 0;
	if (execution->input_count > MOST_INPUTS || execution->step_count >= EXTRAS)
		stop(MALFORMED);
	for (uint32_t index = 0; index < execution->input_count; index++)
		read_input(reader, &execution->inputs[index]);
	execution->steps = take(reader, 2 * (uint64_t)execution->step_count);
	for (uint32_t index = 0; index < execution->step_count; index++)
		execution->save_count += execution->steps[2 * index] == SAVE_STATE;
}

UNCOUNTED static void put_together(const struct input *input, unsigned char *to)
{
	const uint32_t *at = input->splices;
	uint32_t from = 0;

	for (uint32_t index = 0; index < input->splice_count; index++) {
		memcpy(to, input->base + from, at[0] - from);
		to += at[0] - from;
		memcpy(to, at + 3, at[2]);
		to += at[2];
		from = at[0] + at[1];
		at += 3 + (at[2] + 3) / 4;
	}
	memcpy(to, input->base + from, input->base_size - from);
}

/* Memory that grows and is kept from one execution to the next; mapped, so that it is no growth. */
struct room {
	unsigned char *bytes;
	size_t size;
};

UNCOUNTED static unsigned char *room_for(struct room *room, size_t size)
{
	if (size > room->size || room->bytes == NULL) {
		if (room->bytes != NULL)
			munmap(room->bytes, room->size);
		room->size = (size | 0xffff) + 1;
		room->bytes = mmap(NULL, room->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (room->bytes == MAP_FAILED) {
			room->bytes = NULL;
			stop(MEMORY);
		}
	}
	return room->bytes;
}

static struct room spliced, saved;
static size_t saved_size;
/* From malloc, so that a sanitizer sees where it ends. */
static unsigned char *save_bytes;

/* What the writes take their bytes from; made of base and splices when the first one asks. */
struct current {
	const struct input *input;
	const unsigned char *bytes;
	size_t size, position;
};

UNCOUNTED static void choose(const struct execution *execution, struct current *current, uint32_t number)
{
	*current = (struct current){ 0 };
	if (number == SAVED_INPUT) {
		current->bytes = saved.bytes;
		current->size = saved_size;
	} else if (number < execution->input_count) {
		current->input = &execution->inputs[number];
		current->size = (size_t)current->input->size;
		if (current->input->splice_count == 0)
			current->bytes = current->input->base;
	}
}

UNCOUNTED static ssize_t vstate_give(const struct vstate_target *target, void *device, struct current *current, uint32_t length)
{
	size_t left = current->size - current->position;
	size_t size = length < left ? length : left;
	unsigned char *copy = NULL;
	ssize_t answer;

	if (size == 0 && length > 0)
		return LEFT_OUT;
	if (exact) {
		copy = malloc(size);
		if (copy == NULL)
			stop(MEMORY);
	}
	if (current->bytes == NULL && copy != NULL && size == current->size) {
		put_together(current->input, copy);
	} else {
		if (current->bytes == NULL && current->input != NULL) {
			unsigned char *bytes = room_for(&spliced, current->size);

			put_together(current->input, bytes);
			current->bytes = bytes;
		}
		if (copy != NULL && size > 0)
			memcpy(copy, current->bytes + current->position, size);
	}
	answer = target->write(device, copy != NULL ? copy : current->bytes + current->position, size);
	free(copy);
	if (answer > 0)
		current->position += (size_t)answer < size ? (size_t)answer : size;
	/* A feeder that goes on after an error does not write the same bytes again. */
	if (answer < 0)
		current->position += size;
	return answer;
}

/* The save goes behind what the record holds; words that it took. */
UNCOUNTED static ssize_t vstate_save(const struct vstate_target *target, void *device, uint32_t **to, uint32_t *const end)
{
	unsigned char *bytes = save_bytes;
	ssize_t answer = target->save(device, bytes, MOST_SAVED);
	size_t size = answer < 0 ? 0 : answer > MOST_SAVED ? MOST_SAVED : (size_t)answer;

	if (answer < 0)
		return answer;
	memcpy(room_for(&saved, MOST_SAVED), bytes, size);
	saved_size = size;
	if (size > 4 * (size_t)(end - *to) - 4)
		size = 4 * (size_t)(end - *to) - 4;
	*(*to)++ = (uint32_t)size;
	memcpy(*to, bytes, size);
	*to += (size + 3) / 4;
	/* What a later save claims and does not write must not look like this one. */
	memset(bytes, 0, size);
	return answer;
}

/* The steps of one execution; where the record's saves end. */
UNCOUNTED static uint32_t *vstate_carry_out(const struct vstate_target *target, void *device, const struct execution *execution, volatile uint32_t *record, uint32_t *to, uint32_t *end)
{
	struct current current;
	bool refused = false;
	uint32_t saves = 0;

	choose(execution, &current, 0);
	for (uint32_t index = 0; index < execution->step_count; index++) {
		uint32_t step = execution->steps[2 * index], word = execution->steps[2 * index + 1];
		ssize_t answer = LEFT_OUT;

		if (step == BEGIN || step == SAVE_STATE || step == RESET_DEVICE)
			refused = false;
		if (step == INPUT) {
			choose(execution, &current, word);
			answer = 0;
		} else if (!refused) {
			if (step == BEGIN)
				answer = target->begin(device);
			else if (step == WRITE)
				answer = vstate_give(target, device, &current, word);
			else if (step == END)
				answer = target->end(device);
			else if (step == GUEST_RUN && target->run != NULL)
				answer = target->run(device);
			else if (step == RESET_DEVICE && target->reset != NULL)
				answer = target->reset(device);
			else if (step == SAVE_STATE && target->save != NULL && end - to > 1) {
				answer = vstate_save(target, device, &to, end);
				saves += answer >= 0;
			}
		}
		if (copied)
			_exit(0);
		if (answer < 0 && answer != LEFT_OUT && (execution->flags & GO_ON) == 0)
			refused = true;
		answer = answer > INT32_MAX ? INT32_MAX : answer < LEFT_OUT ? LEFT_OUT + 1 : answer;
		record[4 + index] = (uint32_t)(int32_t)answer;
		record[1] = index + 1;
	}
	record[6 + execution->step_count] = saves;
	return to;
}

/* Three bits of precision, so that executions of the same kind have the same result. */
UNCOUNTED static uint32_t coarse(uint64_t nanoseconds)
{
	uint32_t value = nanoseconds > UINT32_MAX ? UINT32_MAX : (uint32_t)nanoseconds;
	int drop = value < 16 ? 0 : 28 - __builtin_clz(value);

	return value >> drop << drop;
}

/*
 * Words of a record: its length in words (0 while it is under way); steps that were answered, with
 * flags; nanoseconds; growth in bytes; then the answers. With EXTRAS, behind them: counts of
 * features, comparisons and saves, then saves, features, comparisons. With HELD, the last word is the
 * KiB that were held at once.
 */
UNCOUNTED static void execute(const struct vstate_target *target, const struct execution *execution, uint32_t *record, uint32_t *end, uint64_t *clock, uint64_t *heap)
{
	uint32_t *extras = record + 4 + execution->step_count, *to = extras + 3;
	uint32_t run_named = control->named, features;
	uint64_t ended, kept, most;
	void *device;

	record[0] = 0;
	record[1] = 0;
	comparison_count = 0;
	comparing = (execution->flags & COMPARISONS) != 0;
	last_block = 0;
	saved_size = 0;
	held = 0;
	asked = 0;
	beat++;
	device = target->open();
	if (device == NULL) {
		for (uint32_t index = 0; index < execution->step_count; index++)
			record[4 + index] = (uint32_t)LEFT_OUT;
		extras[2] = 0;
		record[1] = NO_DEVICE | execution->step_count;
	} else {
		to = vstate_carry_out(target, device, execution, record, to, end);
		target->close(device);
	}
	beat++;
	comparing = false;
	/*
	 * One look at clock and heap serves the end of this execution and the start of the next. Looking at
	 * the heap takes as long as a short execution; without it, the next look tells what both left.
	 */
	most = held <= *heap ? 0 : held - *heap;
	ended = now();
	kept = (execution->flags & NO_HEAP) != 0 ? *heap : allocated();
	record[2] = coarse(ended - *clock);
	record[3] = kept <= *heap ? 0 : kept - *heap > INT32_MAX ? INT32_MAX : (uint32_t)(kept - *heap);
	*clock = ended;
	*heap = kept;
	features = name_features(to, (uint32_t)(end - to), &run_named);
	to += features;
	extras[0] = features;
	extras[1] = 0;
	for (uint32_t index = 0; index < comparison_count && end - to >= 5; index++) {
		memcpy(to, &comparisons[index], sizeof comparisons[index]);
		to += 5;
		extras[1]++;
	}
	if (to == extras + 3)
		to = extras;
	else
		record[1] |= EXTRAS;
	if (options.held_kib != 0 && most / 1024 >= options.held_kib && to < end) {
		*to++ = most / 1024 > INT32_MAX ? INT32_MAX : (uint32_t)(most / 1024);
		record[1] |= HELD;
	}
	record[0] = (uint32_t)(to - record);
	control->named = run_named;
}

/* ---- Worker and server ---- */

UNCOUNTED static bool read_whole(int from, void *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t got = read(from, (char *)bytes + done, size - done);

		if (got > 0)
			done += (size_t)got;
		else if (got == 0 || errno != EINTR)
			return false;
	}
	return true;
}

UNCOUNTED static bool answer(enum answer kind, uint32_t status, uint32_t extra)
{
	struct answer_message message = { ANSWER,	      control->serial, kind,
					  control->complete, control->filled, status,
					  { control->cause, extra } };

	return write(answer_pipe, &message, sizeof message) == (ssize_t)sizeof message;
}

/* Runs the execution in a child, so that nothing of it stays; dies as the child died. */
UNCOUNTED static void execute_in_child(const struct vstate_target *target, const struct execution *execution, uint32_t *record, uint32_t *end)
{
	pid_t child = fork();
	int status = 0;

	if (child < 0)
		stop(MEMORY);
	if (child == 0) {
		copied = 0;
		set_clock(true);
		uint64_t clock = now(), heap = allocated();

		execute(target, execution, record, end, &clock, &heap);
		_exit(0);
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status)) {
		signal(WTERMSIG(status), SIG_DFL);
		raise(WTERMSIG(status));
	}
	if (record[0] == 0)
		_exit(WEXITSTATUS(status));
}

/* As many executions as there is room for the results of. */
UNCOUNTED static void run_batch(const struct vstate_target *target, const struct go *go)
{
	struct reader reader = { request, request + options.request_size / 4 };
	uint32_t *end = results + options.results_size / 4, *record = results;
	uint64_t clock, heap;
	const uint32_t *known;

	control->cause = NONE;
	control->complete = 0;
	control->filled = 0;
	control->busy = 1;
	if (go->size > options.request_size)
		stop(MALFORMED);
	reader.end = request + go->size / 4;
	if ((go->flags & FIRST_OF_RUN) != 0) {
		forget_named(0);
		control->named = 0;
		named[0] = 0;
	}
	known = take(&reader, go->known);
	for (uint32_t index = 0; index < go->known; index++)
		seen[(known[index] >> 3) % MOST_EDGES] |= (unsigned char)(1u << (known[index] & 7));
	/* Who sees another serial says all of this again. */
	control->serial = go->serial;
	forget_counts();
	if (options.snapshot != 1)
		set_clock(true);
	clock = now();
	heap = allocated();
	for (uint32_t index = 0; index < go->executions; index++) {
		static struct execution execution;
		uint64_t wanted;

		read_execution(&reader, &execution);
		wanted = 7 + (uint64_t)execution.step_count + 16384 +
			 (uint64_t)execution.save_count * (MOST_SAVED / 4 + 1);
		if (wanted > (uint64_t)(end - record)) {
			if (index > 0)
				break;
			if (7 + (uint64_t)execution.step_count > (uint64_t)(end - record))
				stop(MALFORMED);
		}
		record[0] = 0;
		if (options.snapshot == 1)
			execute_in_child(target, &execution, record, end);
		else
			execute(target, &execution, record, end, &clock, &heap);
		if (record[0] < 4 || record[0] > (uint64_t)(end - record))
			stop(MALFORMED);
		record += record[0];
		control->filled = (uint32_t)((char *)record - (char *)results);
		control->complete = index + 1;
	}
	if (options.snapshot != 1)
		set_clock(false);
	fflush(stdout);
	if (copied)
		_exit(0);
	control->busy = 0;
	if (!answer(DONE, 0, 0)) {
		control->busy = 1;
		stop(PIPES);
	}
}

UNCOUNTED static void work(const struct vstate_target *target)
{
	struct sigaction on_alarm = { .sa_handler = on_tick, .sa_flags = SA_RESTART };
	struct go go;

	setpgid(0, 0);
#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == 1)
		_exit(0);
#endif
	signal(SIGTERM, SIG_DFL);
	sigaction(SIGALRM, &on_alarm, NULL);
	pthread_atfork(NULL, NULL, on_fork);
	/* Features of an execution that did not end were never told. */
	forget_named(control->named);
	named[control->named % MOST_NAMED] = 0;
	prepare_classes();
	save_bytes = calloc(1, MOST_SAVED);
	if (save_bytes == NULL)
		_exit(2);
	while (read_whole(go_pipe, &go, sizeof go)) {
		if (go.magic != GO)
			_exit(2);
		run_batch(target, &go);
		if (options.snapshot == 2)
			_exit(BATCH);
	}
	_exit(0);
}

UNCOUNTED static void on_terminate(int signal)
{
	(void)signal;
	if (worker > 1)
		kill(-worker, SIGKILL);
	_exit(0);
}

UNCOUNTED static void *map(int file, off_t from, size_t size, int protection)
{
	void *memory = mmap(NULL, size, protection, file < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED, file, from);

	if (memory == MAP_FAILED) {
		perror("vstate: mmap");
		exit(2);
	}
	return memory;
}

/* Away from the numbers that a target may close or that its files may get. */
UNCOUNTED static int out_of_reach(int file)
{
	int moved = fcntl(file, F_DUPFD_CLOEXEC, 500);

	if (moved < 0)
		return file;
	close(file);
	return moved;
}

UNCOUNTED static uint32_t set_up(const struct vstate_target *target, uint32_t abilities)
{
	off_t at = CONTROL_SIZE;
	struct rlimit no_core = { 0, 0 };
	const char *snapshot = getenv("VSTATE_FORK");

	if (!read_whole(go_pipe, &options, sizeof options) || options.magic != OPTIONS || options.version != VERSION) {
		fprintf(stderr, "vstate: this harness speaks version %d of the protocol\n", VERSION);
		exit(2);
	}
	if (snapshot != NULL && *snapshot != '\0')
		options.snapshot = strcmp(snapshot, "batch") == 0 ? 2 : strcmp(snapshot, "0") == 0 ? 0 : 1;
	control = map(5, 0, CONTROL_SIZE, PROT_READ | PROT_WRITE);
	results = map(5, at, options.results_size, PROT_READ | PROT_WRITE);
	at += options.results_size;
	request = map(5, at, options.request_size, PROT_READ);
	at += options.request_size;
	inputs = map(5, at, options.inputs_size, PROT_READ);
	close(5);
	seen = map(-1, 0, MOST_EDGES, PROT_READ | PROT_WRITE);
	named = map(-1, 0, MOST_NAMED * sizeof *named, PROT_READ | PROT_WRITE);
	go_pipe = out_of_reach(go_pipe);
	answer_pipe = out_of_reach(answer_pipe);
	exact = __asan_init != NULL;
	note_places();
	setrlimit(RLIMIT_CORE, &no_core);
	if (options.output_kib != 0) {
		struct rlimit output = { (rlim_t)options.output_kib * 1024, (rlim_t)options.output_kib * 1024 };

		setrlimit(RLIMIT_FSIZE, &output);
	}
	/* Hooks of the coverage ran before main, or in main itself. */
	return abilities | (edges > 0 ? COVERAGE : 0u) | (target->save != NULL ? SAVE : 0u) |
	       (target->run != NULL ? RUN : 0u) | (target->reset != NULL ? RESET : 0u);
}

UNCOUNTED static int serve(const struct vstate_target *target, uint32_t abilities)
{
	uint32_t idle_deaths = 0;

	abilities = set_up(target, abilities);
	signal(SIGTERM, on_terminate);
	signal(SIGPIPE, SIG_IGN);
#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
	if (!answer(HELLO, abilities, edges))
		return 2;
	for (;;) {
		int status = 0;
		pid_t child = fork();

		if (child < 0) {
			perror("vstate: fork");
			return 2;
		}
		if (child == 0)
			work(target);
		setpgid(child, child);
		worker = child;
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
		kill(-child, SIGKILL);
		worker = 0;
		if (control->busy) {
			control->busy = 0;
			idle_deaths = 0;
			if (!answer(DIED, (uint32_t)status, 0))
				return 2;
		} else if (WIFEXITED(status) && WEXITSTATUS(status) == BATCH) {
			idle_deaths = 0;
		} else if ((WIFEXITED(status) && WEXITSTATUS(status) == 0) || ++idle_deaths > 10) {
			return 0;
		}
	}
}

/* A person started the harness: each file is restored once, and its answers are shown. */
UNCOUNTED static int restore_files(int count, char **files, const struct vstate_target *target)
{
	for (int index = 1; index < count; index++) {
		FILE *file = fopen(files[index], "rb");
		unsigned char *bytes = NULL;
		size_t size = 0, room = 0, got = 0;

		if (file == NULL) {
			perror(files[index]);
			return 2;
		}
		do {
			size += got;
			if (size == room) {
				room = room == 0 ? 4096 : 2 * room;
				bytes = realloc(bytes, room);
				if (bytes == NULL)
					return 2;
			}
			got = fread(bytes + size, 1, room - size, file);
		} while (got > 0);
		fclose(file);
		bytes = realloc(bytes, size == 0 ? 1 : size);
		vstate_restore_once(target, bytes, size);
		free(bytes);
		fprintf(stderr, "%s: restored, %zu bytes\n", files[index], size);
	}
	return 0;
}

UNCOUNTED static int serve_or_restore(int argc, char **argv, const struct vstate_target *target, uint32_t abilities)
{
	if (argc > 1)
		return restore_files(argc, argv, target);
	if (getenv("VSTATE_SERVE") == NULL) {
		fprintf(stderr, "a harness of vstate-check for %s\n  vstate-check fuzz --target harness:%s ...\n  %s FILE...\n",
			target->name == NULL ? "a device" : target->name, argv[0], argv[0]);
		return 2;
	}
	return serve(target, abilities);
}

UNCOUNTED int vstate_serve(int argc, char **argv, const struct vstate_target *target)
{
	return serve_or_restore(argc, argv, target, SESSION);
}

/* ---- A harness that was written for libFuzzer: one call is the whole restore ---- */

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size) __attribute__((weak));
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));
int main(int argc, char **argv) __attribute__((weak));

UNCOUNTED static void *open_nothing(void)
{
	static int nothing;

	return &nothing;
}

UNCOUNTED static int do_nothing(void *device)
{
	(void)device;
	return 0;
}

UNCOUNTED static ssize_t call(void *device, const void *bytes, size_t size)
{
	(void)device;
	return LLVMFuzzerTestOneInput(bytes, size) == 0 ? (ssize_t)size : -EINVAL;
}

UNCOUNTED static void close_nothing(void *device)
{
	(void)device;
}

/* The main of VSTATE_HARNESS takes the place of this one. */
UNCOUNTED int main(int argc, char **argv)
{
	static const struct vstate_target one_input = {
		.name = "LLVMFuzzerTestOneInput",
		.open = open_nothing,
		.begin = do_nothing,
		.write = call,
		.end = do_nothing,
		.close = close_nothing,
	};

	if (LLVMFuzzerTestOneInput == NULL) {
		fprintf(stderr, "vstate: there is neither VSTATE_HARNESS nor LLVMFuzzerTestOneInput\n");
		return 2;
	}
	if (LLVMFuzzerInitialize != NULL)
		LLVMFuzzerInitialize(&argc, &argv);
	return serve_or_restore(argc, argv, &one_input, 0);
}

#endif
