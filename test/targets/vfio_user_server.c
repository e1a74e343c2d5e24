/*
 * A vfio-user server of one small device, in the manner of libvfio-user's migration sample: the
 * protocol and the state machine as that library has them, and a state of 64 bytes that is checked
 * when RESUMING is left.
 *
 *   vfio_user_server SOCKET [FAULT | hostile]
 *
 * FAULT is the name of the one check of `vstate-check conform` that the server then fails. A hostile
 * server does what the second byte of the data says when the first one is '!'.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { VERSION = 1, DMA_MAP = 2, DMA_UNMAP = 3, GET_INFO = 4, GET_REGION_INFO = 5,
       GET_IRQ_INFO = 7, REGION_READ = 9, REGION_WRITE = 10, DMA_READ = 11, RESET = 13,
       FEATURE = 16, DATA_READ = 17, DATA_WRITE = 18 };
enum { ERROR, STOP, RUNNING, STOP_COPY, RESUMING, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P };
enum { GET = 1 << 16, SET = 1 << 17, PROBE = 1 << 18 };
enum { IMAGE = 64, MOST = 1 << 20, HEADER = 16 };

struct header {
	uint16_t id, command;
	uint32_t size, flags, error;
};

struct device {
	uint32_t state;
	unsigned char image[IMAGE], incoming[IMAGE];
	size_t filled, sent, most;
	bool negotiated, header_was_cut;
};

static const char *fault = "";
static bool hostile;
static unsigned char body[MOST + 64], answer[2 * MOST + 64];

static bool has(const char *name)
{
	return strcmp(fault, name) == 0;
}

static uint32_t word(const unsigned char *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static void put(unsigned char *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

static bool read_all(int fd, void *to, size_t size)
{
	for (size_t got = 0; got < size;) {
		ssize_t now = read(fd, (char *)to + got, size - got);
		if (now <= 0)
			return false;
		got += now;
	}
	return true;
}

static void send_all(int fd, const void *from, size_t size)
{
	for (size_t sent = 0; sent < size;) {
		ssize_t now = write(fd, (const char *)from + sent, size - sent);
		if (now <= 0)
			return;
		sent += now;
	}
}

static void renew(struct device *device)
{
	memset(device->image, 0, IMAGE);
	memcpy(device->image, "VSRV", 4);
	put(device->image + 4, 1);
	device->filled = device->sent = 0;
	device->state = RUNNING;
}

static bool is_saving(uint32_t state)
{
	return state == STOP_COPY || state == PRE_COPY;
}

/* What a driver does when RESUMING is left. */
static int take(struct device *device)
{
	if (device->filled != IMAGE && !has("restore-short"))
		return EINVAL;
	if (memcmp(device->incoming, "VSRV", 4) != 0 && device->filled >= 4)
		return EINVAL;
	memcpy(device->image, device->incoming, device->filled);
	return 0;
}

static int set_state(struct device *device, uint32_t to)
{
	uint32_t from = device->state;

	if (to == ERROR || (to >= 8 && !has("state-unknown")) || to == RUNNING_P2P ||
	    to == PRE_COPY_P2P)
		return EINVAL;
	if (to >= 8)
		return 0;
	if (from == STOP_COPY && to == PRE_COPY && !has("arc-STOP_COPY-PRE_COPY")) {
		if (has("state-after-refusal"))
			device->state = STOP;
		return EINVAL;
	}
	if (has("arc-RUNNING-STOP") && from == RUNNING && to == STOP)
		return EINVAL;
	if (from == to)
		return 0;
	if (from == RESUMING) {
		int error = take(device);
		if (error != 0)
			return error;
	}
	if (to == RESUMING) {
		device->filled = 0;
		device->header_was_cut = false;
	}
	if (is_saving(to) && !is_saving(from))
		device->sent = 0;
	if (to == STOP_COPY)
		device->sent = 0;
	device->state = to;
	return 0;
}

/* Each of these gives the error, and the size of the answer's body in `size`. */
static int version(struct device *device, size_t given, size_t *size)
{
	const char *json = (const char *)body + 4;
	const char *found;
	long most = MOST;

	if (given < 4 || (*(uint16_t *)body != 0 && !has("version-major")))
		return EINVAL;
	if (given > 4) {
		if (body[given - 1] != 0 && !has("version-unterminated"))
			return EINVAL;
		body[given] = 0;
		if (json[0] != '{' && !has("version-json"))
			return EINVAL;
		found = strstr(json, "max_data_xfer_size\":");
		if (found != NULL)
			most = strtol(found + 20, NULL, 10);
	}
	if (most < 0 || most > MOST)
		most = has("version-transfer") ? 2 * MOST : MOST;
	device->most = most;
	device->negotiated = true;
	put(answer, 1 << 16);
	strcpy((char *)answer + 4, "{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":1048576,"
				   "\"migration\":{\"pgsize\":4096}}}");
	*size = 4 + strlen((char *)answer + 4) + 1;
	return 0;
}

