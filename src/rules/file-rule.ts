import { mttyState } from './examples.ts';
import { defineRule, type Rule, type RuleDefinition } from './rule.ts';
import type { FileExposure } from './trust.ts';

type FileRuleDefinition = Omit<
  RuleDefinition,
  'applies' | 'watch' | 'check' | 'threats' | 'examples'
> & {
  readonly kind: FileExposure['kind'];
  /** What the module that looks at files says in the bad example. */
  readonly example: string;
};

/** A rule over who may change the file that the input was read from; it speaks before the first byte. */
export const fileRule = ({ kind, example, ...definition }: FileRuleDefinition): Rule => {
  const shown = { severity: definition.severity, message: example };
  return defineRule({
    ...definition,
    threats: ['untrusted-source'],
    applies: { to: 'file' },
    examples: () => ({
      good: [{ bytes: mttyState, format: 'mtty', trust: { file: [] } }],
      bad: [{ bytes: mttyState, format: 'mtty', trust: { file: [{ kind, ...shown }] } }],
    }),
    watch: ({ trust }) => ({
      *start() {
        for (const one of trust?.file ?? []) {
          if (one.kind !== kind) continue;
          yield {
            message: one.message,
            severity: one.severity,
            at: [{ path: '', ranges: [{ offset: 0, length: 0 }], bytes: new Uint8Array(0) }],
          };
        }
      },
    }),
  });
};
