import { isCloudHypervisor } from './cloud-hypervisor.ts';
import { isReturnPath } from './return-path.ts';
import { isMessages } from './session/messages.ts';
import { sealedMagic } from './sealed/format.ts';
import { sessionMagic } from './session/format.ts';
import type { ContainerName } from './names.ts';
import { libvirtMagic, libvirtPartialMagic } from './libvirt-format.ts';

/**
 * How many bytes of an input are looked at; fewer only when it has no more. A hole of 64 KiB before a
 * QEMU stream, as `file:…,offset=N` leaves it, is looked behind.
 */
export const detectionHead = (1 << 16) + 64;

const bytesOf = (text: string): readonly number[] =>
  Array.from(text, (character) => character.charCodeAt(0));

const qemuHeader = [...bytesOf('QEVM'), 0, 0, 0, 3];
const multifdHeader = [0x11, 0x22, 0x33, 0x44, 0, 0, 0, 1];
/** Bytes of a hello: magic, version, uuid and channel, and the rest unused. */
const multifdHello = 64;
const multifdUnused = 25;

/** How many of `wanted` stand at `at`. */
const alike = (head: Uint8Array, wanted: readonly number[], at = 0): number =>
  wanted.filter((byte, index) => head[at + index] === byte).length;

/** Types of the items that can follow the header: EOF, START, FULL, configuration, command. */
const firstItems = new Set([0, 1, 4, 7, 8]);

/** A QEMU header at `at`, whole, or with one or two bytes damaged and an item behind it. */
const isQemu = (head: Uint8Array, at: number): boolean =>
  alike(head, qemuHeader.slice(0, 4), at) === 4 ||
  (alike(head, qemuHeader, at) >= 6 && firstItems.has(head[at + 8] ?? -1));

/**
 * What the first bytes of an input are the beginning of. A damaged byte in a magic must not make a
 * stream an unknown device state, so one that is nearly right is enough where what follows fits. A
 * QEMU stream may begin behind a hole, as `file:…,offset=N` leaves it.
 */
export const detectContainer = (head: Uint8Array): ContainerName => {
  if (isQemu(head, 0)) return 'qemu';
  if (alike(head, sealedMagic) >= sealedMagic.length - 1) return 'sealed';
  if (isCloudHypervisor(head)) return 'cloud-hypervisor';
  if (alike(head, [...sessionMagic]) >= sessionMagic.length - 2) return 'session';
  if (isMessages(head)) return 'vfio-user';
  if (isReturnPath(head, detectionHead)) return 'return-path';
  const libvirt = [libvirtMagic, libvirtPartialMagic].some(
    (magic) => alike(head, bytesOf(magic)) >= magic.length - 1,
  );
  if (libvirt) return 'libvirt-save';
  const hello = alike(head, multifdHeader);
  if (hello === multifdHeader.length) return 'multifd-channel';
  if (hello === multifdHeader.length - 1 && head.length >= multifdHello) {
    const unused = head.subarray(multifdUnused, multifdHello);
    if (unused.every((byte) => byte === 0)) return 'multifd-channel';
  }
  const hole = head.findIndex((byte) => byte !== 0);
  return hole > 0 && alike(head, qemuHeader, hole) === qemuHeader.length ? 'qemu' : 'device-state';
};
