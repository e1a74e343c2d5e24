/*
 * The switches of the planted bugs, and the canaries that tell that the condition of a bug was met,
 * whether a fuzzer noticed or not. VSTATE_BUG names the bugs that are on, separated by commas;
 * VSTATE_CANARY names a file that the canaries are written to. Without VSTATE_BUG every driver here
 * is sound.
 */
#ifndef BUGS_H
#define BUGS_H

#include <stdbool.h>

/* What a bug does, and what shows it, stands in bugs.json under its id. */
#define BUGS(X)                                                                                    \
	X(MTTY_HEADER_FORGOTTEN, "mtty-header-forgotten")                                          \
	X(MTTY_FIFO_INDEX, "mtty-fifo-index")                                                      \
	X(MTTY_COUNT_UNCHECKED, "mtty-count-unchecked")                                            \
	X(MTTY_VERSION_SKIPPED, "mtty-version-skipped")                                            \
	X(MTTY_PORTS_OF_STREAM, "mtty-ports-of-stream")                                            \
	X(MTTY_SHORT_TAKEN, "mtty-short-taken")                                                    \
	X(MTTY_HALF_APPLIED, "mtty-half-applied")                                                  \
	X(MTTY_STALE_FIFO, "mtty-stale-fifo")                                                      \
	X(MTTY_HEADER_CUT, "mtty-header-cut")                                                      \
	X(MTTY_REFUSAL_STICKS, "mtty-refusal-sticks")                                              \
	X(MTTY_OVERLONG_WRITE, "mtty-overlong-write")                                              \
	X(XE_KLV_EMPTY, "xe-klv-empty")                                                            \
	X(XE_KLV_LENGTH, "xe-klv-length")                                                          \
	X(XE_VERSION_DISPATCHED, "xe-version-dispatched")                                          \
	X(XE_TRAILER_VERSION, "xe-trailer-version")                                                \
	X(XE_PENDING_PACKET, "xe-pending-packet")                                                  \
	X(XE_MEMORY_WRAPS, "xe-memory-wraps")                                                      \
	X(XE_MEMORY_WINDOW, "xe-memory-window")                                                    \
	X(XE_SIZE_ALLOCATED, "xe-size-allocated")                                                  \
	X(XE_DESCRIPTOR_OPTIONAL, "xe-descriptor-optional")                                        \
	X(XE_DESCRIPTOR_AGAIN, "xe-descriptor-again")                                              \
	X(XE_REGISTERS_SIZE, "xe-registers-size")                                                  \
	X(XE_GT_INDEX, "xe-gt-index")                                                              \
	X(XE_TRAILER_OPTIONAL, "xe-trailer-optional")                                              \
	X(XE_BEHIND_TRAILER, "xe-behind-trailer")                                                  \
	X(XE_FIRMWARE_WORDS, "xe-firmware-words")                                                  \
	X(XE_APPLIED_AT_ONCE, "xe-applied-at-once")                                                \
	X(XE_PAGES_KEPT, "xe-pages-kept")                                                          \
	X(XE_PAGE_OWNER, "xe-page-owner")                                                          \
	X(XE_REFUSAL_FREES, "xe-refusal-frees")                                                    \
	X(MLX5_OPTIONAL_ALLOCATED, "mlx5-optional-allocated")                                      \
	X(MLX5_ANNOUNCED_ALLOCATED, "mlx5-announced-allocated")                                    \
	X(MLX5_IMAGE_PAST_ANNOUNCED, "mlx5-image-past-announced")                                  \
	X(MLX5_SIZES_WRAP, "mlx5-sizes-wrap")                                                      \
	X(MLX5_SIZE_RECORD_LONG, "mlx5-size-record-long")                                          \
	X(MLX5_SIZE_RECORD_SHORT, "mlx5-size-record-short")                                        \
	X(MLX5_CUT_TAKEN, "mlx5-cut-taken")                                                        \
	X(MLX5_IMAGE_OPTIONAL, "mlx5-image-optional")                                              \
	X(MLX5_ERROR_FORGOTTEN, "mlx5-error-forgotten")                                            \
	X(MLX5_EMPTY_IMAGE_CUT, "mlx5-empty-image-cut")                                            \
	X(MLX5_EMPTY_RECORD_HANGS, "mlx5-empty-record-hangs")                                      \
	X(MLX5_IMAGE_TABLE, "mlx5-image-table")                                                    \
	X(MLX5_TAG_INDEX, "mlx5-tag-index")                                                        \
	X(MLX5_LOADED_TWICE, "mlx5-loaded-twice")                                                  \
	X(MLX5_STALE_IMAGE, "mlx5-stale-image")                                                    \
	X(MLX5_REFUSAL_FREES, "mlx5-refusal-frees")                                                \
	X(VIRTIO_SIZE_WRAPS, "virtio-size-wraps")                                                  \
	X(VIRTIO_CONTEXT_ALLOCATED, "virtio-context-allocated")                                    \
	X(VIRTIO_EMPTY_RECORD, "virtio-empty-record")                                              \
	X(VIRTIO_QUEUE_INDEX, "virtio-queue-index")                                                \
	X(VIRTIO_QUEUE_LENGTH, "virtio-queue-length")                                              \
	X(VIRTIO_FEATURE_WORDS, "virtio-feature-words")                                            \
	X(VIRTIO_PART_LENGTH, "virtio-part-length")                                                \
	X(VIRTIO_CONFIG_OFFSET, "virtio-config-offset")                                            \
	X(VIRTIO_STATUS_TWICE, "virtio-status-twice")                                              \
	X(VIRTIO_ORDER_SKIPPED, "virtio-order-skipped")                                            \
	X(VIRTIO_NOTIFY_ORPHAN, "virtio-notify-orphan")                                            \
	X(VIRTIO_RING_WRAPS, "virtio-ring-wraps")                                                  \
	X(VIRTIO_CONTEXTS_JOINED, "virtio-contexts-joined")                                        \
	X(VIRTIO_CUT_TAKEN, "virtio-cut-taken")                                                    \
	X(VIRTIO_CONTEXT_OPTIONAL, "virtio-context-optional")                                      \
	X(VIRTIO_APPLIED_AT_ONCE, "virtio-applied-at-once")                                        \
	X(VIRTIO_REFUSAL_STICKS, "virtio-refusal-sticks")                                          \
	X(VIRTIO_PART_HANGS, "virtio-part-hangs")                                                  \
	X(VIRTIO_NOTIFY_SWAPPED, "virtio-notify-swapped")                                          \
	X(VIRTIO_STALE_QUEUE, "virtio-stale-queue")                                                \
	X(VIRTIO_FEATURES_SKIPPED, "virtio-features-skipped")                                      \
	X(VIRTIO_REFUSAL_FREES, "virtio-refusal-frees")                                            \
	X(HISI_MATCH_FORGOTTEN, "hisi-acc-match-forgotten")                                        \
	X(HISI_MATCH_ONCE, "hisi-acc-match-once")                                                  \
	X(HISI_VERSION_SKIPPED, "hisi-acc-version-skipped")                                        \
	X(HISI_DEVICE_TAKEN, "hisi-acc-device-taken")                                              \
	X(HISI_LEGACY_CUT, "hisi-acc-legacy-cut")                                                  \
	X(HISI_QUEUE_COUNT, "hisi-acc-queue-count")                                                \
	X(HISI_EVENT_INDEX, "hisi-acc-event-index")                                                \
	X(HISI_MINOR_INDEX, "hisi-acc-minor-index")                                                \
	X(HISI_OVERLONG_WRITE, "hisi-acc-overlong-write")                                          \
	X(HISI_SHORT_TAKEN, "hisi-acc-short-taken")                                                \
	X(HISI_ADDRESS_ZERO, "hisi-acc-address-zero")                                              \
	X(HISI_IDLE_KEEPS, "hisi-acc-idle-keeps")                                                  \
	X(HISI_GUEST_WINDOW, "hisi-acc-guest-window")                                              \
	X(QAT_SETUP_FORGOTTEN, "qat-setup-forgotten")                                              \
	X(QAT_STATE_SIZE_IGNORED, "qat-state-size-ignored")                                        \
	X(QAT_SHORT_TAKEN, "qat-short-taken")                                                      \
	X(QAT_PREAMBLE_LENGTH, "qat-preamble-length")                                              \
	X(QAT_SIZE_WRAPS, "qat-size-wraps")                                                        \
	X(QAT_SECTION_WRAPS, "qat-section-wraps")                                                  \
	X(QAT_SLA_TABLE, "qat-sla-table")                                                          \
	X(QAT_BANK_SHORT, "qat-bank-short")                                                        \
	X(QAT_BANK_LONG, "qat-bank-long")                                                          \
	X(QAT_BANK_AGAIN, "qat-bank-again")                                                        \
	X(QAT_BANK_MISSING, "qat-bank-missing")                                                    \
	X(QAT_RING_HEAD, "qat-ring-head")                                                          \
	X(QAT_TAIL_LEAKS, "qat-tail-leaks")                                                        \
	X(QAT_SLAS_ADDED, "qat-slas-added")                                                        \
	X(QAT_OLD_VERSION, "qat-old-version")                                                      \
	X(QAT_HALF_APPLIED, "qat-half-applied")                                                    \
	X(QAT_SETUP_CUT, "qat-setup-cut")

enum bug {
#define BUG_NAME(name, id) BUG_##name,
	BUGS(BUG_NAME)
#undef BUG_NAME
	BUG_COUNT
};

extern bool bug_switch[BUG_COUNT];

/* Whether a bug is switched on. */
#define BUG(name) (bug_switch[BUG_##name])

/* An execution begins; the first call reads the environment. */
void bugs_begin(void);
/* The code of a bug that is on was reached; with `met`, its bad condition holds. */
void bug_canary(enum bug bug, bool met);

#define CANARY(name, met) bug_canary(BUG_##name, (met))

#endif
