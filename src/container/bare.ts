import type { EventSink, Walker } from './events.ts';

/** A walker over bytes that no container wraps: one device, all bytes its state. */
export const bareWalker = (sink: EventSink): Walker => {
  let offset = 0;
  sink({ kind: 'device-open', device: 0, name: '', instance: 0, offset: 0 });
  return {
    push(bytes) {
      sink({ kind: 'device-bytes', device: 0, offset, bytes });
      offset += bytes.length;
    },
    settled: () => offset,
    end() {
      sink({ kind: 'device-close', device: 0, bytes: offset });
    },
  };
};
