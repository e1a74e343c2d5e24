import type { ContainerEvent, MultifdState, Section } from '../container/events.ts';

/** What the stream holds of one VFIO device, gathered until its end. */
export interface DeviceJournal {
  readonly device: number;
  readonly name: string;
  readonly opened: number;
  first: Section | undefined;
  starts: number;
  ends: number;
  fulls: number;
  /** CONFIG records, in whatever section. */
  configs: number;
  /** Bytes that DATA records announce. */
  bytes: bigint;
  /** The END section is END_OF_STATE alone. */
  bareEnd: boolean;
  lastEnd: Section | undefined;
  /** What the side channels hold; undefined when none were given. */
  packets: MultifdState | undefined;
}

/** The rest of the device's state may travel in side channels that were not given. */
export const mayBeElsewhere = (journal: VfioJournal, { packets }: DeviceJournal): boolean =>
  journal.multifd && packets === undefined;

/** The events that a journal is kept from. */
export const journalKinds: readonly ContainerEvent['kind'][] = [
  'device-open',
  'section',
  'vfio-record',
  'section-end',
  'multifd-state',
  'fault',
  'device-close',
];

/**
 * The books of all VFIO devices of a stream. Where the walk met damage, nobody can say what is
 * missing and what was overrun, and the damage has its own finding: such a journal is `damaged`.
 */
export class VfioJournal {
  damaged = false;
  /** RAM records say that pages, and with QEMU 10.0 device state, travel in side channels. */
  multifd = false;
  readonly #devices = new Map<number, DeviceJournal>();

  /** Takes the next event; gives the device whose last byte this was. */
  take(event: ContainerEvent): DeviceJournal | undefined {
    switch (event.kind) {
      case 'device-open': {
        const { device, name, offset } = event;
        this.#devices.set(device, {
          device,
          name,
          opened: offset,
          first: undefined,
          starts: 0,
          ends: 0,
          fulls: 0,
          configs: 0,
          bytes: 0n,
          bareEnd: false,
          lastEnd: undefined,
          packets: undefined,
        });
        break;
      }
      case 'section': {
        const entry = this.#of(event.section);
        if (entry === undefined) break;
        entry.first ??= event.section;
        if (event.section.type === 'start') entry.starts += 1;
        if (event.section.type === 'full') entry.fulls += 1;
        if (event.section.type === 'end') {
          entry.ends += 1;
          entry.bareEnd = true;
          entry.lastEnd = event.section;
        }
        break;
      }
      case 'vfio-record': {
        const entry = this.#of(event.section);
        if (entry === undefined) break;
        if (event.section.type === 'end' && event.name !== 'END_OF_STATE') entry.bareEnd = false;
        if (event.name === 'DEV_CONFIG_STATE') entry.configs += 1;
        entry.bytes += event.dataLength ?? 0n;
        break;
      }
      case 'section-end':
        if ((event.ram?.MULTIFD_FLUSH ?? 0) > 0) this.multifd = true;
        break;
      case 'fault':
        // Damage in a side channel shows in the packets that it lacks.
        if (!/^(?:vmdesc|multifd)-/u.test(event.code)) this.damaged = true;
        break;
      case 'multifd-state': {
        const entry = this.#devices.get(event.device);
        if (entry !== undefined) entry.packets = event;
        break;
      }
      case 'device-close':
        return this.#devices.get(event.device);
      default:
        break;
    }
    return undefined;
  }

  #of({ grammar, device }: Section): DeviceJournal | undefined {
    return grammar !== 'vfio' || device === undefined ? undefined : this.#devices.get(device);
  }
}
