/*
 * A sample serial card in the manner of linux samples/vfio-mdev/mtty.c: a header of 24 bytes and a
 * record of 36 bytes for each port. VSTATE_PORTS says how many ports the device has, 1 or 2.
 *
 * Sound, it differs from the sample driver in what that one trusts: a write that failed is
 * remembered, and every field of a port is judged before any is taken. With the bugs
 * mtty-header-forgotten, mtty-fifo-index and mtty-count-unchecked it behaves as the sample driver.
 */
#include "../bugs.h"
#include "../bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vstate_harness.h"

#define MAGIC 0x7e9d09898c3e2c4eu
#define HEADER 24
#define RECORD 36
#define FIFO 16
#define MOST_PORTS 2

/* Fields of a port record. */
#define LCR 3
#define MCR 4

struct port {
	unsigned char uart_reg[8];
	unsigned char fifo[FIFO];
	unsigned char head;
	unsigned char tail;
	unsigned char count;
	unsigned char dlab;
	unsigned char overrun;
	unsigned char pad0;
	unsigned char divisor[2];
	unsigned char fcr;
	unsigned char max_fifo_size;
	unsigned char intr_trigger_level;
	unsigned char pad1;
};

_Static_assert(sizeof(struct port) == RECORD, "a port is its record");

struct mtty {
	unsigned int nr_ports;
	/* What the guest sees; as many as nr_ports. */
	struct port *ports;
	/* The session. */
	bool resuming;
	bool failed;
	size_t filled;
	/* As many bytes as a state of this device has. */
	unsigned char *data;
};

static size_t total(const struct mtty *mtty)
{
	return HEADER + mtty->nr_ports * RECORD;
}

static int mtty_reset(void *device)
{
	struct mtty *mtty = device;

	memset(mtty->ports, 0, mtty->nr_ports * sizeof(*mtty->ports));
	for (unsigned int index = 0; index < mtty->nr_ports; index++)
		mtty->ports[index].max_fifo_size = FIFO;
	mtty->resuming = false;
	if (!BUG(MTTY_REFUSAL_STICKS))
		mtty->failed = false;
	return 0;
}

static void mtty_close(void *device)
{
	struct mtty *mtty = device;

	free(mtty->ports);
	free(mtty->data);
	free(mtty);
}

static void *mtty_open(void)
{
	const char *ports = getenv("VSTATE_PORTS");
	struct mtty *mtty;

	bugs_begin();
	mtty = calloc(1, sizeof(*mtty));
	if (mtty == NULL)
		return NULL;
	mtty->nr_ports = ports != NULL && ports[0] == '2' ? 2 : 1;
	mtty->ports = calloc(mtty->nr_ports, sizeof(*mtty->ports));
	mtty->data = calloc(1, total(mtty));
	if (mtty->ports == NULL || mtty->data == NULL) {
		mtty_close(mtty);
		return NULL;
	}
	mtty_reset(mtty);
	return mtty;
}

static int mtty_begin(void *device)
{
	struct mtty *mtty = device;

	mtty->resuming = true;
	mtty->filled = 0;
	CANARY(MTTY_REFUSAL_STICKS, mtty->failed);
	if (!BUG(MTTY_REFUSAL_STICKS))
		mtty->failed = false;
	return 0;
}

static int check_header(const struct mtty *mtty)
{
	const unsigned char *data = mtty->data;
	bool version = le32(data + 8) == 1 && le32(data + 12) == 0;
	bool ports = le32(data + 16) == mtty->nr_ports;

	CANARY(MTTY_VERSION_SKIPPED, !version);
	CANARY(MTTY_PORTS_OF_STREAM, le32(data + 16) > mtty->nr_ports);
	if (le64(data) != MAGIC || le32(data + 20) != 0)
		return -EFAULT;
	if (!version && !BUG(MTTY_VERSION_SKIPPED))
		return -EFAULT;
	if (!ports && !(BUG(MTTY_PORTS_OF_STREAM) && le32(data + 16) > mtty->nr_ports))
		return -EFAULT;
	return 0;
}

static ssize_t refuse(struct mtty *mtty, int error)
{
	mtty->failed = true;
	return error;
}

static ssize_t mtty_write(void *device, const void *bytes, size_t size)
{
	struct mtty *mtty = device;
	size_t before = mtty->filled;
	bool header;
	bool failed = mtty->failed && !BUG(MTTY_HEADER_FORGOTTEN);

	if (!mtty->resuming)
		return -ENODEV;
	if (failed)
		return -EIO;
	if (size > total(mtty) - before) {
		/* With the bug only the place where the write begins is compared. */
		CANARY(MTTY_OVERLONG_WRITE, before < total(mtty));
		if (!BUG(MTTY_OVERLONG_WRITE) || before == total(mtty))
			return refuse(mtty, -ENOMEM);
	}
	memcpy(mtty->data + before, bytes, size);
	mtty->filled += size;
	header = before < HEADER && mtty->filled >= HEADER;
	if (header && BUG(MTTY_HEADER_CUT)) {
		CANARY(MTTY_HEADER_CUT, before > 0);
		header = before == 0;
	}
	if (header) {
		int error = check_header(mtty);

		if (error < 0)
			return refuse(mtty, error);
	}
	return (ssize_t)size;
}

