/*
 * An accelerator function in the manner of linux drivers/vfio/pci/hisilicon/hisi_acc_vfio_pci.c: one
 * structure of 176 bytes, of which the first 40 say which device it is for, and are all there is of
 * a function that no driver has used.
 *
 * Sound, it remembers a mismatch, judges every field when RESUMING is left, and computes the queue
 * addresses of the first magic from the registers once all of them are there.
 */
#include "../bugs.h"
#include "../bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vstate_harness.h"

#define MAGIC_V1 0xcdcdcdcdfeedaaccu
#define MAGIC_V2 0xaaccfeeddecadedeu
#define MATCH 40
#define STATE 176

/* Offsets of fields. */
#define QP_NUM 8
#define DEV_ID 12
#define QUE_ISO 16
#define QP_BASE 20
#define QM_STATE 24
#define MAJOR 28
#define MINOR 30
#define RSV_STATE 32
#define PAGE_SIZE_REG 60
#define EQC 64
#define AEQC 92
#define RSV_REGS 120
#define EQE_DMA 144
#define AEQE_DMA 152
#define SQC_DMA 160
#define CQC_DMA 168

/* This device. */
#define DEVICE 0xa256u
#define QUEUES 64u
#define DEPTH 1024u
#define CONTEXT 32u
#define IOVA_BITS 52
#define GUEST_BASE 0x180000000u
#define GUEST_SIZE 0x10000u

struct hisi {
	unsigned char live[STATE];
	/* MATCH or STATE. */
	size_t live_size;
	/* The session. */
	bool resuming;
	bool failed;
	bool matched;
	size_t filled;
	unsigned char *data;
	/* What the device works with. */
	unsigned char *events;
	unsigned int *queues;
	unsigned int *extensions;
	unsigned char *guest;
};

/* A function that no driver has used. */
static int hisi_reset(void *device)
{
	struct hisi *hisi = device;

	memset(hisi->live, 0, STATE);
	put_le64(hisi->live, MAGIC_V2);
	put_le32(hisi->live + QP_NUM, QUEUES);
	put_le32(hisi->live + DEV_ID, DEVICE);
	put_le32(hisi->live + QM_STATE, 1);
	put_le16(hisi->live + MAJOR, 1);
	hisi->live_size = MATCH;
	hisi->resuming = false;
	hisi->matched = false;
	return 0;
}

static void hisi_close(void *device)
{
	struct hisi *hisi = device;

	free(hisi->data);
	free(hisi->events);
	free(hisi->queues);
	free(hisi->extensions);
	free(hisi->guest);
	free(hisi);
}

static void *hisi_open(void)
{
	struct hisi *hisi;

	bugs_begin();
	hisi = calloc(1, sizeof(*hisi));
	if (hisi == NULL)
		return NULL;
	hisi->data = calloc(1, STATE);
	hisi->events = calloc(1, DEPTH);
	hisi->queues = calloc(QUEUES, sizeof(*hisi->queues));
	hisi->extensions = calloc(2, sizeof(*hisi->extensions));
	hisi->guest = calloc(1, GUEST_SIZE);
	if (hisi->data == NULL || hisi->events == NULL || hisi->queues == NULL ||
	    hisi->extensions == NULL || hisi->guest == NULL) {
		hisi_close(hisi);
		return NULL;
	}
	hisi_reset(hisi);
	return hisi;
}

static int hisi_begin(void *device)
{
	struct hisi *hisi = device;

	hisi->resuming = true;
	hisi->failed = false;
	hisi->filled = 0;
	if (!BUG(HISI_SHORT_TAKEN))
		memset(hisi->data, 0, STATE);
	if (!BUG(HISI_MATCH_ONCE))
		hisi->matched = false;
	return 0;
}

static bool is_legacy(const unsigned char *data)
{
	return le64(data) == MAGIC_V1;
}

/* An event queue's address as its registers say it; writers of the first magic added others. */
static uint64_t from_registers(const unsigned char *registers, bool legacy)
{
	if (legacy)
		return (uint64_t)le32(registers + 4) << 32 | le32(registers);
	return (uint64_t)le32(registers + 8) << 32 | le32(registers + 4);
}

static bool addresses_agree(const unsigned char *data, bool legacy)
{
	return le64(data + EQE_DMA) == from_registers(data + EQC, legacy) &&
	       le64(data + AEQE_DMA) == from_registers(data + AEQC, legacy);
}

