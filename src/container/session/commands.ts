/** `libvfio-user include/vfio-user.h`: the header of every message, and what each command is. */
export const messageHeaderLength = 16;

export const MESSAGE_REPLY = 1;
export const MESSAGE_NO_REPLY = 0x10;
export const MESSAGE_ERROR = 0x20;
export const messageTypeMask = 0xf;

/** What a server takes: a data transfer of 1 MiB, its 16 bytes of head, and a header. */
export const longestMessage = (1 << 20) + 32;
/** The limit of a transfer that nobody negotiated. */
export const defaultTransfer = 1 << 20;

export interface Command {
  readonly name: string;
  readonly from: 'client' | 'server';
  /** Bytes of the fixed structure that a request carries behind the header. */
  readonly request: number;
  /** Executed in STOP and STOP_COPY too: `libvfio-user lib/libvfio-user.c: cmd_allowed_when_stopped_and_copying()`. */
  readonly whileStopped?: true;
}

export const VERSION = 1;
export const DMA_READ = 11;
export const DMA_WRITE = 12;
export const REGION_READ = 9;
export const REGION_WRITE = 10;
export const DEVICE_RESET = 13;
export const DEVICE_FEATURE = 16;
export const MIG_DATA_READ = 17;
export const MIG_DATA_WRITE = 18;

const commands: ReadonlyMap<number, Command> = new Map<number, Command>([
  [VERSION, { name: 'VERSION', from: 'client', request: 4, whileStopped: true }],
  [2, { name: 'DMA_MAP', from: 'client', request: 32 }],
  [3, { name: 'DMA_UNMAP', from: 'client', request: 24 }],
  [4, { name: 'DEVICE_GET_INFO', from: 'client', request: 16 }],
  [5, { name: 'DEVICE_GET_REGION_INFO', from: 'client', request: 32 }],
  [6, { name: 'DEVICE_GET_REGION_IO_FDS', from: 'client', request: 16 }],
  [7, { name: 'DEVICE_GET_IRQ_INFO', from: 'client', request: 16 }],
  [8, { name: 'DEVICE_SET_IRQS', from: 'client', request: 20 }],
  [REGION_READ, { name: 'REGION_READ', from: 'client', request: 16, whileStopped: true }],
  [REGION_WRITE, { name: 'REGION_WRITE', from: 'client', request: 16, whileStopped: true }],
  [DMA_READ, { name: 'DMA_READ', from: 'server', request: 16 }],
  [DMA_WRITE, { name: 'DMA_WRITE', from: 'server', request: 16 }],
  [DEVICE_RESET, { name: 'DEVICE_RESET', from: 'client', request: 0 }],
  [15, { name: 'REGION_WRITE_MULTI', from: 'client', request: 8 }],
  [DEVICE_FEATURE, { name: 'DEVICE_FEATURE', from: 'client', request: 8, whileStopped: true }],
  [MIG_DATA_READ, { name: 'MIG_DATA_READ', from: 'client', request: 8, whileStopped: true }],
  // It is refused there like every write outside RESUMING, which is said once.
  [MIG_DATA_WRITE, { name: 'MIG_DATA_WRITE', from: 'client', request: 8, whileStopped: true }],
]);

export const commandOf = (number: number): Command | undefined => commands.get(number);

/** `MIG_DATA_READ`, or `command 99`. */
export const commandText = (number: number): string =>
  commands.get(number)?.name ?? `command ${number}`;

/** The number of a command by its name; a number is itself. */
export const commandNumber = (command: number | string): number => {
  if (typeof command === 'number') return command;
  for (const [number, { name }] of commands) if (name === command) return number;
  throw new Error(`no vfio-user command is called ${command}`);
};