static int feature(struct device *device, size_t given, size_t *size)
{
	uint32_t argsz = word(body), flags = word(body + 4), operation = flags & ~0xffffu;
	uint32_t room = argsz - 8;

	if (given < 8)
		return EINVAL;
	if (argsz < 8 || (operation & ~(GET | SET | PROBE)) != 0)
		return EINVAL;
	if ((operation & GET) && (operation & SET) && !(operation & PROBE)) {
		if (!has("feature-both-operations"))
			return EINVAL;
		operation = GET;
	}
	memcpy(answer, body, 8);
	switch (flags & 0xffff) {
	case 1:
		if ((operation & SET) && !has("feature-wrong-operation"))
			return EINVAL;
		break;
	case 2:
		break;
	default:
		if (!has("feature-unknown"))
			return EINVAL;
		*size = 8;
		return 0;
	}
	if (operation & PROBE) {
		*size = 8;
		return has("feature-probe") ? EINVAL : 0;
	}
	if (operation == 0 && !has("feature-no-operation"))
		return EINVAL;
	if (room < 8 && !has("feature-argsz"))
		return EINVAL;
	*size = 16;
	put(answer, 16);
	if ((flags & 0xffff) == 1) {
		put(answer + 8, has("feature-migration") ? 4 : 5);
		put(answer + 12, 0);
		return 0;
	}
	put(answer + 12, 0xffffffff);
	if (operation & GET) {
		put(answer + 8, device->state);
		return 0;
	}
	if (given < 16) {
		if (!has("feature-short-body"))
			return EINVAL;
		*size = 8;
		return 0;
	}
	put(answer + 8, word(body + 8));
	return set_state(device, word(body + 8));
}

static int data_read(struct device *device, size_t given, size_t *size)
{
	uint32_t argsz = word(body), wanted = word(body + 4);
	size_t now;

	if (given < 8)
		return EINVAL;
	if (!is_saving(device->state)) {
		if (!has("data-read-outside"))
			return EINVAL;
		wanted = 0;
	}
	if (argsz < 8 + (uint64_t)wanted && !has("data-read-argsz"))
		return EINVAL;
	if (wanted > device->most) {
		if (!has("data-read-limit") || wanted > MOST + 16)
			return EINVAL;
		wanted = 0;
	}
	now = device->state == STOP_COPY ? IMAGE - device->sent : 0;
	if (now > wanted)
		now = wanted;
	memset(answer, 0, 8 + (size_t)wanted);
	put(answer, has("data-read-head") ? 4 : 8 + now);
	put(answer + 4, now);
	memcpy(answer + 8, device->image + device->sent, now);
	device->sent += now;
	if (has("data-read-end") && now == 0 && device->state == STOP_COPY)
		device->sent = 0;
	*size = 8 + wanted;
	return 0;
}

static void misbehave(int fd, const struct header *header, unsigned char how)
{
	struct header reply = { header->id, header->command, HEADER, 1, 0 };

	switch (how) {
	case 'a':
		abort();
	case 'e':
		exit(3);
	case 'h':
		for (;;)
			pause();
	case 's':
		reply.size = 0xffffffff;
		send_all(fd, &reply, HEADER);
		break;
	case 'i':
		reply.id ^= 1;
		send_all(fd, &reply, HEADER);
		break;
	case 'd':
		send_all(fd, &reply, HEADER / 2);
		shutdown(fd, SHUT_RDWR);
		break;
	case 'c':
		shutdown(fd, SHUT_RDWR);
		break;
	case 'f': {
		unsigned char request[HEADER + 16] = { 1, 0, DMA_READ, 0, HEADER + 16 };

		for (;;) {
			if (send(fd, request, sizeof(request), MSG_NOSIGNAL) <= 0)
				break;
			/* What the client answers is read, or neither would get on. */
			while (recv(fd, answer, sizeof(answer), MSG_DONTWAIT) > 0)
				;
		}
		break;
	}
	case 'm':
		for (;;)
			memset(malloc(1 << 20), 1, 1 << 20);
	}
}

