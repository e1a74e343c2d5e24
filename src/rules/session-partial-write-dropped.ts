import { isRetry } from '../container/session/format.ts';
import type { SessionData } from '../container/session/events.ts';
import { stateHeader, statePort, v2Restore } from './session-examples.ts';
import { said, sessionRule, type OfSession } from './session-rule.ts';

const begins = (head: Uint8Array, rest: Uint8Array): boolean => {
  const shared = Math.min(head.length, rest.length);
  return shared > 0 && head.subarray(0, shared).every((byte, at) => byte === rest[at]);
};

const dropped = (partial: SessionData, next: OfSession): ReturnType<typeof said> =>
  said(partial, {
    message: `a write of ${partial.asked} bytes took ${partial.result}, and the rest was not written`,
    expected: 'the rest in the next write',
    against: next,
    note: 'this came next',
  });

export default sessionRule({
  id: 'session-partial-write-dropped',
  title: 'A write took a part, and the rest was not written',
  threats: ['corruption', 'feeder'],
  cwe: 'CWE-252',
  rationale: `
A driver may take fewer bytes than it was given, and says how many. The caller has to write the rest
next. Where it goes on with other bytes, or leaves RESUMING, the device is given a state with a hole.`,
  advice: 'Write what was not taken before anything else.',
  sources: [
    'linux Documentation/filesystems/vfs.rst: write',
    'linux include/uapi/linux/vfio.h: VFIO_DEVICE_STATE_RESUMING',
  ],
  over: ['session-data'],
  also: ['session-reset', 'session-state'],
  begin: () => ({ partial: undefined as SessionData | undefined }),
  examples: () => ({
    good: [
      v2Restore(),
      v2Restore({
        port: [
          { record: 'write', data: statePort, result: 6 },
          { record: 'write', data: statePort.subarray(6) },
        ],
      }),
    ],
    bad: [
      v2Restore({ port: [{ record: 'write', data: statePort, result: 6 }] }),
      v2Restore({ header: [{ record: 'write', data: stateHeader, result: 6 }] }),
    ],
  }),
  *see(event, memory) {
    const { partial } = memory;
    if (event.kind === 'session-data') {
      if (event.operation !== 'write' || event.protocol !== 'v2') return;
      const { result, asked } = event;
      if (partial !== undefined && !begins(event.head, partial.rest)) yield dropped(partial, event);
      if (result === undefined || (result < 0 && isRetry(result))) return;
      memory.partial = result >= 0 && result < asked ? event : undefined;
    } else if (event.kind === 'session-reset') {
      memory.partial = undefined;
    } else if (event.kind === 'session-state' && partial !== undefined) {
      memory.partial = undefined;
      yield dropped(partial, event);
    }
  },
});
