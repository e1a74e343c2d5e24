import { Output } from './qemu/write-output.ts';
import type { QemuItem } from './qemu/write.ts';
import { writeQemu } from './qemu/write.ts';
import {
  libvirtHeaderLength,
  libvirtMagic,
  libvirtUnused,
  libvirtUnusedOffset,
} from './libvirt-format.ts';

/** A save image as its parts; what is left out is derived, what is given is written as given. */
export interface LibvirtDraft {
  readonly magic?: string;
  readonly version?: number;
  readonly dataLength?: number;
  readonly wasRunning?: number;
  readonly format?: number;
  readonly cookieOffset?: number;
  readonly unused?: readonly number[];
  /** Domain XML and cookie, with the NUL that ends each. */
  readonly xml?: string;
  readonly cookie?: string;
  readonly padding?: Uint8Array;
  /** The QEMU stream, or the bytes of a compressed one. */
  readonly payload?: readonly QemuItem[] | Uint8Array;
}

export const writeLibvirt = (draft: LibvirtDraft): Uint8Array => {
  const {
    xml = "<domain type='kvm'></domain>\0",
    cookie = '',
    padding = new Uint8Array(64),
  } = draft;
  const textLength = xml.length + cookie.length + padding.length;
  const header = new Uint8Array(libvirtHeaderLength);
  const view = new DataView(header.buffer);
  const magic = draft.magic ?? libvirtMagic;
  header.set(Uint8Array.from(magic, (character) => character.charCodeAt(0)));
  const words = [
    draft.version ?? 2,
    draft.dataLength ?? textLength,
    draft.wasRunning ?? 0,
    draft.format ?? 0,
    draft.cookieOffset ?? (cookie === '' ? 0 : xml.length),
  ];
  words.forEach((word, index) => view.setUint32(16 + index * 4, word, true));
  draft.unused
    ?.slice(0, libvirtUnused)
    .forEach((word, index) => view.setUint32(libvirtUnusedOffset + index * 4, word, true));
  const out = new Output(0);
  out.bytes(header);
  out.text(xml);
  out.text(cookie);
  out.bytes(padding);
  const { payload = [] } = draft;
  out.bytes(payload instanceof Uint8Array ? payload : writeQemu(payload, out.position));
  const [bytes = new Uint8Array(0)] = out.blocks(0);
  return bytes;
};
