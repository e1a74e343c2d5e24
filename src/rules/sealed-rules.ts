import sealedDeviceDiffers from './sealed-device-differs.ts';
import sealedDriverDiffers from './sealed-driver-differs.ts';
import sealedExpired from './sealed-expired.ts';
import sealedFrameInvalid from './sealed-frame-invalid.ts';
import sealedFrameMisplaced from './sealed-frame-misplaced.ts';
import sealedFrameRepeated from './sealed-frame-repeated.ts';
import sealedFrameSignatureInvalid from './sealed-frame-signature-invalid.ts';
import sealedFrameSpliced from './sealed-frame-spliced.ts';
import sealedHeaderInvalid from './sealed-header-invalid.ts';
import sealedHeaderSignatureInvalid from './sealed-header-signature-invalid.ts';
import sealedNotYetValid from './sealed-not-yet-valid.ts';
import sealedSequenceReplayed from './sealed-sequence-replayed.ts';
import sealedSignerExpired from './sealed-signer-expired.ts';
import sealedSignerNotAllowed from './sealed-signer-not-allowed.ts';
import sealedSignerRevoked from './sealed-signer-revoked.ts';
import sealedSignerUndecided from './sealed-signer-undecided.ts';
import sealedSignerUnknown from './sealed-signer-unknown.ts';
import sealedSuiteUnsupported from './sealed-suite-unsupported.ts';
import sealedThresholdMissed from './sealed-threshold-missed.ts';
import sealedTrailingBytes from './sealed-trailing-bytes.ts';
import sealedTruncated from './sealed-truncated.ts';
import sealedTypeContradictsState from './sealed-type-contradicts-state.ts';
import sealedTypeDiffers from './sealed-type-differs.ts';
import sealedVersionUnsupported from './sealed-version-unsupported.ts';
import sealedVmDiffers from './sealed-vm-differs.ts';
import type { Rule } from './rule.ts';

/** Rules over sealed states: who vouches for the bytes, for what, and how long. */
export const sealedRules: readonly Rule[] = [
  sealedDeviceDiffers,
  sealedDriverDiffers,
  sealedExpired,
  sealedFrameInvalid,
  sealedFrameMisplaced,
  sealedFrameRepeated,
  sealedFrameSignatureInvalid,
  sealedFrameSpliced,
  sealedHeaderInvalid,
  sealedHeaderSignatureInvalid,
  sealedNotYetValid,
  sealedSequenceReplayed,
  sealedSignerExpired,
  sealedSignerNotAllowed,
  sealedSignerRevoked,
  sealedSignerUndecided,
  sealedSignerUnknown,
  sealedSuiteUnsupported,
  sealedThresholdMissed,
  sealedTrailingBytes,
  sealedTruncated,
  sealedTypeContradictsState,
  sealedTypeDiffers,
  sealedVersionUnsupported,
  sealedVmDiffers,
];
