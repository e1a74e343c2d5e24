import { place } from '../container/location.ts';
import { capabilitiesKey, describeQemu, pageBitsKey } from '../container/qemu/describe.ts';
import { sound } from './container-examples.ts';
import { defineRule } from './rule.ts';

const sorted = (list: string): string =>
  list
    .split(' ')
    .sort((a, b) => (a < b ? -1 : 1))
    .join(' ');

export default defineRule({
  id: 'qemu-configuration-differs',
  title: 'The stream needs capabilities or pages that the destination has not',
  severity: 'high',

  threats: ['wrong-device', 'version'],
  cwe: 'CWE-345',
  applies: { to: 'expectation', keys: [capabilitiesKey, pageBitsKey] },
  rationale: `
The configuration lists the migration capabilities that change the layout of the stream, and the page
size where an architecture has several. Both must be those of the destination; QEMU compares them one
by one and refuses the stream.`,
  advice: 'Agree on capabilities before the stream begins.',
  sources: [
    'qemu migration/savevm.c: configuration_validate_capabilities()',
    'qemu migration/savevm.c: vmstate_target_page_bits',
  ],
  examples: () => ({
    good: [{ ...sound, expect: { 'qemu.capabilities': '' } }],
    bad: [{ ...sound, expect: { 'qemu.capabilities': 'mapped-ram' } }],
  }),
  watch: ({ expect }) => ({
    kinds: ['configuration'],
    *event(event) {
      if (event.kind !== 'configuration') return;
      const said = describeQemu();
      said.take(event);
      const got = said.expectation();
      for (const key of [capabilitiesKey, pageBitsKey]) {
        const wanted = expect[key];
        if (wanted === undefined || sorted(wanted) === sorted(got[key] ?? '')) continue;
        yield {
          message: `${key.slice('qemu.'.length)} of the stream: ${JSON.stringify(got[key] ?? '')}`,
          expected: JSON.stringify(wanted),
          at: [place('configuration', event.offset, event.length)],
        };
      }
    },
  }),
});
