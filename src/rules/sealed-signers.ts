import type { ContainerEvent } from '../container/events.ts';
import type { SealedHeader } from '../container/events.ts';
import { place } from '../container/location.ts';
import type { Example } from './rule.ts';
import { defineRule, type Rule, type RuleDefinition, type Violation } from './rule.ts';
import type { Trust, TrustedKey } from './trust.ts';

type Signer = SealedHeader['signers'][number];

/** Why a signer does not count. */
export type Distrust = 'unknown' | 'revoked' | 'expired' | 'not-allowed';

export interface JudgedSigner {
  readonly signer: Signer;
  readonly known: TrustedKey | undefined;
  readonly distrust: Distrust | undefined;
}

export interface JudgedSigners {
  readonly all: readonly JudgedSigner[];
  /** Different signers that count; two keys of one name are one of them. */
  readonly trusted: number;
  /** What the seal asks for, or the destination, whichever is more. */
  readonly needed: number;
}

/** Whom of its signers the destination believes; undefined where it has no keyring. */
export const judgeSigners = (header: SealedHeader, trust: Trust): JudgedSigners | undefined => {
  const { keys, now, threshold = 1 } = trust;
  if (keys === undefined) return undefined;
  const device = header.identity.device ?? '';
  const all = header.signers.map((signer) => {
    const known = keys.find(({ key }) => key === signer.key);
    return { signer, known, distrust: distrustOf(known, device, now) };
  });
  const names = all.flatMap(({ known, distrust }) =>
    known === undefined || distrust !== undefined ? [] : [known.name],
  );
  return {
    all,
    trusted: new Set(names).size,
    needed: Math.max(header.threshold, threshold),
  };
};

const distrustOf = (
  known: TrustedKey | undefined,
  device: string,
  now: number | undefined,
): Distrust | undefined => {
  if (known === undefined) return 'unknown';
  if (known.revoked !== undefined) return 'revoked';
  if (known.expires !== undefined && now !== undefined && now >= known.expires) return 'expired';
  const allowed = known.devices?.some((pattern) => covers(pattern, device)) ?? true;
  return allowed ? undefined : 'not-allowed';
};

/** A name, or the beginning of one where the pattern ends in `*`. */
const covers = (pattern: string, device: string): boolean =>
  pattern.endsWith('*') ? device.startsWith(pattern.slice(0, -1)) : device === pattern;

/** Where a signer's key stands in the header. */
const atSigner = ({ offset }: Signer, index: number): ReturnType<typeof place> =>
  place(`signer[${index}]`, offset, 32);

type SignerRuleDefinition = Omit<
  RuleDefinition,
  'applies' | 'watch' | 'check' | 'fault' | 'severity' | 'threats' | 'sources' | 'examples'
> & {
  readonly distrust: Distrust;
  readonly say: (signer: JudgedSigner, header: SealedHeader, trust: Trust) => string;
  readonly good: Example;
  readonly bad: Example;
};

/**
 * A rule over signers that do not count for one reason. It speaks only when too few are left: a
 * cosigner that nobody knows here takes nothing from those who are known.
 */
export const signerRule = ({
  distrust,
  say,
  good,
  bad,
  ...definition
}: SignerRuleDefinition): Rule =>
  headerRule({
    ...definition,
    severity: 'high',
    asked: ({ keys }) => keys !== undefined,
    sources: ['docs/sealed-format.md: Trust'],
    examples: () => ({ good: [good], bad: [bad] }),
    *see(header, trust) {
      const judged = judgeSigners(header, trust);
      if (judged === undefined || judged.trusted >= judged.needed) return;
      for (const [index, one] of judged.all.entries()) {
        if (one.distrust !== distrust) continue;
        yield { message: say(one, header, trust), at: [atSigner(one.signer, index)] };
      }
    },
  });

type HeaderRuleDefinition = Omit<
  RuleDefinition,
  'applies' | 'watch' | 'check' | 'fault' | 'threats'
> & {
  readonly threats?: Rule['threats'];
  readonly asked?: (trust: Trust) => boolean;
  readonly see: (header: SealedHeader, trust: Trust) => Iterable<Violation>;
};

/** A rule over the header of a seal and what the destination believes. */
export const headerRule = ({
  asked,
  see,
  threats = ['untrusted-source'],
  ...definition
}: HeaderRuleDefinition): Rule =>
  defineRule({
    ...definition,
    threats,
    applies: {
      to: 'container',
      events: ['sealed-header'],
      ...(asked === undefined ? {} : { asked }),
    },
    watch: ({ trust = {} }) => ({
      kinds: ['sealed-header'],
      event: (event: ContainerEvent): Iterable<Violation> =>
        event.kind === 'sealed-header' ? see(event, trust) : [],
    }),
  });

/** The place of a field of the header. */
export const atField = (path: string, offset: number, length: number): ReturnType<typeof place> =>
  place(path, offset, length);

/** A time as people read it, and as it stands in the header where no calendar has it. */
export const timeText = (seconds: number): string => {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? `${seconds}` : date.toISOString().replace('.000Z', 'Z');
};
