import { place } from '../container/location.ts';
import { machineKey } from '../container/qemu/describe.ts';
import { sound } from './container-examples.ts';
import { defineRule } from './rule.ts';

export default defineRule({
  id: 'qemu-machine-differs',
  title: 'The stream was saved from another machine type',
  severity: 'high',

  threats: ['wrong-device', 'version'],
  cwe: 'CWE-345',
  applies: { to: 'expectation', keys: [machineKey] },
  rationale: `
The machine type names the chipset, its devices and their versions, and a stream loads only into the type
that it was saved from. QEMU refuses another type before any device is loaded, if it was told to send the
configuration at all.`,
  advice: 'Compare machine types before the guest is stopped.',
  sources: ['qemu migration/savevm.c: configuration_post_load()'],
  examples: () => ({
    good: [{ ...sound, expect: { 'qemu.machine': 'pc-i440fx-10.0' } }],
    bad: [{ ...sound, expect: { 'qemu.machine': 'pc-q35-10.0' } }],
  }),
  watch: ({ expect }) => ({
    kinds: ['configuration'],
    *event(event) {
      const wanted = expect[machineKey];
      if (event.kind !== 'configuration' || wanted === undefined || event.machine === wanted)
        return;
      yield {
        message: `the machine type is ${JSON.stringify(event.machine)}`,
        expected: wanted,
        at: [place('configuration', event.offset, event.length)],
      };
    },
  }),
});
