import { statePort, userSave, v2Save } from './session-examples.ts';
import { nothingKept, said, sessionRule } from './session-rule.ts';

export default sessionRule({
  id: 'session-read-oversized',
  title: 'A read gives more bytes than were asked for',
  threats: ['feeder'],
  cwe: 'CWE-787',
  rationale: `
The caller asked for as many bytes as its buffer has. A device, or a server in another process, that
answers with more writes behind the buffer wherever the number in the answer is believed.`,
  advice: 'Compare the size of an answer with what was asked for before copying it.',
  sources: [
    'libvfio-user docs/vfio-user.rst: VFIO_USER_MIG_DATA_READ',
    'linux Documentation/filesystems/vfs.rst: read',
  ],
  over: ['session-data'],
  begin: nothingKept,
  examples: () => ({
    good: [v2Save(), userSave()],
    bad: [v2Save({ port: [{ record: 'read', data: statePort, asked: 16 }] })],
  }),
  *see(event) {
    if (event.kind !== 'session-data' || event.operation !== 'read') return;
    const { asked, result } = event;
    if (result === undefined || result <= asked) return;
    yield said(event, {
      message: `a read of ${asked} bytes gives ${result}`,
      expected: `at most ${asked} bytes`,
    });
  },
});