static int data_write(struct device *device, size_t given)
{
	uint32_t argsz = word(body), size = word(body + 4);

	if (given < 8)
		return EINVAL;
	if (device->state != RESUMING)
		return has("data-write-outside") ? 0 : EINVAL;
	if (size > device->most)
		return EINVAL;
	if (argsz < 8 + (uint64_t)size && !has("data-write-argsz"))
		return EINVAL;
	if (given < 8 + (uint64_t)size)
		return has("data-write-body") ? 0 : EINVAL;
	if (has("data-write-empty") && size == 0)
		return EINVAL;
	if (has("restore-segmentation") && size > 0 && size < 16)
		return EINVAL;
	if (size > IMAGE - device->filled)
		return has("restore-long") ? 0 : EINVAL;
	memcpy(device->incoming + device->filled, body + 8, size);
	device->filled += size;
	return 0;
}

static int carry_out(struct device *device, const struct header *header, size_t *size)
{
	size_t given = header->size - HEADER;
	bool stopped = device->state == STOP || device->state == STOP_COPY;

	*size = 0;
	if (!device->negotiated && header->command != VERSION && !has("version-first"))
		return EINVAL;
	if ((header->flags & 0xf) != 0 && !has("header-type"))
		return EINVAL;
	if (given == 0 && header->command != RESET)
		return EINVAL;
	switch (header->command) {
	case VERSION:
		return version(device, given, size);
	case FEATURE:
		return feature(device, given, size);
	case DATA_READ:
		return data_read(device, given, size);
	case DATA_WRITE:
		return data_write(device, given);
	case REGION_READ:
		if (given < 16 || word(body + 12) > IMAGE)
			return EINVAL;
		memcpy(answer, body, 16);
		memcpy(answer + 16, device->image, word(body + 12));
		*size = 16 + word(body + 12);
		return 0;
	}
	if (stopped && header->command != RESET && !has("stopped-commands"))
		return EINVAL;
	switch (header->command) {
	case RESET:
		if (has("reset-state"))
			return 0;
		renew(device);
		return 0;
	case DMA_MAP:
	case DMA_UNMAP:
		return 0;
	case GET_INFO:
		put(answer, 16);
		put(answer + 4, 1);
		put(answer + 8, 1);
		put(answer + 12, 0);
		*size = 16;
		return 0;
	case GET_REGION_INFO:
		memset(answer, 0, 32);
		put(answer, 32);
		put(answer + 4, 3);
		put(answer + 8, word(body + 8));
		put(answer + 16, IMAGE);
		*size = 32;
		return word(body + 8) == 0 ? 0 : EINVAL;
	}
	return has("header-unknown-command") ? 0 : EINVAL;
}

static void serve(int fd, struct device *device)
{
	struct header header;

	renew(device);
	device->negotiated = false;
	device->most = MOST;
	while (read_all(fd, &header, HEADER)) {
		struct header reply = { header.id, header.command, HEADER, 1, 0 };
		size_t size = 0;
		int error;

		if (header.size < HEADER)
			return;
		if (header.size > MOST + 32) {
			if (has("header-long")) {
				send_all(fd, &reply, HEADER);
				continue;
			}
			reply.flags = 0x21;
			reply.error = EINVAL;
			send_all(fd, &reply, HEADER);
			return;
		}
		memset(body, 0, 64);
		if (!read_all(fd, body, header.size - HEADER))
			return;
		if (hostile && header.command == DATA_WRITE && body[8] == '!' && header.size >= HEADER + 10)
			misbehave(fd, &header, body[9]);
		error = carry_out(device, &header, &size);
		if (error != 0) {
			reply.flags = 0x21;
			reply.error = has("header-error") ? 0 : error;
			size = 0;
		}
		if ((header.flags & 0x10) && !has("header-no-reply"))
			continue;
		reply.size = HEADER + size;
		if (has("header-echo") && header.command == RESET)
			reply.command = VERSION;
		send_all(fd, &reply, HEADER);
		send_all(fd, answer, size);
	}
}

int main(int argc, char **argv)
{
	static struct device device;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	if (argc < 2 || strlen(argv[1]) >= sizeof(address.sun_path))
		return 2;
	if (argc > 2) {
		fault = argv[2];
		hostile = has("hostile");
	}
	signal(SIGPIPE, SIG_IGN);
	strcpy(address.sun_path, argv[1]);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(listener, 8) != 0) {
		perror(argv[1]);
		return 1;
	}
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			return 1;
		serve(fd, &device);
		close(fd);
	}
}
