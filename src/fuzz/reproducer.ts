import { bytesOf, type Execution } from '../targets/target.ts';

/** Bytes of one line of a C array. */
const ROW = 12;

/**
 * A C program that does to a device what the finding did. Linked with the author's own harness it
 * drives the hooks; alone it writes the state, in the same writes, to a file or a descriptor.
 */
export const reproducerC = (title: string, execution: Execution): string => {
  const inputs = execution.inputs.map(bytesOf);
  const steps = execution.steps.map((step) => {
    switch (step.do) {
      case 'write':
        return `\t{ WRITE, ${step.length}u },`;
      case 'input':
        return step.input === 'saved' ? '\t{ SAVED, 0u },' : `\t{ INPUT, ${step.input}u },`;
      default:
        return `\t{ ${step.do.toUpperCase()}, 0u },`;
    }
  });
  return `/*
 * ${commentText(title)}
 *
 * With the harness of the restore path, in place of vstate_harness.c:
 *   cc -g -fsanitize=address,undefined -DWITH_HARNESS harness.c restore.c reproducer.c -o reproduce
 *   ./reproduce
 * Alone, it writes the state to its first argument (a file, a pipe, a data_fd in /dev/fd):
 *   cc reproducer.c -o reproduce && ./reproduce state.bin
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

${inputs.map((bytes, index) => arrayText(`input${index}`, bytes)).join('\n')}
static const struct { const unsigned char *bytes; size_t size; } inputs[] = {
${inputs.map((bytes, index) => `\t{ input${index}, ${bytes.length}u },`).join('\n')}
};

enum action { BEGIN, WRITE, END, RUN, SAVE, RESET, INPUT, SAVED };

static const struct { enum action action; size_t value; } steps[] = {
${steps.join('\n')}
};
#define COUNT (sizeof(steps) / sizeof(steps[0]))
/* Whether the rest of a session is left out when one of its steps is refused. */
static const int stop_on_refusal = ${execution.onRefusal === 'stop' ? 1 : 0};

#ifdef WITH_HARNESS
/* The hooks of a restore path, as vstate_harness.h declares them. */
struct vstate_target {
	const char *name;
	void *(*open)(void);
	int (*begin)(void *device);
	ssize_t (*write)(void *device, const void *bytes, size_t size);
	int (*end)(void *device);
	int (*run)(void *device);
	ssize_t (*save)(void *device, void *bytes, size_t room);
	int (*reset)(void *device);
	void (*close)(void *device);
};
int vstate_serve(int argc, char **argv, const struct vstate_target *target);

static unsigned char saved[1 << 20];

int vstate_serve(int argc, char **argv, const struct vstate_target *target)
{
	const unsigned char *bytes = inputs[0].bytes;
	size_t size = inputs[0].size, at = 0, saved_size = 0, i;
	void *device = target->open();
	int refused = 0;

	(void)argc;
	(void)argv;
	if (!device)
		return 2;
	for (i = 0; i < COUNT; i++) {
		static const char *const names[] = { "begin", "write", "end", "run", "save", "reset", "input", "saved" };
		enum action action = steps[i].action;
		size_t count;
		/* A copy of the exact size, so that a sanitizer sees the first byte past it. */
		unsigned char *copy;
		long answer = 0;

		if (action == BEGIN || action == SAVE || action == RESET)
			refused = 0;
		if (refused && stop_on_refusal && action != INPUT && action != SAVED)
			continue;
		switch (action) {
		case BEGIN:
			answer = target->begin(device);
			break;
		case WRITE:
			count = steps[i].value < size - at ? steps[i].value : size - at;
			copy = malloc(count ? count : 1);
			if (!copy)
				return 2;
			if (count)
				memcpy(copy, bytes + at, count);
			at += count;
			answer = (long)target->write(device, copy, count);
			free(copy);
			break;
		case END:
			answer = target->end(device);
			break;
		case RUN:
			answer = target->run ? target->run(device) : 0;
			break;
		case SAVE:
			answer = target->save ? (long)target->save(device, saved, sizeof(saved)) : 0;
			saved_size = answer > 0 ? (size_t)answer : 0;
			break;
		case RESET:
			answer = target->reset ? target->reset(device) : 0;
			break;
		case INPUT:
			bytes = inputs[steps[i].value].bytes;
			size = inputs[steps[i].value].size;
			at = 0;
			break;
		case SAVED:
			bytes = saved;
			size = saved_size;
			at = 0;
			break;
		}
		printf("%s: %ld%s%s\\n", names[action], answer, answer < 0 ? " " : "", answer < 0 ? strerror((int)-answer) : "");
		fflush(stdout);
		if (answer < 0)
			refused = 1;
	}
	target->close(device);
	return 0;
}
#else
int main(int argc, char **argv)
{
	int fd = argc > 1 ? open(argv[1], O_WRONLY | O_CREAT, 0600) : 1;
	const unsigned char *bytes = inputs[0].bytes;
	size_t size = inputs[0].size, at = 0, i;

	if (fd < 0) {
		perror(argv[1]);
		return 2;
	}
	for (i = 0; i < COUNT; i++) {
		size_t count;
		ssize_t taken;

		/* What follows the first session needs the device itself. */
		if (steps[i].action == INPUT && i > 0 && at > 0)
			break;
		if (steps[i].action == INPUT) {
			bytes = inputs[steps[i].value].bytes;
			size = inputs[steps[i].value].size;
		}
		if (steps[i].action != WRITE)
			continue;
		count = steps[i].value < size - at ? steps[i].value : size - at;
		taken = write(fd, bytes + at, count);
		fprintf(stderr, "write of %zu bytes: %zd%s%s\\n", count, taken, taken < 0 ? " " : "", taken < 0 ? strerror(errno) : "");
		at += count;
		if (taken < 0 && stop_on_refusal)
			return 1;
	}
	(void)stop_on_refusal;
	return 0;
}
#endif
`;
};