/* Whether a guest can have brought a port into this state. */
static bool sound_fifo(const struct port *port)
{
	unsigned int between = (unsigned int)(port->head - port->tail) & (FIFO - 1);
	bool index = port->head < FIFO && port->tail < FIFO;
	bool count = port->count == between || (port->count == FIFO && between == 0);

	CANARY(MTTY_FIFO_INDEX, !index);
	CANARY(MTTY_COUNT_UNCHECKED, index && !count);
	if (BUG(MTTY_FIFO_INDEX) && !index)
		return true;
	return index && (count || BUG(MTTY_COUNT_UNCHECKED));
}

static bool sound_port(const struct port *port)
{
	const unsigned char *reg = port->uart_reg;

	if (!sound_fifo(port))
		return false;
	if (reg[0] != 0 || reg[2] != 0 || reg[5] != 0 || reg[6] != 0)
		return false;
	if (port->dlab != reg[LCR] >> 7 || port->overrun > 1)
		return false;
	if (port->max_fifo_size != 1 && port->max_fifo_size != FIFO)
		return false;
	return port->intr_trigger_level <= 1 && port->pad0 == 0 && port->pad1 == 0;
}

static void take_port(struct port *live, const struct port *port)
{
	unsigned char fifo[FIFO];

	memcpy(fifo, live->fifo, FIFO);
	*live = *port;
	if (!BUG(MTTY_STALE_FIFO))
		return;
	/* Only what the guest can still read is copied; the rest stays as it was. */
	for (unsigned int index = 0; index < FIFO; index++) {
		unsigned int from = (index - port->tail) & (FIFO - 1);

		CANARY(MTTY_STALE_FIFO, from >= port->count && live->fifo[index] != fifo[index]);
		if (from >= port->count)
			live->fifo[index] = fifo[index];
	}
}

static int mtty_end(void *device)
{
	struct mtty *mtty = device;
	struct port ports[MOST_PORTS];
	bool bad_header;

	if (!mtty->resuming)
		return -EINVAL;
	bad_header = mtty->failed;
	CANARY(MTTY_HEADER_FORGOTTEN, bad_header && mtty->filled == total(mtty));
	if (bad_header && !BUG(MTTY_HEADER_FORGOTTEN))
		return -EINVAL;
	if (mtty->filled < total(mtty)) {
		CANARY(MTTY_SHORT_TAKEN, mtty->filled > HEADER);
		if (!BUG(MTTY_SHORT_TAKEN) || mtty->filled <= HEADER)
			return -EINVAL;
		memset(mtty->data + mtty->filled, 0, total(mtty) - mtty->filled);
		mtty->data[HEADER + offsetof(struct port, max_fifo_size)] = FIFO;
	}
	memcpy(ports, mtty->data + HEADER, mtty->nr_ports * sizeof(*ports));
	for (unsigned int index = 0; index < mtty->nr_ports; index++) {
		if (BUG(MTTY_HALF_APPLIED)) {
			memcpy(mtty->ports[index].uart_reg, ports[index].uart_reg, 8);
			memcpy(mtty->ports[index].fifo, ports[index].fifo, FIFO);
		}
		if (!sound_port(&ports[index])) {
			CANARY(MTTY_HALF_APPLIED, true);
			return -EINVAL;
		}
	}
	for (unsigned int index = 0; index < mtty->nr_ports; index++)
		take_port(&mtty->ports[index], &ports[index]);
	if (BUG(MTTY_PORTS_OF_STREAM))
		mtty->nr_ports = le32(mtty->data + 16);
	mtty->resuming = false;
	return 0;
}

/* The guest reads a character that waits, and receives one. */
static int mtty_run(void *device)
{
	struct mtty *mtty = device;

	for (unsigned int index = 0; index < mtty->nr_ports; index++) {
		struct port *port = &mtty->ports[index];

		if (port->dlab)
			continue;
		if (port->head != port->tail || port->count > 0) {
			port->uart_reg[0] = port->fifo[port->tail];
			port->uart_reg[0] = 0;
			port->tail = (port->tail + 1) & (FIFO - 1);
			port->count--;
		}
		if (port->count < port->max_fifo_size) {
			port->fifo[port->head] = port->uart_reg[7];
			port->head = (port->head + 1) & (FIFO - 1);
			port->count++;
		} else {
			port->overrun = 1;
		}
	}
	return 0;
}

static ssize_t mtty_save(void *device, void *bytes, size_t room)
{
	const struct mtty *mtty = device;
	unsigned char *data = bytes;

	if (room < total(mtty))
		return -ENOSPC;
	put_le64(data, MAGIC);
	put_le32(data + 8, 1);
	put_le32(data + 12, 0);
	put_le32(data + 16, mtty->nr_ports);
	put_le32(data + 20, 0);
	memcpy(data + HEADER, mtty->ports, mtty->nr_ports * sizeof(*mtty->ports));
	return (ssize_t)total(mtty);
}

static const struct vstate_target target = {
	.name = "mtty",
	.open = mtty_open,
	.begin = mtty_begin,
	.write = mtty_write,
	.end = mtty_end,
	.run = mtty_run,
	.save = mtty_save,
	.reset = mtty_reset,
	.close = mtty_close,
};

VSTATE_HARNESS(target)
