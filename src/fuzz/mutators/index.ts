import { addressBoundary } from './address-boundary.ts';
import { bitFlip } from './bit-flip.ts';
import { countBoundary } from './count-boundary.ts';
import { coupledWrap } from './coupled-wrap.ts';
import { cutAtBoundary } from './cut-at-boundary.ts';
import { knownValue } from './known-value.ts';
import { leafToChildren } from './leaf-to-children.ts';
import { lengthBoundary } from './length-boundary.ts';
import type { Mutator } from './mutator.ts';
import { nestedDeep } from './nested-deep.ts';
import { newRecord } from './new-record.ts';
import { offsetBoundary } from './offset-boundary.ts';
import { payloadContent } from './payload-content.ts';
import { payloadSize } from './payload-size.ts';
import { plainNumber } from './plain-number.ts';
import { rangeBoundary } from './range-boundary.ts';
import { recordOrder } from './record-order.ts';
import { textValue } from './text-value.ts';

/** Every mutator, those that change one value first. */
export const mutators: readonly Mutator[] = [
  lengthBoundary,
  countBoundary,
  offsetBoundary,
  rangeBoundary,
  knownValue,
  bitFlip,
  addressBoundary,
  plainNumber,
  textValue,
  payloadSize,
  payloadContent,
  recordOrder,
  newRecord,
  leafToChildren,
  nestedDeep,
  coupledWrap,
  cutAtBoundary,
];
