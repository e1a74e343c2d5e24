import { faultRule, hex, named } from './fault-rule.ts';
import { le16, le32, rest, struct, tag, framed, lengthOf, repeat } from '../layout/vocabulary.ts';

const records = repeat(
  struct({
    type: le16({ role: tag, names: { CONFIG: 1n, STATE: 2n } }),
    size: le32({ role: lengthOf('body') }),
    body: framed('size', rest),
  }),
);

export default faultRule({
  id: 'tag-unknown',
  title: 'Mandatory part of a kind that the reader does not know',
  severity: 'high',
  threats: ['version', 'feeder'],
  cwe: 'CWE-1287',
  fault: 'unknown-tag',
  rationale: `
A part that the writer calls mandatory and the reader does not know cannot be skipped: the state
without it is not the state that was saved. The writer is newer, or the tag is damaged.`,
  advice:
    'Refuse an unknown mandatory part; skip an unknown optional one without allocating for it.',
  sources: [
    'linux drivers/vfio/pci/mlx5/main.c: mlx5vf_resume_read_header() returns EOPNOTSUPP',
    'linux drivers/vfio/pci/virtio/migrate.c: virtiovf_resume_read_header() returns EOPNOTSUPP',
  ],
  examples: () => ({
    good: [{ layout: records, draft: [{ type: 'STATE', body: Uint8Array.of(1) }] }],
    bad: [{ layout: records, draft: [{ type: 9n, body: Uint8Array.of(1) }] }],
  }),
  say: (field) => ({
    message: `${named(field)} is ${typeof field.value === 'bigint' ? hex(field.value) : 'malformed'}, a kind that is not known`,
    ...(field.layout !== 'gap' && field.layout.kind === 'uint' && field.layout.names !== undefined
      ? { expected: Object.keys(field.layout.names).join(' or ') }
      : {}),
  }),
});
