/** Numbers of the stream as QEMU's own headers name them. Big-endian on the wire. */

/** `qemu migration/savevm.h`, `qemu migration/savevm.c`. */
export const QEMU_VM_FILE_MAGIC = 0x5145564d;
export const QEMU_VM_FILE_VERSION = 3;
export const QEMU_VM_EOF = 0x00;
export const QEMU_VM_SECTION_START = 0x01;
export const QEMU_VM_SECTION_PART = 0x02;
export const QEMU_VM_SECTION_END = 0x03;
export const QEMU_VM_SECTION_FULL = 0x04;
export const QEMU_VM_SUBSECTION = 0x05;
export const QEMU_VM_VMDESCRIPTION = 0x06;
export const QEMU_VM_CONFIGURATION = 0x07;
export const QEMU_VM_COMMAND = 0x08;
export const QEMU_VM_SECTION_FOOTER = 0x7e;

/** Bytes of a footer: the marker and the section id. */
export const footerLength = 5;

/** A command by number: its name, and its payload length where that is fixed. */
interface Command {
  readonly name: string;
  readonly lengths: readonly number[] | 'variable';
}

export const MIG_CMD_PACKAGED = 7;

/** `qemu migration/savevm.c: mig_cmd_args`. */
export const commands: readonly (Command | undefined)[] = [
  undefined,
  { name: 'OPEN_RETURN_PATH', lengths: [0] },
  { name: 'PING', lengths: [4] },
  { name: 'POSTCOPY_ADVISE', lengths: [0, 16] },
  { name: 'POSTCOPY_LISTEN', lengths: [0] },
  { name: 'POSTCOPY_RUN', lengths: [0] },
  { name: 'POSTCOPY_RAM_DISCARD', lengths: 'variable' },
  { name: 'PACKAGED', lengths: [4] },
  { name: 'ENABLE_COLO', lengths: [0] },
  { name: 'POSTCOPY_RESUME', lengths: [0] },
  { name: 'RECV_BITMAP', lengths: 'variable' },
  { name: 'SWITCHOVER_START', lengths: [0] },
];

/** `qemu migration/ram.c`. The low bits of a record's 64-bit word; the rest is an offset. */
export const RAM_SAVE_FLAG = {
  ZERO: 0x002,
  MEM_SIZE: 0x004,
  PAGE: 0x008,
  EOS: 0x010,
  CONTINUE: 0x020,
  XBZRLE: 0x040,
  HOOK: 0x080,
  COMPRESS_PAGE: 0x100,
  MULTIFD_FLUSH: 0x200,
} as const;

/** `qemu hw/vfio/migration.c`: a tag is this prefix and a 16-bit kind. */
export const vfioTagHigh = 0xffffffff;
export const vfioTagPrefix = 0xef10;

export const VFIO_MIG_FLAG = {
  END_OF_STATE: 1,
  DEV_CONFIG_STATE: 2,
  DEV_SETUP_STATE: 3,
  DEV_DATA_STATE: 4,
  DEV_INIT_DATA_SENT: 5,
  DEV_CONFIG_LOAD_READY: 6,
} as const;

export const vfioTagNames: readonly string[] = [
  'UNKNOWN',
  'END_OF_STATE',
  'DEV_CONFIG_STATE',
  'DEV_SETUP_STATE',
  'DEV_DATA_STATE',
  'DEV_INIT_DATA_SENT',
  'DEV_CONFIG_LOAD_READY',
];

/** The kind of a tag, 0 when it is none that QEMU knows. */
export const vfioTagKind = (view: DataView, at: number): number => {
  if (view.getUint32(at) !== vfioTagHigh) return 0;
  const low = view.getUint32(at + 4);
  const kind = low & 0xffff;
  return low >>> 16 === vfioTagPrefix && kind < vfioTagNames.length ? kind : 0;
};

/** The longest record that QEMU 8.0 and later writes: `qemu hw/vfio/migration.c: VFIO_MIG_DEFAULT_DATA_BUFFER_SIZE`. */
export const vfioLargestRead = 1 << 20;

/** One byte, one character: names keep whatever bytes they were written with. */
export const latin1 = (bytes: Uint8Array, at: number, length: number): string => {
  let text = '';
  for (let index = at; index < at + length; index += 1) {
    text += String.fromCharCode(bytes[index] ?? 0);
  }
  return text;
};
