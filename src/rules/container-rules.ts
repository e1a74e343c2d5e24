import libvirtDeviceMissing from './libvirt-device-missing.ts';
import libvirtDeviceUnexpected from './libvirt-device-unexpected.ts';
import libvirtFormatUnknown from './libvirt-format-unknown.ts';
import libvirtImageIncomplete from './libvirt-image-incomplete.ts';
import libvirtLengthsInconsistent from './libvirt-lengths-inconsistent.ts';
import libvirtPayloadMismatch from './libvirt-payload-mismatch.ts';
import libvirtReservedNotZero from './libvirt-reserved-not-zero.ts';
import libvirtTextUnterminated from './libvirt-text-unterminated.ts';
import libvirtVersionUnsupported from './libvirt-version-unsupported.ts';
import qemuBudgetExceeded from './qemu-budget-exceeded.ts';
import qemuCapabilityUnknown from './qemu-capability-unknown.ts';
import qemuCommandInvalid from './qemu-command-invalid.ts';
import qemuCommandOutOfOrder from './qemu-command-out-of-order.ts';
import qemuConfigurationDiffers from './qemu-configuration-differs.ts';
import qemuConfigurationInvalid from './qemu-configuration-invalid.ts';
import qemuDeviceIdChanged from './qemu-device-id-changed.ts';
import qemuDeviceMissing from './qemu-device-missing.ts';
import qemuDeviceUnexpected from './qemu-device-unexpected.ts';
import qemuEndRepeated from './qemu-end-repeated.ts';
import qemuFooterIdMismatch from './qemu-footer-id-mismatch.ts';
import qemuFooterMissing from './qemu-footer-missing.ts';
import qemuFullRepeated from './qemu-full-repeated.ts';
import qemuItemUnknown from './qemu-item-unknown.ts';
import qemuItemsAfterEof from './qemu-items-after-eof.ts';
import qemuIterableInvalid from './qemu-iterable-invalid.ts';
import qemuIterableVersion from './qemu-iterable-version.ts';
import qemuMachineDiffers from './qemu-machine-differs.ts';
import qemuMachineNameEmpty from './qemu-machine-name-empty.ts';
import qemuMultifdChannelCut from './qemu-multifd-channel-cut.ts';
import qemuMultifdChannelsDiffer from './qemu-multifd-channels-differ.ts';
import qemuMultifdHelloInvalid from './qemu-multifd-hello-invalid.ts';
import qemuMultifdPacketInvalid from './qemu-multifd-packet-invalid.ts';
import qemuMultifdPageOutsideBlock from './qemu-multifd-page-outside-block.ts';
import qemuPackageOverrun from './qemu-package-overrun.ts';
import qemuSectionHoldsVfio from './qemu-section-holds-vfio.ts';
import qemuSectionIdReused from './qemu-section-id-reused.ts';
import qemuSectionIdUnknown from './qemu-section-id-unknown.ts';
import qemuSectionNameInvalid from './qemu-section-name-invalid.ts';
import qemuSectionNotDelimited from './qemu-section-not-delimited.ts';
import qemuSectionVersionNewer from './qemu-section-version-newer.ts';
import qemuStartRepeated from './qemu-start-repeated.ts';
import qemuStreamTruncated from './qemu-stream-truncated.ts';
import qemuTrailingBytes from './qemu-trailing-bytes.ts';
import qemuVersionUnsupported from './qemu-version-unsupported.ts';
import qemuVmdescDamaged from './qemu-vmdesc-damaged.ts';
import qemuVmdescDisagrees from './qemu-vmdesc-disagrees.ts';
import ramBlockListMismatch from './ram-block-list-mismatch.ts';
import ramBlockRepeated from './ram-block-repeated.ts';
import ramMappedHeaderInvalid from './ram-mapped-header-invalid.ts';
import ramRecordInvalid from './ram-record-invalid.ts';
import sessionArcUnreachable from './session-arc-unreachable.ts';
import sessionBudgetExceeded from './session-budget-exceeded.ts';
import sessionBytesAfterEnd from './session-bytes-after-end.ts';
import sessionDataFdMismatch from './session-data-fd-mismatch.ts';
import sessionDmaLoggingInvalid from './session-dma-logging-invalid.ts';
import sessionEndOfDataMissing from './session-end-of-data-missing.ts';
import sessionEnomsgInStopCopy from './session-enomsg-in-stop-copy.ts';
import sessionErrorStateIgnored from './session-error-state-ignored.ts';
import sessionFeatureFlags from './session-feature-flags.ts';
import sessionFeatureSize from './session-feature-size.ts';
import sessionLeftInResuming from './session-left-in-resuming.ts';
import sessionLogDamaged from './session-log-damaged.ts';
import sessionMigrationFlags from './session-migration-flags.ts';
import sessionPartialWriteDropped from './session-partial-write-dropped.ts';
import sessionPrecopyInfoFlags from './session-precopy-info-flags.ts';
import sessionPrecopyInfoMisplaced from './session-precopy-info-misplaced.ts';
import sessionPrecopyInfoSize from './session-precopy-info-size.ts';
import sessionReadOutsideSaving from './session-read-outside-saving.ts';
import sessionReadOversized from './session-read-oversized.ts';
import sessionRefusalIgnored from './session-refusal-ignored.ts';
import sessionRefusedWriteIgnored from './session-refused-write-ignored.ts';
import sessionRestoreEmpty from './session-restore-empty.ts';
import sessionRestoreRefused from './session-restore-refused.ts';
import sessionStateContradicts from './session-state-contradicts.ts';
import sessionStateUndefined from './session-state-undefined.ts';
import sessionTruncated from './session-truncated.ts';
import sessionVersionUnsupported from './session-version-unsupported.ts';
import sessionWriteOutsideResuming from './session-write-outside-resuming.ts';
import v1ArcIllegal from './v1-arc-illegal.ts';
import v1ChunkSizeDiffers from './v1-chunk-size-differs.ts';
import v1ChunksBelowPending from './v1-chunks-below-pending.ts';
import v1DataOutsideWindow from './v1-data-outside-window.ts';
import v1PendingBytesIgnored from './v1-pending-bytes-ignored.ts';
import v1PendingBytesStalled from './v1-pending-bytes-stalled.ts';
import v1ReadOnlyWritten from './v1-read-only-written.ts';
import v1RegisterAccessInvalid from './v1-register-access-invalid.ts';
import v1RegisterOrder from './v1-register-order.ts';
import v1ReservedBitsSet from './v1-reserved-bits-set.ts';
import v1StateInvalid from './v1-state-invalid.ts';
import v1WindowOutsideRegion from './v1-window-outside-region.ts';
import snapshotDamaged from './snapshot-damaged.ts';
import vfioCapabilityListBroken from './vfio-capability-list-broken.ts';
import vfioConfigEndMissing from './vfio-config-end-missing.ts';
import vfioConfigLength from './vfio-config-length.ts';
import vfioConfigLoadReadyMisplaced from './vfio-config-load-ready-misplaced.ts';
import vfioConfigMisplaced from './vfio-config-misplaced.ts';
import vfioConfigMissing from './vfio-config-missing.ts';
import vfioConfigPacketInvalid from './vfio-config-packet-invalid.ts';
import vfioConfigPacketRepeated from './vfio-config-packet-repeated.ts';
import vfioConfigPacketTrailing from './vfio-config-packet-trailing.ts';
import vfioDataLengthPastEnd from './vfio-data-length-past-end.ts';
import vfioDataMisplaced from './vfio-data-misplaced.ts';
import vfioDataOversized from './vfio-data-oversized.ts';
import vfioEndMissing from './vfio-end-missing.ts';
import vfioEndOfStateMissing from './vfio-end-of-state-missing.ts';
import vfioEndWithoutData from './vfio-end-without-data.ts';
import vfioFullBeforeEnd from './vfio-full-before-end.ts';
import vfioInitDataSentMisplaced from './vfio-init-data-sent-misplaced.ts';
import vfioInitDataSentRepeated from './vfio-init-data-sent-repeated.ts';
import vfioInterruptPinUndefined from './vfio-interrupt-pin-undefined.ts';
import vfioIrqStateInvalid from './vfio-irq-state-invalid.ts';
import vfioMsixPendingBeyond from './vfio-msix-pending-beyond.ts';
import vfioPacketBehindConfig from './vfio-packet-behind-config.ts';
import vfioPacketDeviceUnknown from './vfio-packet-device-unknown.ts';
import vfioPacketFlagsUndefined from './vfio-packet-flags-undefined.ts';
import vfioPacketIndexExcessive from './vfio-packet-index-excessive.ts';
import vfioPacketInvalid from './vfio-packet-invalid.ts';
import vfioPacketMissing from './vfio-packet-missing.ts';
import vfioPacketRepeated from './vfio-packet-repeated.ts';
import vfioPciIdentityDiffers from './vfio-pci-identity-differs.ts';
import vfioPciVersion from './vfio-pci-version.ts';
import vfioSectionAfterEnd from './vfio-section-after-end.ts';
import vfioSectionVersion from './vfio-section-version.ts';
import vfioSetupMisplaced from './vfio-setup-misplaced.ts';
import vfioSetupMissing from './vfio-setup-missing.ts';
import vfioStartMissing from './vfio-start-missing.ts';
import vfioStateElsewhere from './vfio-state-elsewhere.ts';
import vfioStateEmpty from './vfio-state-empty.ts';
import vfioStateSentTwice from './vfio-state-sent-twice.ts';
import vfioTagUnknown from './vfio-tag-unknown.ts';
import vfioUserBodyShort from './vfio-user-body-short.ts';
import vfioUserCommandUnknown from './vfio-user-command-unknown.ts';
import vfioUserCommandWhileStopped from './vfio-user-command-while-stopped.ts';
import vfioUserDataSize from './vfio-user-data-size.ts';
import vfioUserDirectionWrong from './vfio-user-direction-wrong.ts';
import vfioUserHeaderFlags from './vfio-user-header-flags.ts';
import vfioUserIdReused from './vfio-user-id-reused.ts';
import vfioUserMessageLost from './vfio-user-message-lost.ts';
import vfioUserMessageSize from './vfio-user-message-size.ts';
import vfioUserNoReplyOnData from './vfio-user-no-reply-on-data.ts';
import vfioUserReplyCommandDiffers from './vfio-user-reply-command-differs.ts';
import vfioUserReplyUnmatched from './vfio-user-reply-unmatched.ts';
import vfioUserRequestUnanswered from './vfio-user-request-unanswered.ts';
import vfioUserTransferLimitInvalid from './vfio-user-transfer-limit-invalid.ts';
import vfioUserTransferOversized from './vfio-user-transfer-oversized.ts';
import vfioUserVersionLate from './vfio-user-version-late.ts';
import vfioUserVersionMalformed from './vfio-user-version-malformed.ts';
import vfioUserVersionMissing from './vfio-user-version-missing.ts';
import vfioUserVersionUnsupported from './vfio-user-version-unsupported.ts';
import vfioVendorIdAbsent from './vfio-vendor-id-absent.ts';
import type { Rule } from './rule.ts';

