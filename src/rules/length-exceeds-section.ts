import { bytesText, faultRule, named, remain } from './fault-rule.ts';

const data = Uint8Array.of(0xaa, 0xbb, 0xcc, 0xdd);

export default faultRule({
  id: 'length-exceeds-section',
  title: 'Length or count claims more bytes than its section holds',
  severity: 'high',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-130',
  fault: 'overrun',
  rationale: `
A restore path that trusts the length reads, or allocates for, bytes that were never sent.
Reject the section before allocating. Clamping the length is not a fix: it turns one attack into a
desynchronised stream. A transfer that was cut looks the same: its last record claims what did not
arrive, and a driver that checks nothing when RESUMING is left reports success.`,
  advice: 'Compare every length and count with the bytes that remain before allocating or reading.',
  sources: ['CWE-130', 'linux drivers/vfio/pci/mlx5/main.c: mlx5vf_resume_read_header()'],
  examples: () => ({
    good: [{ format: 'mlx5', draft: [{ tag: 'FW_DATA', data }] }],
    bad: [{ format: 'mlx5', draft: [{ record_size: 5n, tag: 'FW_DATA', data }] }],
  }),
  say: (field, { wanted, got }) => ({
    message: `${named(field)} claims ${bytesText(wanted)}, but ${bytesText(got)} ${remain(got)} in the section`,
    note: 'this length is not covered by bytes',
  }),
});
