import { recover } from './scan.ts';
import type { FaultDetail, Walk } from './walk.ts';
import { latin1, QEMU_VM_SUBSECTION } from './wire.ts';
import type { ConfigurationSubsection } from '../events.ts';

/** No machine type has a name near this; a longer one is a wrong length. */
const longestMachine = 1024;
const mostCapabilities = 256;
const mostSubsections = 16;

/** What a reader of a subsection found, or why it cannot go on. */
type Value = ConfigurationSubsection['value'] | { readonly wrong: FaultDetail };

/**
 * The configuration section: `qemu migration/savevm.c: vmstate_configuration`. It has no id, no
 * version and no footer, and its subsections say how the rest is to be read.
 */
export function* configuration(walk: Walk): Generator<void, void, void> {
  const { feed } = walk;
  const offset = walk.position;
  yield* walk.must(5);
  const length = feed.view.getUint32(feed.at + 1);
  if (length > longestMachine) {
    const wanted = `a machine name up to ${longestMachine} bytes`;
    yield* recover(walk, 'configuration-invalid', { wanted, got: length });
    return;
  }
  yield* walk.must(5 + length);
  const machine = latin1(feed.bytes, feed.at + 5, length);
  feed.take(5 + length);
  const subsections: ConfigurationSubsection[] = [];
  let wrong: FaultDetail | undefined;
  while ((yield* walk.ahead(1)) === 1 && feed.bytes[feed.at] === QEMU_VM_SUBSECTION) {
    const found = yield* subsection(walk);
    if (!('offset' in found)) {
      wrong = found;
      break;
    }
    if (subsections.some(({ name }) => name === found.name)) {
      const { offset: at, length: size, name } = found;
      const got = `${name} twice`;
      walk.fault('configuration-invalid', at, {
        length: size,
        wanted: 'each subsection once',
        got,
      });
    }
    subsections.push(found);
    if (subsections.length > mostSubsections)
      walk.spend('configuration subsections', mostSubsections);
  }
  const end = walk.position;
  walk.emit({ kind: 'configuration', offset, length: end - offset, machine, subsections });
  if (wrong !== undefined) yield* recover(walk, 'configuration-invalid', wrong);
}

function* subsection(walk: Walk): Generator<void, ConfigurationSubsection | FaultDetail, void> {
  const { feed } = walk;
  const offset = walk.position;
  yield* walk.must(2);
  const nameLength = feed.bytes[feed.at + 1] ?? 0;
  yield* walk.must(2 + nameLength + 4);
  const name = latin1(feed.bytes, feed.at + 2, nameLength);
  const version = feed.view.getUint32(feed.at + 2 + nameLength);
  const read = readers[name];
  if (read === undefined || version !== 1) {
    const got = `${JSON.stringify(name)} version ${version}`;
    return { wanted: 'a configuration subsection of version 1', got, length: 6 + nameLength };
  }
  feed.take(6 + nameLength);
  const value = yield* read(walk);
  if (typeof value === 'object' && 'wrong' in value) {
    return { wanted: 'a sound value', ...value.wrong };
  }
  return { offset, length: walk.position - offset, name, version, value };
}

const readers: Readonly<
  Record<string, ((walk: Walk) => Generator<void, Value, void>) | undefined>
> = {
  *'configuration/target-page-bits'(walk) {
    const { feed } = walk;
    yield* walk.must(4);
    const bits = feed.view.getUint32(feed.at);
    feed.take(4);
    // `qemu include/exec/target_page.h`: TARGET_PAGE_BITS_LEGACY to 31; RAM flags need ten bits.
    if (bits < 10 || bits > 24) return { wrong: { wanted: 'page bits from 10 to 24', got: bits } };
    walk.pageSize = 2 ** bits;
    walk.pageSizeSettled = true;
    return bits;
  },

  *'configuration/capabilities'(walk) {
    const { feed } = walk;
    yield* walk.must(4);
    const count = feed.view.getUint32(feed.at);
    feed.take(4);
    if (count > mostCapabilities) {
      return { wrong: { wanted: `at most ${mostCapabilities} capabilities`, got: count } };
    }
    const names: string[] = [];
    for (let index = 0; index < count; index += 1) {
      yield* walk.must(1);
      const length = feed.bytes[feed.at] ?? 0;
      yield* walk.must(1 + length);
      const name = latin1(feed.bytes, feed.at + 1, length);
      feed.take(1 + length);
      names.push(name);
      walk.capabilities.add(name);
    }
    return names;
  },

  *'configuration/uuid'(walk) {
    const { feed } = walk;
    yield* walk.must(16);
    let digits = '';
    for (let index = 0; index < 16; index += 1) {
      digits += (feed.bytes[feed.at + index] ?? 0).toString(16).padStart(2, '0');
    }
    feed.take(16);
    return digits;
  },
};