static void convert(unsigned char *data)
{
	put_le64(data + EQE_DMA, from_registers(data + EQC, false));
	put_le64(data + AEQE_DMA, from_registers(data + AEQC, false));
}

static int match(const unsigned char *data)
{
	bool major = le16(data + MAJOR) == 1;
	bool device = le32(data + DEV_ID) == DEVICE;
	uint32_t queues = le32(data + QP_NUM);

	if (le64(data) != MAGIC_V2 && !is_legacy(data))
		return -EFAULT;
	if (!is_legacy(data)) {
		CANARY(HISI_VERSION_SKIPPED, !major);
		if (!major && !BUG(HISI_VERSION_SKIPPED))
			return -EFAULT;
	}
	CANARY(HISI_DEVICE_TAKEN, !device);
	if (!device && !BUG(HISI_DEVICE_TAKEN))
		return -EFAULT;
	CANARY(HISI_QUEUE_COUNT, queues > QUEUES);
	if (queues != QUEUES && !(BUG(HISI_QUEUE_COUNT) && queues > QUEUES))
		return -EFAULT;
	return le32(data + QUE_ISO) == 0 ? 0 : -EFAULT;
}

static ssize_t refuse(struct hisi *hisi, int error)
{
	hisi->failed = true;
	return error;
}

static ssize_t hisi_write(void *device, const void *bytes, size_t size)
{
	struct hisi *hisi = device;
	size_t before = hisi->filled;

	if (!hisi->resuming)
		return -ENODEV;
	if (hisi->failed && !BUG(HISI_MATCH_FORGOTTEN))
		return -EIO;
	if (size > STATE - before) {
		CANARY(HISI_OVERLONG_WRITE, before < STATE);
		if (!BUG(HISI_OVERLONG_WRITE) || before == STATE)
			return refuse(hisi, -ENOMEM);
	}
	memcpy(hisi->data + before, bytes, size);
	hisi->filled += size;
	if (hisi->filled < MATCH || hisi->matched)
		return (ssize_t)size;
	if (match(hisi->data) < 0)
		return refuse(hisi, -EFAULT);
	hisi->matched = true;
	if (BUG(HISI_LEGACY_CUT) && is_legacy(hisi->data)) {
		CANARY(HISI_LEGACY_CUT, hisi->filled < STATE);
		if (hisi->filled == STATE && !addresses_agree(hisi->data, true))
			return refuse(hisi, -EFAULT);
		convert(hisi->data);
	}
	return (ssize_t)size;
}

struct area {
	uint64_t start;
	uint64_t size;
};

static bool sound_areas(const unsigned char *data)
{
	uint64_t contexts = (uint64_t)CONTEXT * le32(data + QP_NUM);
	const struct area areas[4] = {
		{ from_registers(data + EQC, false), 4 },
		{ from_registers(data + AEQC, false), 16 },
		{ le64(data + SQC_DMA), contexts },
		{ le64(data + CQC_DMA), contexts },
	};
	bool ready = le32(data + QM_STATE) == 0;

	for (int one = 0; one < 4; one++) {
		uint64_t start = areas[one].start;
		bool zero = start == 0;

		CANARY(HISI_ADDRESS_ZERO, ready && zero);
		if (ready && zero && !BUG(HISI_ADDRESS_ZERO))
			return false;
		if (zero)
			continue;
		if (start % CONTEXT != 0 && (one >= 2 || !is_legacy(data)))
			return false;
		if (start >> IOVA_BITS != 0 || (start + areas[one].size - 1) >> IOVA_BITS != 0)
			return false;
		for (int other = 0; other < one; other++) {
			const struct area *area = &areas[other];

			if (area->start == 0)
				continue;
			if (start < area->start + area->size && area->start < start + areas[one].size)
				return false;
		}
	}
	return true;
}

static bool sound_match(const unsigned char *data)
{
	if (le32(data + QP_BASE) > 0xffff || le32(data + QM_STATE) > 1)
		return false;
	if (is_legacy(data) && le32(data + MAJOR) != 0)
		return false;
	return all_zero(data + RSV_STATE, 8);
}

/* A page of 4, 16 or 64 KiB: by its number, its exponent, or its bytes. */
static bool sound_page(uint32_t size)
{
	return size <= 2 || size == 12 || size == 14 || size == 16 || size == 4096 || size == 16384 ||
	       size == 65536;
}

