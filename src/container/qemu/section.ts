import { iterableBody } from './iterable.ts';
import { ramBody } from './ram.ts';
import { nextIsPlausible, recover, scan } from './scan.ts';
import { vfioBody } from './vfio.ts';
import { Cut, type Introduced, type Landing, type Walk } from './walk.ts';
import {
  footerLength,
  latin1,
  QEMU_VM_SECTION_FOOTER,
  RAM_SAVE_FLAG,
  vfioTagHigh,
  vfioTagKind,
  vfioTagNames,
} from './wire.ts';
import type { Section, SectionType, SizedBy } from '../events.ts';

const types: readonly (SectionType | undefined)[] = [undefined, 'start', 'part', 'end', 'full'];

const grammars: Readonly<Record<string, Section['grammar'] | undefined>> = {
  ram: 'ram',
  vfio: 'vfio',
  'dirty-bitmap': 'dirty-bitmap',
  'spapr/htab': 'htab',
  's390-storage_attributes': 's390-attributes',
  block: 'block',
};

/**
 * Which grammar reads the bodies of a section, by its name. The complete list of iterable devices
 * of QEMU 10.2; a FULL section of any name but VFIO's is old-style or vmstate data.
 */
const grammarOf = (idstr: string, type: SectionType): Section['grammar'] => {
  if (idstr.endsWith('/vfio')) return 'vfio';
  const grammar = Object.hasOwn(grammars, idstr) ? grammars[idstr] : undefined;
  return grammar === undefined || (type === 'full' && grammar !== 'vfio') ? 'device' : grammar;
};

/** One section: header, body by its grammar, footer. */
export function* section(walk: Walk): Generator<void, void, void> {
  const offset = walk.position;
  const type = types[walk.feed.bytes[walk.feed.at] ?? 0] ?? 'full';
  const header =
    type === 'start' || type === 'full' ? yield* named(walk, type) : yield* numbered(walk);
  if (header === undefined) return;
  const { id, entry } = header;
  const opened: Section = {
    type,
    offset,
    bodyOffset: walk.position,
    id,
    ...entry,
    recovered: walk.recovered,
  };
  walk.open = opened;
  walk.emit({ kind: 'section', offset, length: opened.bodyOffset - offset, section: opened });
  if (!entry.known) {
    walk.fault('unknown-section-id', offset, {
      length: 5,
      got: id,
      resumed: opened.bodyOffset,
    });
  }
  let sizedBy: SizedBy = 'grammar';
  let landing: Landing | undefined;
  if (entry.grammar === 'device') {
    ({ sizedBy, landing } = yield* deviceBody(walk, opened));
  } else {
    landing = yield* bodyOf(walk, opened);
    if (landing !== undefined) sizedBy = sizedByLanding[landing];
  }
  yield* close(walk, opened, sizedBy, landing);
}

const sizedByLanding: Readonly<Record<Landing, SizedBy>> = {
  'own-footer': 'footer-scan',
  footer: 'footer-scan',
  header: 'header-scan',
  end: 'input-end',
};

const bodyOf = (walk: Walk, opened: Section): Generator<void, Landing | undefined, void> => {
  if (opened.grammar === 'ram') return ramBody(walk);
  if (opened.grammar === 'vfio') return vfioBody(walk, opened);
  return iterableBody(walk, opened);
};

interface Header {
  readonly id: number;
  readonly entry: Introduced;
}

/** The header of START and FULL. Nothing when its name is none, which is answered by a search. */
function* named(walk: Walk, type: SectionType): Generator<void, Header | undefined, void> {
  const { feed } = walk;
  const offset = walk.position;
  yield* walk.must(6);
  const id = feed.view.getUint32(feed.at + 1);
  const nameLength = feed.bytes[feed.at + 5] ?? 0;
  yield* walk.must(6 + nameLength + 8);
  const idstr = latin1(feed.bytes, feed.at + 6, nameLength);
  if (!/^[ -~]+$/.test(idstr)) {
    // The id may still be right, and then the footer with it is the best place to go on.
    if (!walk.introduced.has(id)) walk.introduce(id, unknown);
    feed.take(1);
    const got = `${nameLength} bytes that are not a name`;
    const landing = yield* recover(
      walk,
      'section-header-invalid',
      { length: 6 + nameLength, wanted: 'a printable idstr', got },
      offset,
    );
    if (landing === 'footer' || landing === 'own-footer') feed.take(footerLength);
    return undefined;
  }
  const instance = feed.view.getUint32(feed.at + 6 + nameLength);
  const version = feed.view.getUint32(feed.at + 10 + nameLength);
  feed.take(14 + nameLength);
  const grammar = grammarOf(idstr, type);
  const device = grammar === 'vfio' ? walk.device(idstr, instance, offset) : undefined;
  const entry = { idstr, instance, version, grammar, device, known: true };
  walk.introduce(id, entry);
  return { id, entry };
}

