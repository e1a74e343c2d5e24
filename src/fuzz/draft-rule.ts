import { bytesOf, type Input } from '../targets/target.ts';
import { describePlan } from './describe-plan.ts';
import { oracleById } from './oracles/index.ts';
import type { Library } from './skeleton.ts';
import type { Bug } from './triage.ts';

/**
 * A first draft of the rule that would have refused the state: its id, its words and its example are
 * there, the condition is for a person to write.
 */
export const draftRule = (library: Library, format: string, bug: Bug): string => {
  const rows = describePlan(library, bug.minimal);
  const [row] = rows;
  const oracle = oracleById(bug.oracle);
  const field = row?.path ?? '';
  const name = (field.split('.').at(-1) ?? '').replaceAll(/\[\d*\]/gu, '');
  const id = `${format}-${(name === '' ? bug.oracle : `${name}-unsound`).toLowerCase().replaceAll(/[^a-z0-9]+/gu, '-')}`;
  const seed = library.get(bug.minimal.seed);
  const cause = rows.map(({ what }) => what).join(', ');
  return `import { child, numberAt } from '../layout/node.ts';
import { defineRule } from './rule.ts';

// Drafted from a finding of the fuzzer: ${literal(bug.violation.message)}
export default defineRule({
  id: ${literal(id)},
  title: ${literal(`TODO: what is wrong with ${name === '' ? 'the state' : name}`)},
  severity: ${literal(oracle?.severity ?? 'high')},
  threats: ${JSON.stringify(oracle?.threats ?? ['feeder']).replaceAll('"', "'")},
  cwe: ${literal(oracle?.cwe ?? 'CWE-20')},
  applies: { to: 'state', formats: [${literal(format)}] },
  rationale: \`
TODO: what a restore path does with it, and why. Found with: ${literal(cause).slice(1, -1)}\`,
  advice: 'TODO: one imperative sentence.',
  sources: ['TODO: the driver code that shows it'],
  examples: () => ({
    good: [{ bytes: Uint8Array.from(Buffer.from('${hex(seed?.bytes)}', 'hex')), format: ${literal(format)} }],
    bad: [{ bytes: Uint8Array.from(Buffer.from('${hex(bytesOf(bug.execution.inputs[0] ?? nothing))}', 'hex')), format: ${literal(format)} }],
  }),
  *check({ root, locate }) {
    const field = child(root, ${literal(field)});
    const value = numberAt(root, ${literal(field)});
    // TODO: the condition. The seed has ${row === undefined ? 'no field to name' : literal(row.old)}, the finding ${literal(row?.new ?? '')}.
    if (field === undefined || value === undefined) return;
    yield { message: \`${name === '' ? 'the state' : name} is \${value}\`, at: [locate(field)] };
  },
});
`;
};

/** A string literal that ends where it seems to, whatever the text. */
const literal = (text: string): string =>
  `'${text.replaceAll(/[^\x20-\x7e]/gu, '?').replaceAll(/['\\`$]/gu, '\\$&')}'`;

const MOST = 512;
const nothing: Input = { base: new Uint8Array(0), splices: [] };

const hex = (bytes: Uint8Array | undefined): string =>
  Buffer.from(bytes?.subarray(0, MOST) ?? new Uint8Array(0)).toString('hex');