static bool sound_registers(const unsigned char *data)
{
	bool legacy = is_legacy(data) && !BUG(HISI_LEGACY_CUT);

	/* A function that is not ready is saved without registers. */
	if (le32(data + QM_STATE) != 0 || !sound_page(le32(data + PAGE_SIZE_REG)))
		return false;
	if (!all_zero(data + RSV_REGS, 24))
		return false;
	return addresses_agree(data, legacy) && sound_areas(data);
}

static void take(struct hisi *hisi, size_t size)
{
	unsigned char *live = hisi->live;

	if (size == MATCH) {
		CANARY(HISI_IDLE_KEEPS, hisi->live_size == STATE);
		if (!BUG(HISI_IDLE_KEEPS) || hisi->live_size < STATE) {
			memset(live, 0, STATE);
			hisi->live_size = MATCH;
		}
		memcpy(live, hisi->data, MATCH);
	} else {
		memcpy(live, hisi->data, STATE);
		hisi->live_size = STATE;
		if (is_legacy(live))
			convert(live);
	}
	if (is_legacy(live)) {
		put_le64(live, MAGIC_V2);
		put_le16(live + MAJOR, 1);
	}
	if (size == STATE && (le64(live + SQC_DMA) == 0 || le64(live + CQC_DMA) == 0))
		put_le32(live + QM_STATE, 1);
}

static int hisi_end(void *device)
{
	struct hisi *hisi = device;
	bool partial = hisi->filled > MATCH && hisi->filled < STATE;
	bool unmatched = match(hisi->data) < 0;

	if (!hisi->resuming || hisi->filled < MATCH)
		return -EINVAL;
	if ((hisi->failed || !hisi->matched) && !BUG(HISI_MATCH_FORGOTTEN))
		return -EINVAL;
	if (partial && !BUG(HISI_SHORT_TAKEN))
		return -EINVAL;
	if (!sound_match(hisi->data))
		return -EINVAL;
	if (hisi->filled > MATCH && !sound_registers(hisi->data))
		return -EINVAL;
	CANARY(HISI_MATCH_FORGOTTEN, hisi->failed);
	CANARY(HISI_MATCH_ONCE, unmatched);
	CANARY(HISI_SHORT_TAKEN, partial);
	take(hisi, hisi->filled > MATCH ? STATE : MATCH);
	hisi->resuming = false;
	return 0;
}

/* The function takes an event and reads the contexts of its queues, as far as it can reach them. */
static int hisi_run(void *device)
{
	struct hisi *hisi = device;
	const unsigned char *live = hisi->live;
	uint32_t event = le32(live + EQC);
	uint64_t start = le64(live + SQC_DMA);
	uint64_t end = start + (uint64_t)CONTEXT * le32(live + QP_NUM);
	unsigned int minor = le16(live + MINOR);

	for (uint32_t queue = 0; queue < le32(live + QP_NUM); queue++)
		hisi->queues[queue]++;
	if (hisi->live_size < STATE || le32(live + QM_STATE) != 0)
		return 0;
	CANARY(HISI_EVENT_INDEX, event >= DEPTH);
	if (event < DEPTH || BUG(HISI_EVENT_INDEX))
		hisi->events[event]++;
	CANARY(HISI_MINOR_INDEX, minor >= 2);
	if (minor < 2 || BUG(HISI_MINOR_INDEX))
		hisi->extensions[minor]++;
	CANARY(HISI_GUEST_WINDOW, start < GUEST_BASE);
	if (start < GUEST_BASE && !BUG(HISI_GUEST_WINDOW))
		return 0;
	if (end <= GUEST_BASE + GUEST_SIZE)
		hisi->queues[0] += hisi->guest[start - GUEST_BASE];
	return 0;
}

static ssize_t hisi_save(void *device, void *bytes, size_t room)
{
	const struct hisi *hisi = device;

	if (room < hisi->live_size)
		return -ENOSPC;
	memcpy(bytes, hisi->live, hisi->live_size);
	return (ssize_t)hisi->live_size;
}

static const struct vstate_target target = {
	.name = "hisi-acc",
	.open = hisi_open,
	.begin = hisi_begin,
	.write = hisi_write,
	.end = hisi_end,
	.run = hisi_run,
	.save = hisi_save,
	.reset = hisi_reset,
	.close = hisi_close,
};

VSTATE_HARNESS(target)
