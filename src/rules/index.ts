import addressMisaligned from './address-misaligned.ts';
import addressOutsideWindow from './address-outside-window.ts';
import bitsUndefined from './bits-undefined.ts';
import budgetExceeded from './budget-exceeded.ts';
import capabilityNotCovered from './capability-not-covered.ts';
import capacityExceeded from './capacity-exceeded.ts';
import checksumMismatch from './checksum-mismatch.ts';
import expectationUnmatched from './expectation-unmatched.ts';
import fieldTruncated from './field-truncated.ts';
import formatContradictsPciId from './format-contradicts-pci-id.ts';
import formatDenied from './format-denied.ts';
import formatDiffers from './format-differs.ts';
import formatUnrecognised from './format-unrecognised.ts';
import identityDiffers from './identity-differs.ts';
import indexOutOfBounds from './index-out-of-bounds.ts';
import inputDamaged from './input-damaged.ts';
import kernelPointerExposed from './kernel-pointer-exposed.ts';
import lengthExceedsSection from './length-exceeds-section.ts';
import lengthMismatch from './length-mismatch.ts';
import magicMismatch from './magic-mismatch.ts';
import offsetMismatch from './offset-mismatch.ts';
import reservedNotZero from './reserved-not-zero.ts';
import type { Rule } from './rule.ts';
import stateEmpty from './state-empty.ts';
import stateUnsealed from './state-unsealed.ts';
import suppressionExpired from './suppression-expired.ts';
import suppressionUnused from './suppression-unused.ts';
import tagUnknown from './tag-unknown.ts';
import textMalformed from './text-malformed.ts';
import timeLimitExceeded from './time-limit-exceeded.ts';
import trailingBytes from './trailing-bytes.ts';
import valueOutOfRange from './value-out-of-range.ts';
import valueUndefined from './value-undefined.ts';
import versionNotAccepted from './version-not-accepted.ts';
import versionUnsupported from './version-unsupported.ts';

export { suppressionExpired, suppressionUnused };

/** Rules over device states and inputs; those of one format or container join them in `check`. */
export const stateRules: readonly Rule[] = [
  addressMisaligned,
  addressOutsideWindow,
  bitsUndefined,
  budgetExceeded,
  capabilityNotCovered,
  capacityExceeded,
  checksumMismatch,
  expectationUnmatched,
  fieldTruncated,
  formatContradictsPciId,
  formatDenied,
  formatDiffers,
  formatUnrecognised,
  identityDiffers,
  indexOutOfBounds,
  inputDamaged,
  kernelPointerExposed,
  lengthExceedsSection,
  lengthMismatch,
  magicMismatch,
  offsetMismatch,
  reservedNotZero,
  stateEmpty,
  stateUnsealed,
  suppressionExpired,
  suppressionUnused,
  tagUnknown,
  textMalformed,
  timeLimitExceeded,
  trailingBytes,
  valueOutOfRange,
  valueUndefined,
  versionNotAccepted,
  versionUnsupported,
];