/** Rules over the events of a container. */
export const containerRules: readonly Rule[] = [
  libvirtDeviceMissing,
  libvirtDeviceUnexpected,
  libvirtFormatUnknown,
  libvirtImageIncomplete,
  libvirtLengthsInconsistent,
  libvirtPayloadMismatch,
  libvirtReservedNotZero,
  libvirtTextUnterminated,
  libvirtVersionUnsupported,
  qemuBudgetExceeded,
  qemuCapabilityUnknown,
  qemuCommandInvalid,
  qemuCommandOutOfOrder,
  qemuConfigurationDiffers,
  qemuConfigurationInvalid,
  qemuDeviceIdChanged,
  qemuDeviceMissing,
  qemuDeviceUnexpected,
  qemuEndRepeated,
  qemuFooterIdMismatch,
  qemuFooterMissing,
  qemuFullRepeated,
  qemuItemUnknown,
  qemuItemsAfterEof,
  qemuIterableInvalid,
  qemuIterableVersion,
  qemuMachineDiffers,
  qemuMachineNameEmpty,
  qemuMultifdChannelCut,
  qemuMultifdChannelsDiffer,
  qemuMultifdHelloInvalid,
  qemuMultifdPacketInvalid,
  qemuMultifdPageOutsideBlock,
  qemuPackageOverrun,
  qemuSectionHoldsVfio,
  qemuSectionIdReused,
  qemuSectionIdUnknown,
  qemuSectionNameInvalid,
  qemuSectionNotDelimited,
  qemuSectionVersionNewer,
  qemuStartRepeated,
  qemuStreamTruncated,
  qemuTrailingBytes,
  qemuVersionUnsupported,
  qemuVmdescDamaged,
  qemuVmdescDisagrees,
  ramBlockListMismatch,
  ramBlockRepeated,
  ramMappedHeaderInvalid,
  ramRecordInvalid,
  sessionArcUnreachable,
  sessionBudgetExceeded,
  sessionBytesAfterEnd,
  sessionDataFdMismatch,
  sessionDmaLoggingInvalid,
  sessionEndOfDataMissing,
  sessionEnomsgInStopCopy,
  sessionErrorStateIgnored,
  sessionFeatureFlags,
  sessionFeatureSize,
  sessionLeftInResuming,
  sessionLogDamaged,
  sessionMigrationFlags,
  sessionPartialWriteDropped,
  sessionPrecopyInfoFlags,
  sessionPrecopyInfoMisplaced,
  sessionPrecopyInfoSize,
  sessionReadOutsideSaving,
  sessionReadOversized,
  sessionRefusalIgnored,
  sessionRefusedWriteIgnored,
  sessionRestoreEmpty,
  sessionRestoreRefused,
  sessionStateContradicts,
  sessionStateUndefined,
  sessionTruncated,
  sessionVersionUnsupported,
  sessionWriteOutsideResuming,
  v1ArcIllegal,
  v1ChunkSizeDiffers,
  v1ChunksBelowPending,
  v1DataOutsideWindow,
  v1PendingBytesIgnored,
  v1PendingBytesStalled,
  v1ReadOnlyWritten,
  v1RegisterAccessInvalid,
  v1RegisterOrder,
  v1ReservedBitsSet,
  v1StateInvalid,
  v1WindowOutsideRegion,
  snapshotDamaged,
  vfioCapabilityListBroken,
  vfioConfigEndMissing,
  vfioConfigLength,
  vfioConfigLoadReadyMisplaced,
  vfioConfigMisplaced,
  vfioConfigMissing,
  vfioConfigPacketInvalid,
  vfioConfigPacketRepeated,
  vfioConfigPacketTrailing,
  vfioDataLengthPastEnd,
  vfioDataMisplaced,
  vfioDataOversized,
  vfioEndMissing,
  vfioEndOfStateMissing,
  vfioEndWithoutData,
  vfioFullBeforeEnd,
  vfioInitDataSentMisplaced,
  vfioInitDataSentRepeated,
  vfioInterruptPinUndefined,
  vfioIrqStateInvalid,
  vfioMsixPendingBeyond,
  vfioPacketBehindConfig,
  vfioPacketDeviceUnknown,
  vfioPacketFlagsUndefined,
  vfioPacketIndexExcessive,
  vfioPacketInvalid,
  vfioPacketMissing,
  vfioPacketRepeated,
  vfioPciIdentityDiffers,
  vfioPciVersion,
  vfioSectionAfterEnd,
  vfioSectionVersion,
  vfioSetupMisplaced,
  vfioSetupMissing,
  vfioStartMissing,
  vfioStateElsewhere,
  vfioStateEmpty,
  vfioStateSentTwice,
  vfioTagUnknown,
  vfioUserBodyShort,
  vfioUserCommandUnknown,
  vfioUserCommandWhileStopped,
  vfioUserDataSize,
  vfioUserDirectionWrong,
  vfioUserHeaderFlags,
  vfioUserIdReused,
  vfioUserMessageLost,
  vfioUserMessageSize,
  vfioUserNoReplyOnData,
  vfioUserReplyCommandDiffers,
  vfioUserReplyUnmatched,
  vfioUserRequestUnanswered,
  vfioUserTransferLimitInvalid,
  vfioUserTransferOversized,
  vfioUserVersionLate,
  vfioUserVersionMalformed,
  vfioUserVersionMissing,
  vfioUserVersionUnsupported,
  vfioVendorIdAbsent,
];
