/*
 * The example of `vstate-check fuzz --demo`: a serial port that restores mtty states, with the kind
 * of mistakes that real restore paths have. None of them shows itself with a good state.
 *
 *   cc -g -fsanitize=address,undefined -fno-omit-frame-pointer \
 *      example_serial.c vstate_harness.c -o example_serial
 *   vstate-check fuzz --target harness:./example_serial --format mtty
 */
#include "vstate_harness.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define HEADER 24
#define PORT 36
#define STATE (HEADER + PORT)
#define FIFO 16

static const unsigned char header[HEADER] = {
	0x4e, 0x2c, 0x3e, 0x8c, 0x89, 0x09, 0x9d, 0x7e, /* magic */
	1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, /* 1.0, one port, no flags */
};

/* As on the wire: 36 bytes, without padding of the compiler's. */
struct port {
	uint8_t registers[8];
	uint8_t fifo[FIFO];
	uint8_t head, tail, count, dlab, overrun, pad0;
	uint8_t divisor[2];
	uint8_t fcr, max_fifo_size, trigger, pad1;
};

struct serial {
	struct port *port;
	unsigned char stream[STATE];
	size_t filled;
};

static void *serial_open(void)
{
	struct serial *serial = calloc(1, sizeof(*serial));

	if (serial == NULL)
		return NULL;
	/* On the heap, so that a sanitizer sees what lies behind it. */
	serial->port = calloc(1, sizeof(*serial->port));
	if (serial->port == NULL) {
		free(serial);
		return NULL;
	}
	serial->port->max_fifo_size = FIFO;
	return serial;
}

static int serial_begin(void *device)
{
	struct serial *serial = device;

	serial->filled = 0;
	return 0;
}

static ssize_t serial_write(void *device, const void *bytes, size_t size)
{
	struct serial *serial = device;
	size_t before = serial->filled;

	if (size > STATE - before)
		return -ENOMEM;
	memcpy(serial->stream + before, bytes, size);
	serial->filled += size;
	/* Mistake: the error is answered once and remembered by nobody. */
	if (before < HEADER && serial->filled >= HEADER && memcmp(serial->stream, header, HEADER) != 0)
		return -EFAULT;
	return (ssize_t)size;
}

static int serial_end(void *device)
{
	struct serial *serial = device;

	if (serial->filled < STATE)
		return -EINVAL;
	/* Mistake: nothing of the port is looked at. */
	memcpy(serial->port, serial->stream + HEADER, PORT);
	return 0;
}

/* The guest reads what its port has received. */
static int serial_run(void *device)
{
	struct port *port = ((struct serial *)device)->port;
	unsigned taken = 0;

	while (port->count > 0 && taken++ < FIFO) {
		/* Mistake: the index is used before it is brought into the ring. */
		port->registers[0] = port->fifo[port->tail];
		port->tail = (uint8_t)((port->tail + 1) % FIFO);
		port->count--;
	}
	port->registers[0] = 0;
	return 0;
}

static ssize_t serial_save(void *device, void *bytes, size_t room)
{
	struct serial *serial = device;

	if (room < STATE)
		return -ENOSPC;
	memcpy(bytes, header, HEADER);
	memcpy((unsigned char *)bytes + HEADER, serial->port, PORT);
	return STATE;
}

static int serial_reset(void *device)
{
	struct serial *serial = device;

	memset(serial->port, 0, sizeof(*serial->port));
	serial->port->max_fifo_size = FIFO;
	serial->filled = 0;
	return 0;
}

static void serial_close(void *device)
{
	struct serial *serial = device;

	free(serial->port);
	free(serial);
}

static const struct vstate_target serial_target = {
	.name = "example serial port",
	.open = serial_open,
	.begin = serial_begin,
	.write = serial_write,
	.end = serial_end,
	.run = serial_run,
	.save = serial_save,
	.reset = serial_reset,
	.close = serial_close,
};

VSTATE_HARNESS(serial_target)