/** No end of the comment, no second line, nothing that a terminal would obey. */
const commentText = (text: string): string =>
  text.replaceAll(/[^\x20-\x7e]/gu, '?').replaceAll('*/', '* /');

const arrayText = (name: string, bytes: Uint8Array): string => {
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; at += ROW) {
    const row = Array.from(bytes.subarray(at, at + ROW), hexByte).join(', ');
    rows.push(`\t${row},`);
  }
  // C has no array without elements.
  if (rows.length === 0) rows.push('\t0x00,');
  return `static const unsigned char ${name}[] = {\n${rows.join('\n')}\n};`;
};

const hexByte = (byte: number): string => `0x${byte.toString(16).padStart(2, '0')}`;

/** A script that writes the state with nothing but a shell, and hands it to the target. */
export const reproducerShell = (title: string, target: string, execution: Execution): string => {
  const [input] = execution.inputs;
  const bytes = input === undefined ? new Uint8Array(0) : bytesOf(input);
  const base64 = Buffer.from(bytes)
    .toString('base64')
    .replace(/.{1,76}/gu, '$&\n');
  const colon = target.indexOf(':');
  const scheme = target.slice(0, Math.max(colon, 0));
  const program = target.slice(colon + 1);
  return `#!/bin/sh
# ${commentText(title)}
# Writes the state to state.bin (or to the first argument) and gives it to the restore path.
set -e
state=\${1:-state.bin}
base64 -d > "$state" <<'END'
${base64}END
echo "wrote $state"
${shellRun(scheme, program)}`;
};

const shellRun = (scheme: string, program: string): string => {
  switch (scheme) {
    case 'command':
      return program.includes('@@')
        ? `exec ${program.replaceAll('@@', '"$state"')}\n`
        : `exec ${program} < "$state"\n`;
    case 'harness':
      return `# The target is a harness; reproducer.c drives it step by step:
#   cc -g -fsanitize=address,undefined -DWITH_HARNESS YOUR_HARNESS.c YOUR_RESTORE.c reproducer.c -o reproduce
#   ./reproduce
`;
    default:
      return `# Restore it with: ${commentText(`${scheme}:${program}`)}
`;
  }
};
