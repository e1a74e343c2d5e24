import { containerFault } from './container-fault.ts';
import { changed, header, sound, vfio } from './container-examples.ts';
export default containerFault({
  id: 'vfio-end-of-state-missing',
  title: 'Device state without the tag that ends it',
  severity: 'high',

  threats: ['corruption', 'feeder'],
  cwe: 'CWE-1286',
  code: 'missing-end-of-state',
  over: ['vfio-record'],
  rationale: `
SETUP and CONFIG are closed by END_OF_STATE, and so is every section but those that end with
INIT_DATA_SENT or CONFIG_LOAD_READY. Without it QEMU reads the footer as a tag and refuses, after
the records before it took effect.`,
  advice: 'Refuse the section before its records take effect.',
  sources: [
    'qemu hw/vfio/migration.c: vfio_load_state()',
    'qemu hw/vfio/migration.c: vfio_load_device_config_state()',
  ],
  examples: () => ({
    good: [sound],
    bad: [changed({ part: [vfio('part', [header])] })],
  }),
  say: () => ({ message: 'END_OF_STATE is missing', expected: 'END_OF_STATE' }),
});
