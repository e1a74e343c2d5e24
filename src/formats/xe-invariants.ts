import { child, numberAt, type Node } from '../layout/node.ts';
import type { Breach, Invariant } from './format.ts';
import { xeIdentityInvariants } from './xe-identity.ts';
import { xeMemoryInvariants } from './xe-memory.ts';
import { packetInvariant as invariant, typeOf } from './xe-packet.ts';
import { descriptor, guc, mmio, trailer, xeParts, xeSave } from './xe-sample.ts';

const PACKET = 'linux drivers/gpu/drm/xe/xe_sriov_packet.c';
const MIGRATION = 'linux drivers/gpu/drm/xe/xe_sriov_pf_migration.c';

const gtOf = (packet: Node): bigint => numberAt(packet, 'gt_id') ?? 0n;

const frame: readonly Invariant[] = [
  invariant(
    {
      id: 'xe-descriptor-not-first',
      title: 'State does not begin with a descriptor',
      severity: 'high',
      threats: ['wrong-device', 'feeder'],
      cwe: 'CWE-345',
      rationale: `
Only the descriptor says of which device the state is. What comes before it is handed to the device
before anything was compared, and a state without one is never compared at all. A restore path should
demand the descriptor as the first packet of a session.`,
      advice: 'Refuse any packet but a descriptor as the first one.',
      sources: [`${PACKET}: xe_sriov_packet_save_init(), xe_sriov_packet_process_descriptor()`],
      bad: xeSave({ descriptor: [] }),
    },
    () => {
      let first = true;
      return {
        *unit(packet) {
          if (first && typeOf(packet) !== 'DESCRIPTOR') {
            yield { field: packet, message: `the first packet is ${typeOf(packet) ?? 'unknown'}` };
          }
          first = false;
        },
      };
    },
  ),
  invariant(
    {
      id: 'xe-descriptor-repeated',
      title: 'Descriptor stands twice',
      severity: 'high',
      threats: ['wrong-device', 'feeder', 'corruption'],
      rationale: `
A save has one descriptor. With a second one, two saves were joined, or what was compared of the
first is not what the rest belongs to.`,
      advice: 'Refuse a second descriptor in one session.',
      sources: [`${PACKET}: pf_descriptor_init()`],
      bad: xeSave({ mmio0: [xeParts.mmio0, descriptor()] }),
    },
    () => {
      let found = 0;
      return {
        *unit(packet) {
          if (typeOf(packet) !== 'DESCRIPTOR') return;
          found += 1;
          if (found > 1) {
            yield { field: child(packet, 'type'), message: `this is descriptor number ${found}` };
          }
        },
      };
    },
  ),
  invariant(
    {
      id: 'xe-trailer-missing',
      title: 'State ends without a trailer',
      severity: 'high',
      rationale: `
The trailer tells the driver that all data has come. Without one, leaving RESUMING waits for it and
fails when the time is over; the state was cut between two packets.`,
      advice: 'Refuse to leave RESUMING before the trailer, and say so at once.',
      sources: [`${MIGRATION}: pf_handle_trailer()`],
      bad: xeSave({ trailer: [] }),
    },
    () => {
      let found = false;
      return {
        // eslint-disable-next-line require-yield -- The answer comes with the last packet.
        *unit(packet) {
          found ||= typeOf(packet) === 'TRAILER';
        },
        *state({ units }): Generator<Breach> {
          if (!found && units > 0) yield { message: `none of the ${units} packets is the trailer` };
        },
      };
    },
  ),
  invariant(
    {
      id: 'xe-packet-behind-trailer',
      title: 'Packet comes after the trailer',
      severity: 'high',
      rationale: `
The trailer ends the restore on every GT. A packet behind it reaches a device for which the driver
holds the restore to be over. A restore path should refuse it.`,
      advice: 'Refuse every write behind the trailer until the next session begins.',
      sources: [`${MIGRATION}: pf_handle_trailer()`],
      bad: [...xeSave(), mmio()],
    },
    () => {
      let over = false;
      return {
        *unit(packet) {
          if (over && packet.layout !== 'gap') {
            yield { field: packet, message: `${typeOf(packet) ?? 'a packet'} follows the trailer` };
          }
          over ||= typeOf(packet) === 'TRAILER';
        },
      };
    },
  ),
  invariant(
    {
      id: 'xe-resource-of-wrong-place',
      title: 'Descriptor, trailer or page table names a place where it cannot be',
      severity: 'high',
      rationale: `
Descriptor and trailer belong to the whole device and name tile 0 and GT 0; a trailer has no data.
The driver refuses them otherwise. The global page table belongs to the tile and comes with its main
GT.`,
      advice: 'Refuse a descriptor, trailer or page table whose header names anything else.',
      sources: [`${MIGRATION}: pf_handle_descriptor(), pf_handle_trailer() (EINVAL)`],
      bad: xeSave({ trailer: [trailer({ gt_id: 1n })] }),
    },
    () => ({
      *unit(packet) {
        const type = typeOf(packet);
        if (type !== 'DESCRIPTOR' && type !== 'TRAILER' && type !== 'GGTT') return;
        const wrong = [
          ...(type === 'GGTT' ? [] : ['tile_id']),
          'gt_id',
          ...(type === 'TRAILER' ? ['size'] : []),
        ].find((field) => (numberAt(packet, field) ?? 0n) !== 0n);
        // The GGTT of a second tile comes with that tile's first GT.
        if (wrong === undefined || (type === 'GGTT' && numberAt(packet, 'tile_id') !== 0n)) return;
        yield {
          field: child(packet, wrong),
          message: `${wrong} of ${type} is ${numberAt(packet, wrong)}`,
          expected: '0',
        };
      },
    }),
  ),
  invariant(
    {
      id: 'xe-offset-without-memory',
      title: 'Packet that is not local memory has an offset',
      severity: 'high',
      rationale: `
Only local memory comes in pieces. In a trailer the driver refuses an offset; elsewhere no save has
one, and a reader that used it would load in another place than one that does not.`,
      advice: 'Refuse an offset in any packet but VRAM.',
      sources: [`${MIGRATION}: pf_handle_trailer() (EINVAL)`],
      bad: xeSave({ mmio0: [mmio(0n, { offset: 16n })] }),
    },
    () => ({
      *unit(packet) {
        const offset = numberAt(packet, 'offset') ?? 0n;
        const type = typeOf(packet);
        if (offset === 0n || type === 'VRAM' || type === undefined) return;
        yield {
          field: child(packet, 'offset'),
          message: `offset of ${type} is ${offset}`,
          expected: '0',
        };
      },
    }),
  ),
];

