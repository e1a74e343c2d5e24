import type { Walk } from './walk.ts';
import { commands, MIG_CMD_PACKAGED } from './wire.ts';

/** Checks the payload of the commands that have a structure; gives what is wrong with it. */
const payloadFault = (name: string, payload: Uint8Array): string | undefined => {
  const first = payload[0];
  if (name === 'RECV_BITMAP') {
    return first === payload.length - 1 ? undefined : 'a block name that fills the payload';
  }
  if (name !== 'POSTCOPY_RAM_DISCARD') return undefined;
  // `qemu migration/savevm.c: loadvm_postcopy_ram_handle_discard`.
  const nameLength = payload[1] ?? 0;
  if (first !== 0) return 'discard version 0';
  if (payload.length < 3 + nameLength || payload[2 + nameLength] !== 0) {
    return 'a block name and a zero byte';
  }
  return (payload.length - 3 - nameLength) % 16 === 0 ? undefined : 'whole ranges of 16 bytes';
};

/**
 * One command. Gives the length of the package that follows PACKAGED; its bytes are a run of items
 * without header and end, walked as nested items.
 */
export function* command(walk: Walk): Generator<void, number | undefined, void> {
  const { feed } = walk;
  const offset = walk.position;
  yield* walk.must(5);
  const number = feed.view.getUint16(feed.at + 1);
  const length = feed.view.getUint16(feed.at + 3);
  yield* walk.must(5 + length);
  feed.take(5);
  const payload = feed.peek(length);
  feed.take(length);
  const known = commands[number];
  const name = known?.name ?? 'UNKNOWN';
  const packed =
    number === MIG_CMD_PACKAGED && length === 4
      ? new DataView(payload.buffer, payload.byteOffset).getUint32(0)
      : undefined;
  walk.emit({
    kind: 'command',
    offset,
    length: 5 + length,
    command: number,
    name,
    payload,
    ...(packed === undefined ? {} : { packaged: packed }),
  });
  const wanted =
    known === undefined
      ? 'a command that QEMU knows'
      : known.lengths === 'variable' || known.lengths.includes(length)
        ? payloadFault(name, payload)
        : `${name} with ${known.lengths.join(' or ')} bytes`;
  if (wanted !== undefined) {
    const got = `command ${number} with ${length} bytes`;
    walk.fault('command-invalid', offset, {
      length: 5 + length,
      wanted,
      got,
      resumed: walk.position,
    });
  }
  if (name === 'POSTCOPY_ADVISE' && length === 16) walk.postcopyRam = true;
  return packed;
}
