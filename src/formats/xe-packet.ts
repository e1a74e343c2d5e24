import type { Draft } from '../layout/draft.ts';
import { child, nameOf, type Node } from '../layout/node.ts';
import type { Invariant } from './format.ts';
import { xeSample } from './xe-sample.ts';

type Given = Omit<Invariant, 'cwe' | 'threats' | 'examples'> & {
  readonly cwe?: string;
  readonly threats?: Invariant['threats'];
  readonly good?: Draft;
  readonly bad: readonly Draft[];
};

/** An invariant of a stream of packets, shown on the sample with one thing changed. */
export const packetInvariant = (
  { good = xeSample, bad, ...given }: Omit<Given, 'watch'>,
  watch: Invariant['watch'],
): Invariant => ({
  cwe: 'CWE-1288',
  threats: ['corruption', 'feeder'],
  ...given,
  examples: () => ({ good: [good], bad: [bad] }),
  watch,
});

/** The name of a packet's type; undefined for one that is not known or not there. */
export const typeOf = (packet: Node): string | undefined => {
  const type = child(packet, 'type');
  return typeof type?.value === 'bigint' ? nameOf(type.layout, type.value) : undefined;
};