const unknown: Introduced = {
  idstr: '',
  instance: 0,
  version: 0,
  grammar: 'device',
  device: undefined,
  known: false,
};

/** The header of PART and END, whose name stands in the START of their id. */
function* numbered(walk: Walk): Generator<void, Header, void> {
  const { feed } = walk;
  yield* walk.must(5);
  const id = feed.view.getUint32(feed.at + 1);
  const entry = walk.introduced.get(id);
  const offset = walk.position;
  feed.take(5);
  if (entry?.known === true) return { id, entry };
  const grammar = yield* sniff(walk);
  const name = `section ${id}`;
  const device = grammar === 'vfio' ? walk.device(name, 0, offset) : undefined;
  const guessed = { ...unknown, idstr: name, grammar, device };
  walk.introduce(id, guessed);
  return { id, entry: guessed };
}

/** Which grammar the body of an unknown section begins with. */
function* sniff(walk: Walk): Generator<void, Section['grammar'], void> {
  if ((yield* walk.ahead(8)) < 8) return 'device';
  const { view, at } = walk.feed;
  if (vfioTagKind(view, at) !== 0) return 'vfio';
  const flags = view.getUint32(at + 4) & (walk.pageSize - 1);
  const { PAGE, ZERO, MULTIFD_FLUSH } = RAM_SAVE_FLAG;
  const ram = flags === PAGE || flags === ZERO || flags === MULTIFD_FLUSH;
  return ram && walk.cursors.size === 0 ? 'ram' : 'device';
}

interface DeviceBody {
  readonly sizedBy: SizedBy;
  readonly landing: Landing | undefined;
}

/** Sizes from the description above this are not confirmed ahead of time. */
const mostConfirmed = 32 << 20;

/**
 * A body whose grammar is the emulated device's own. Its size comes from the description when the
 * footer confirms it (or, without footers, when an item begins there); else the footer is searched.
 */
function* deviceBody(walk: Walk, opened: Section): Generator<void, DeviceBody, void> {
  const size = opened.type === 'full' ? yield* walk.described(opened) : undefined;
  const { bodyOffset } = opened;
  if (size !== undefined && size.bytes <= mostConfirmed) {
    if (yield* closesAt(walk, size.bytes)) {
      const found = tagWithin(walk, size.bytes);
      yield* walk.pass(size.bytes);
      if (found !== undefined) tellTag(walk, found);
      return { sizedBy: 'vmdesc', landing: undefined };
    }
  }
  let first: Tag | undefined;
  const tag = (kind: number, offset: number): void => {
    first ??= { kind, offset };
  };
  const wanted = { own: opened.id, otherFooters: false, headers: true, tag };
  const landing = yield* scan(walk, wanted);
  if (first !== undefined) tellTag(walk, first);
  const got = walk.position - bodyOffset;
  if (landing === 'end') {
    // With footers, one of this section would have been found had its bytes gone on.
    if (walk.position >= walk.limit) throw new Cut('package');
    if (walk.footers === 'on') throw new Cut('input');
    walk.exhausted = true;
    walk.fault('section-not-delimited', bodyOffset, { length: got, resumed: walk.position });
    return { sizedBy: 'input-end', landing };
  }
  if (landing === 'header') {
    if (walk.footers === 'off') return { sizedBy: 'header-scan', landing: undefined };
    walk.recovered = true;
    if (walk.footers === 'on') {
      walk.fault('missing-footer', walk.position, {
        got: 'a section header',
        resumed: walk.position,
      });
      return { sizedBy: 'header-scan', landing };
    }
    return { sizedBy: 'header-scan', landing: undefined };
  }
  if (size !== undefined && size.bytes !== got) {
    if (size.exact) {
      const detail = { length: got, wanted: size.bytes, got, resumed: walk.position };
      walk.fault('vmdesc-disagrees', bodyOffset, detail);
    } else {
      const text = `the description says ${size.bytes} bytes for an array of unequal elements`;
      walk.note('vmdesc-inexact', `${text}, and the section has ${got}`, bodyOffset, got);
    }
  }
  return { sizedBy: 'footer-scan', landing: undefined };
}