/** Parts of one GT, in the order in which a save sends them. */
const ORDER = ['GUC', 'GGTT', 'MMIO', 'VRAM'] as const;

const perGt: readonly Invariant[] = [
  invariant(
    {
      id: 'xe-part-missing',
      title: 'GT lacks a part of its state',
      severity: 'high',
      rationale: `
Each GT of which there is anything has the state of its firmware and its registers, and the device
has one page table. What is missing stays as it was after reset, under a guest that relies on it.`,
      advice: 'Refuse the trailer while a GT of the device lacks one of its parts.',
      sources: [`${MIGRATION}: xe_sriov_pf_migration_restore_produce()`],
      bad: xeSave({ mmio1: [] }),
    },
    () => {
      const parts = new Map<bigint, Set<string>>();
      return {
        // eslint-disable-next-line require-yield -- The answer comes with the last packet.
        *unit(packet) {
          const type = typeOf(packet);
          if (type === undefined || type === 'DESCRIPTOR' || type === 'TRAILER') return;
          const gt = gtOf(packet);
          parts.set(gt, (parts.get(gt) ?? new Set()).add(type));
        },
        *state({ units }): Generator<Breach> {
          if (units === 0) return;
          if (parts.size === 0) yield { message: 'the state has no data of any GT' };
          // The main GT is in every device; others depend on the destination.
          else if (!parts.has(0n)) yield { message: 'the state has no data of GT 0' };
          for (const [gt, types] of [...parts].sort(([one], [other]) => Number(one - other))) {
            const wanted = gt === 0n ? ['GUC', 'GGTT', 'MMIO'] : ['GUC', 'MMIO'];
            for (const type of wanted) {
              if (!types.has(type)) yield { message: `GT ${gt} comes without ${type}` };
            }
          }
        },
      };
    },
  ),
  invariant(
    {
      id: 'xe-part-repeated',
      title: 'Part of a GT stands twice',
      severity: 'high',
      rationale: `
Firmware state, page table and registers come once for each GT. A second one is loaded over the
first: two saves were joined, or somebody replaces what was checked.`,
      advice: 'Refuse a part that was loaded already in this session.',
      sources: [`${MIGRATION}: xe_sriov_pf_migration_restore_produce()`],
      bad: xeSave({ guc0: [guc(), guc()] }),
    },
    () => {
      const seen = new Set<string>();
      return {
        *unit(packet) {
          const type = typeOf(packet);
          if (type !== 'GUC' && type !== 'GGTT' && type !== 'MMIO') return;
          const part = `${type} of GT ${gtOf(packet)}`;
          if (seen.has(part))
            yield { field: child(packet, 'type'), message: `${part} stands twice` };
          seen.add(part);
        },
      };
    },
  ),
  invariant(
    {
      id: 'xe-part-out-of-order',
      title: 'Parts of a GT come in another order than they are saved',
      severity: 'high',
      rationale: `
A save sends the firmware's state first, then the page table, the registers, and the local memory.
The driver takes any order, and loads in that order; no save has another, so packets were moved.`,
      advice: 'Refuse a part that comes after one which a save sends later.',
      sources: ['linux drivers/gpu/drm/xe/xe_gt_sriov_pf_control.c: the states of a save'],
      bad: xeSave({ guc1: [mmio(1n)], mmio1: [guc(1n)] }),
    },
    () => {
      const reached = new Map<bigint, number>();
      return {
        *unit(packet) {
          const type = typeOf(packet);
          const place = ORDER.findIndex((part) => part === type);
          const gt = gtOf(packet);
          const before = reached.get(gt) ?? 0;
          if (place === -1) return;
          if (place < before) {
            yield {
              field: child(packet, 'type'),
              message: `${type} of GT ${gt} follows ${ORDER[before]}`,
            };
          } else reached.set(gt, place);
        },
      };
    },
  ),
  invariant(
    {
      id: 'xe-tile-changed',
      title: 'One GT is said to be on two tiles',
      severity: 'high',
      rationale: `
A GT belongs to one tile, and the driver refuses a packet that names another. With two names for one
GT in a state, at least one of them is refused.`,
      advice: 'Refuse a packet whose tile is not that of its GT.',
      sources: [`${MIGRATION}: xe_sriov_pf_migration_restore_produce() (EINVAL)`],
      bad: xeSave({ mmio1: [mmio(1n, { tile_id: 1n })] }),
    },
    () => {
      const tiles = new Map<bigint, bigint>();
      return {
        *unit(packet) {
          const tile = numberAt(packet, 'tile_id');
          const gt = numberAt(packet, 'gt_id');
          if (tile === undefined || gt === undefined) return;
          const before = tiles.get(gt) ?? tile;
          tiles.set(gt, before);
          if (tile === before) return;
          yield {
            field: child(packet, 'tile_id'),
            message: `GT ${gt} is on tile ${tile} here, and on tile ${before} before`,
          };
        },
      };
    },
  ),
];

export const xeInvariants: readonly Invariant[] = [
  ...frame,
  ...xeIdentityInvariants,
  ...perGt,
  ...xeMemoryInvariants,
];
