import { place } from '../container/location.ts';
import { changed, sound } from './container-examples.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'qemu-machine-name-empty',
  title: 'The configuration names no machine',
  severity: 'high',

  threats: ['feeder', 'wrong-device'],
  cwe: 'CWE-1288',
  applies: { to: 'container', events: ['configuration'] },
  rationale: `
QEMU compares the machine type over the length that it received, so an empty name equals every machine
and a shortened one every machine that begins with it. No source writes an empty name; one that is
makes the check of the machine type pass anywhere.`,
  advice: 'Compare the whole name, with its length.',
  sources: ['qemu migration/savevm.c: configuration_post_load()'],
  examples: () => ({
    good: [sound],
    bad: [changed({ configuration: [{ item: 'configuration', machine: '' }] })],
  }),
  watch: () => ({
    kinds: ['configuration'],
    *event(event) {
      if (event.kind !== 'configuration' || event.machine !== '') return;
      yield {
        message: 'the machine type is empty and so equals that of every destination',
        at: [place('configuration', event.offset, event.length)],
      };
    },
  }),
});