/** A tag of VFIO where none belongs. */
interface Tag {
  readonly kind: number;
  readonly offset: number;
}

/** The first tag of VFIO within the next `size` bytes, which are at hand. */
const tagWithin = ({ feed }: Walk, size: number): Tag | undefined => {
  const { bytes, view, at } = feed;
  const end = at + size - 8;
  for (let index = bytes.indexOf(vfioTagHigh >>> 24, at); index >= at && index <= end;) {
    const kind = vfioTagKind(view, index);
    if (kind !== 0) return { kind, offset: feed.position + index - at };
    index = bytes.indexOf(vfioTagHigh >>> 24, index + 1);
  }
  return undefined;
};

const tellTag = (walk: Walk, { kind, offset }: Tag): void => {
  const got = vfioTagNames[kind] ?? '';
  walk.fault('vfio-in-device', offset, { length: 8, got, resumed: walk.position });
};

/** True when this section may end `size` bytes from here, by its footer or by what follows. */
function* closesAt(walk: Walk, size: number): Generator<void, boolean, void> {
  const got = yield* walk.ahead(size + footerLength);
  const { bytes, view, at } = walk.feed;
  if (got < size) return false;
  const marked =
    got === size + footerLength &&
    bytes[at + size] === QEMU_VM_SECTION_FOOTER &&
    view.getUint32(at + size + 1) === walk.open?.id;
  if (marked && walk.footers === 'on') return true;
  if (marked && (yield* nextIsPlausible(walk, size + footerLength))) return true;
  // Without a footer, or with a damaged one, an item that begins here or behind it must do.
  if (yield* nextIsPlausible(walk, size)) return true;
  if (walk.footers === 'off') return false;
  return yield* nextIsPlausible(walk, size + footerLength);
}

/**
 * The footer behind a body. Whether a stream has footers shows at its first section; from then on
 * one that is absent or names another section is damage, and the walk goes on at the next item.
 */
function* close(
  walk: Walk,
  opened: Section,
  sizedBy: SizedBy,
  landing: Landing | undefined,
): Generator<void, void, void> {
  const { feed } = walk;
  const offset = walk.position;
  const bodyLength = offset - opened.bodyOffset;
  if (landing !== undefined && landing !== 'own-footer') {
    if (landing === 'footer') feed.take(footerLength);
    walk.endSection(opened, bodyLength, walk.footers === 'off' ? 'off' : 'absent', sizedBy);
    return;
  }
  const got = yield* walk.ahead(footerLength);
  const { bytes, view, at } = feed;
  const marked = got === footerLength && bytes[at] === QEMU_VM_SECTION_FOOTER;
  const id = marked ? view.getUint32(at + 1) : undefined;
  if (id === opened.id) {
    if (walk.footers === 'off') walk.fault('missing-footer', offset, { resumed: offset });
    walk.footers = 'on';
    feed.take(footerLength);
    walk.endSection(opened, bodyLength, 'present', sizedBy);
    return;
  }
  if (walk.footers !== 'on' && (yield* nextIsPlausible(walk))) {
    walk.footers = 'off';
    walk.endSection(opened, bodyLength, 'off', sizedBy);
    return;
  }
  if (got < footerLength && walk.footers !== 'off') {
    // The input or the package ends where the footer should stand.
    yield* walk.must(footerLength);
  }
  if (walk.footers === 'unknown') walk.footers = 'on';
  const behind = yield* nextIsPlausible(walk, footerLength);
  if (id !== undefined && behind) {
    const resumed = offset + footerLength;
    const detail = { length: footerLength, wanted: opened.id, got: id, resumed };
    walk.fault('footer-id-mismatch', offset, detail);
    feed.take(footerLength);
    walk.endSection(opened, bodyLength, 'wrong-id', sizedBy);
    return;
  }
  const here = yield* nextIsPlausible(walk);
  if (here || behind) {
    const resumed = here ? offset : offset + footerLength;
    walk.fault('missing-footer', offset, { length: resumed - offset, wanted: opened.id, resumed });
    feed.take(resumed - offset);
    walk.endSection(opened, bodyLength, 'absent', sizedBy);
    return;
  }
  const found = yield* recover(walk, 'missing-footer', { wanted: opened.id });
  if (found === 'footer' || found === 'own-footer') feed.take(footerLength);
  walk.endSection(opened, bodyLength, 'absent', sizedBy);
}
