import { pathOf, walk } from '../layout/node.ts';
import { mttyState } from './examples.ts';
import { generalKeys, localPath } from './expectation.ts';
import { quoted } from './fault-rule.ts';
import { defineRule } from './rule.ts';

/** `device[NAME].KEY` split into its parts; a plain key speaks of any device. */
const keyParts = (key: string): { readonly device?: string; readonly field: string } => {
  const scoped = /^device\[(?<device>.*)\]\.(?<field>[^\]]+)$/u.exec(key);
  const device = scoped?.groups?.device;
  const field = scoped?.groups?.field;
  return device === undefined || field === undefined ? { field: key } : { device, field };
};

export default defineRule({
  id: 'expectation-unmatched',
  title: 'Something was expected that the input does not have',
  severity: 'high',
  threats: ['wrong-device'],
  cwe: 'CWE-345',
  applies: { to: 'expectation' },
  rationale: `
The user said what a field of the destination is, and no device state in the input has a field of
that name. Either the name is misspelt, or the state is of another kind or was cut before the
field. A check that was asked for and did not take place must not look like one that passed.`,
  advice: 'Treat an identity that cannot be read as one that does not match.',
  sources: ['CWE-345'],
  examples: () => ({
    good: [{ bytes: mttyState, format: 'mtty', expect: { nr_ports: '1' } }],
    bad: [{ bytes: mttyState, format: 'mtty', expect: { nr_port: '1' } }],
  }),
  watch: ({ expect }) => {
    const open = new Map(
      Object.keys(expect)
        .map((key) => [key, keyParts(key)] as const)
        .filter(([key, { field }]) => {
          const general: readonly string[] = generalKeys;
          return !general.includes(field) && !key.startsWith('qemu.') && !key.startsWith('policy.');
        }),
    );
    return {
      // The last expectation that is met ends the search, so most units are not walked at all.
      unit({ root, device }) {
        if (open.size === 0) return [];
        for (const field of walk(root)) {
          for (const [key, wanted] of open) {
            if (wanted.device !== undefined && wanted.device !== device) continue;
            const names = [field.name, pathOf(field), localPath(field, root)];
            if (names.includes(wanted.field)) open.delete(key);
          }
        }
        return [];
      },
      *end() {
        for (const key of open.keys()) {
          yield {
            message: `no device state has the field ${quoted(key)}`,
            at: [{ path: '', ranges: [{ offset: 0, length: 0 }], bytes: new Uint8Array(0) }],
          };
        }
      },
    };
  },
});
