import { configLength, isPciSection, longestConfig } from './pci-config.ts';
import { lookahead, recover } from './scan.ts';
import type { Landing, Walk } from './walk.ts';
import {
  footerLength,
  QEMU_VM_SECTION_FOOTER,
  QEMU_VM_SUBSECTION,
  VFIO_MIG_FLAG,
  vfioTagKind,
} from './wire.ts';
import type { DeviceConfig, Section } from '../events.ts';

/** The longest config record that is looked for and held. */
const mostConfig = 256 << 10;

interface Sized {
  readonly length: number;
  readonly sizedBy: DeviceConfig['sizedBy'];
  readonly space: DeviceConfig['space'];
}

/**
 * The config record behind a CONFIG tag, which has no length. It is taken to be as long as its own
 * config space says when a tag stands right behind it; else as long as the description says when
 * END_OF_STATE and the footer confirm it; else up to the first END_OF_STATE before the footer.
 */
export function* configBody(
  walk: Walk,
  section: Section,
): Generator<void, Landing | undefined, void> {
  const { feed } = walk;
  const offset = walk.position;
  const got = yield* walk.ahead(longestConfig + 8 + lookahead);
  const known = isPciSection(section)
    ? (derived(walk, got, true) ?? derived(walk, got, false))
    : undefined;
  let sized = known ?? described(walk, section, got);
  if (sized === undefined) {
    const more = yield* walk.ahead(mostConfig + 8 + footerLength);
    sized = searched(walk, more);
  }
  if (sized === undefined) {
    const landing = yield* recover(walk, 'config-end-not-found', { length: 8 }, offset);
    return landing;
  }
  const { length, sizedBy, space } = sized;
  if (section.device !== undefined) {
    walk.configured.add(section.device);
    const bytes = feed.peek(length);
    const event = { kind: 'device-config', device: section.device, section, bytes } as const;
    walk.emit({ ...event, offset, length, sizedBy, space });
  }
  feed.take(length);
  return undefined;
}

/** True when END_OF_STATE and this section's footer stand at `length`, as far as footers are written. */
const closes = (walk: Walk, length: number, got: number): boolean => {
  const { view, bytes, at } = walk.feed;
  if (length + 8 > got || vfioTagKind(view, at + length) !== VFIO_MIG_FLAG.END_OF_STATE) {
    return false;
  }
  if (walk.footers === 'off') return true;
  const footer = at + length + 8;
  if (length + 8 + footerLength > got) return false;
  return bytes[footer] === QEMU_VM_SECTION_FOOTER && view.getUint32(footer + 1) === walk.open?.id;
};

/** The length that follows from the config space, read as 4,096 and as 256 bytes. */
const derived = (walk: Walk, got: number, strict: boolean): Sized | undefined => {
  const { bytes, view, at } = walk.feed;
  const record = bytes.subarray(at, at + got);
  for (const space of [4096, 256] as const) {
    const length = configLength(record, space);
    if (length + 8 > got) continue;
    const tagged = strict ? closes(walk, length, got) : vfioTagKind(view, at + length) !== 0;
    if (tagged) return { length, sizedBy: 'grammar', space };
    if (strict && bytes[at + length] === QEMU_VM_SUBSECTION) {
      const end = closeFrom(walk, length, got);
      if (end !== undefined) return { length: end, sizedBy: 'footer-scan', space };
    }
  }
  return undefined;
};

/** The length that the description gives for a whole FULL body, without its two tags. */
const described = (walk: Walk, section: Section, got: number): Sized | undefined => {
  const sizes = walk.index?.sizes.get(`${section.idstr}#${section.instance}`);
  for (const { bytes } of sizes ?? []) {
    const length = bytes - 16;
    if (length >= 0 && closes(walk, length, got)) {
      return { length, sizedBy: 'vmdesc', space: undefined };
    }
  }
  return undefined;
};

/** First place from `from` on where the section closes. */
const closeFrom = (walk: Walk, from: number, got: number): number | undefined => {
  const { bytes, at } = walk.feed;
  for (let index = at + from; ; index += 1) {
    index = bytes.indexOf(0xff, index);
    if (index < 0 || index + 8 > at + got) return undefined;
    if (closes(walk, index - at, got)) return index - at;
  }
};

const searched = (walk: Walk, got: number): Sized | undefined => {
  const length = closeFrom(walk, 0, got);
  return length === undefined ? undefined : { length, sizedBy: 'footer-scan', space: undefined };
};
