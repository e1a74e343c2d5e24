import { changed, sound } from './container-examples.ts';
import { place } from '../container/location.ts';
import { defineRule } from './rule.ts';

/** Those that a source lists, because they change how the stream is read. */
const listed: ReadonlySet<string> = new Set(['x-ignore-shared', 'mapped-ram']);

export default defineRule({
  id: 'qemu-capability-unknown',
  title: 'The configuration lists a capability that no QEMU lists',
  severity: 'high',
  threats: ['version', 'corruption', 'feeder'],
  cwe: 'CWE-1287',
  applies: { to: 'container', events: ['configuration'] },
  rationale: `
A source lists the migration capabilities that change how the stream is read, and QEMU refuses a name that
it does not know. To pass over one is to read by the wrong layout what follows.`,
  advice: 'Refuse a stream with a capability that you do not have.',
  sources: ['qemu migration/savevm.c: get_capability(), configuration_validate_capabilities()'],
  examples: () => {
    const listing = (...value: readonly string[]): ReturnType<typeof changed> =>
      changed({
        configuration: [
          {
            item: 'configuration',
            machine: 'pc-i440fx-10.0',
            subsections: [{ name: 'configuration/capabilities', value }],
          },
        ],
      });
    return { good: [sound, listing()], bad: [listing('x-ignore-shred')] };
  },
  watch: () => ({
    kinds: ['configuration'],
    *event(event) {
      if (event.kind !== 'configuration') return;
      for (const { value, offset, length } of event.subsections) {
        if (typeof value !== 'object') continue;
        const unknown = value.filter((name) => !listed.has(name));
        if (unknown.length === 0) continue;
        yield {
          message: `capabilities are ${unknown.map((name) => JSON.stringify(name)).join(', ')}`,
          expected: [...listed].join(' or '),
          at: [place('configuration/capabilities', offset, length)],
        };
      }
    },
  }),
});
