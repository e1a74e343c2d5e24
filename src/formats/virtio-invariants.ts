import { child, numberAt } from '../layout/node.ts';
import { perUnit, type Invariant } from './format.ts';
import { virtioContextInvariants, virtioInvariant } from './virtio-contexts.ts';
import {
  commonConfigSizes,
  FIRST_TYPE,
  isLegacyDriver,
  offeredBits,
  partsOf,
  takenBits,
  type Part,
} from './virtio-parts.ts';
import { virtioQueueInvariants } from './virtio-queues.ts';
import {
  commonConfig,
  context,
  deviceFeatures,
  deviceStatus,
  driverFeatures,
  parts,
  queue,
} from './virtio-sample.ts';

const PARTS = 'virtio 1.4, device parts';

const label = ({ name, type }: Part): string => name ?? `0x${type.toString(16)}`;

const order: readonly Invariant[] = [
  virtioInvariant(
    {
      id: 'virtio-part-unknown-mandatory',
      title: 'Device part that must be understood has an unknown type',
      severity: 'high',
      threats: ['version', 'corruption'],
      rationale: `
The source did not mark the part as optional, so a device that passes over it would go on with
something else than what was saved. A device refuses such a context.`,
      advice: 'Refuse the context, and tell the operator that the source is newer.',
      sources: [PARTS],
      bad: [context([...parts(), { part_type: 0x1ffn, value: new Uint8Array(4) }])],
    },
    perUnit(function* (record) {
      for (const part of partsOf(record)) {
        if (part.name !== undefined || part.optional) continue;
        yield {
          field: child(part.node, 'part_type'),
          message: `part type ${label(part)} is unknown and the part is not optional`,
        };
      }
    }),
  ),
  virtioInvariant(
    {
      id: 'virtio-part-unknown-optional',
      title: 'Optional device part with an unknown type',
      severity: 'low',
      threats: ['version'],
      rationale: `
Other device types and later versions have parts of their own, and a device passes over an optional
one that it does not know. Nothing here knows what it says, so nothing here checked it.`,
      advice: 'Log the types of the parts that are passed over.',
      sources: [PARTS],
      bad: [context([...parts(), { part_type: 0x1ffn, flags: 1n, value: new Uint8Array(4) }])],
    },
    perUnit(function* (record) {
      for (const part of partsOf(record)) {
        if (part.name !== undefined || !part.optional) continue;
        yield {
          field: child(part.node, 'part_type'),
          message: `part type ${label(part)} is unknown; the part was passed over`,
        };
      }
    }),
  ),
  virtioInvariant(
    {
      id: 'virtio-part-out-of-order',
      title: 'Device part comes after one of a later kind',
      severity: 'high',
      rationale: `
Parts come by ascending type, because each kind is applied on top of those before it: a queue that is
configured before the status, or a status before the features, is not the device that was saved.`,
      advice: 'Refuse a context whose known parts are not in ascending order of their types.',
      sources: [PARTS],
      bad: [
        context([
          deviceFeatures(),
          driverFeatures(),
          commonConfig(16n, 2n),
          deviceStatus(),
          queue(0n),
          commonConfig(26n, 2n),
        ]),
      ],
    },
    perUnit(function* (record) {
      let before: Part | undefined;
      for (const part of partsOf(record)) {
        if (part.name === undefined) continue;
        if (before !== undefined && part.type < before.type) {
          yield {
            field: child(part.node, 'part_type'),
            against: child(before.node, 'part_type'),
            message: `${label(part)} follows ${label(before)}`,
          };
        }
        before = part;
      }
    }),
  ),
  virtioInvariant(
    {
      id: 'virtio-part-prerequisite-missing',
      title: 'Device part lacks a kind that must come before it',
      severity: 'high',
      rationale: `
Each kind of part needs all kinds of lower type before it: features, configuration, status, queues.
A context that begins in the middle would be applied to a device of which the beginning is unknown.`,
      advice: 'Refuse a part before all kinds of lower type were seen in the same context.',
      sources: [PARTS],
      bad: [context(parts().slice(1))],
    },
    perUnit(function* (record) {
      const seen = new Set<bigint>();
      const said = new Set<bigint>();
      for (const part of partsOf(record)) {
        if (part.name === undefined) continue;
        for (let type = FIRST_TYPE; type < part.type; type += 1n) {
          if (seen.has(type) || said.has(type)) continue;
          said.add(type);
          yield {
            field: child(part.node, 'part_type'),
            message: `${label(part)} comes without a part of type 0x${type.toString(16)} before it`,
          };
        }
        seen.add(part.type);
      }
    }),
  ),
  virtioInvariant(
    {
      id: 'virtio-part-repeated',
      title: 'Device part stands twice in one context',
      severity: 'high',
      rationale: `
Features and status stand once, configuration once for each offset, and queues once for each index.
With two of a kind it depends on the reader which one counts.`,
      advice: 'Refuse a second part of the same type and selector.',
      sources: [PARTS],
      bad: [
        context([
          deviceFeatures(),
          driverFeatures(),
          commonConfig(16n, 2n),
          commonConfig(16n, 2n),
          deviceStatus(),
          queue(0n),
        ]),
      ],
    },
    perUnit(function* (record) {
      const seen = new Map<string, Part>();
      for (const part of partsOf(record)) {
        if (part.name === undefined) continue;
        const key = `${part.name} ${part.selector}`;
        const before = seen.get(key);
        if (before === undefined) seen.set(key, part);
        else {
          yield {
            field: child(part.node, 'part_type'),
            against: child(before.node, 'part_type'),
            message: `${label(part)} with selector ${part.selector} stands twice`,
          };
        }
      }
    }),
  ),
];

const content: readonly Invariant[] = [
  virtioInvariant(
    {
      id: 'virtio-device-features-mandatory',
      title: 'Offered features are not marked as optional',
      severity: 'high',
      threats: ['version', 'corruption'],
      rationale: `
The specification wants the part with the offered features optional, so that a destination which
offers more can take the state. A device that keeps to it refuses the context.`,
      advice: 'Refuse a DEV_FEATURES part without the optional bit.',
      sources: [PARTS],
      bad: [context(parts({ offered: deviceFeatures(undefined, { flags: 0n }) }))],
    },
    perUnit(function* (record) {
      for (const part of partsOf(record)) {
        if (part.name !== 'DEV_FEATURES' || part.optional) continue;
        yield { field: child(part.node, 'flags'), message: 'DEV_FEATURES is not optional' };
      }
    }),
  ),
  virtioInvariant(
    {
      id: 'virtio-features-not-offered',
      title: 'Guest took features that the device did not offer',
      severity: 'high',
      threats: ['guest', 'corruption', 'feeder'],
      rationale: `
A device accepts FEATURES_OK only for a subset of what it offers. A state that breaks this was never
reached, and tells the destination's device to run with a feature that it may not have.`,
      advice: 'Refuse driver features that are not a subset of the device features.',
      sources: ['virtio 1.3, 2.2: feature bits'],
      bad: [context(parts({ taken: driverFeatures(0x1_0000_0021n) }))],
    },
    perUnit(function* (record) {
      const offered = offeredBits(record);
      const taken = takenBits(record);
      if (offered === undefined || taken === undefined || (taken & ~offered) === 0n) return;
      yield {
        field: child(record, 'data'),
        message: `driver features 0x${(taken & ~offered).toString(16)} are not offered`,
        expected: `a subset of 0x${offered.toString(16)}`,
      };
    }),
  ),
  virtioInvariant(
    {
      id: 'virtio-common-config-invalid',
      title: 'Configuration part does not fit a field of the structure',
      severity: 'high',
      cwe: 'CWE-130',
      rationale: `
The selector is an offset in the common configuration structure, and the value must be exactly the
field that begins there. Another length or offset writes a part of one field, or of two.`,
      advice: 'Compare offset and length with the fields of the structure.',
      sources: ['virtio 1.3, 4.1.4.3: common configuration structure layout', PARTS],
      bad: [context(parts({ config: commonConfig(16n, 4n) }))],
    },
    perUnit(function* (record) {
      for (const part of partsOf(record)) {
        if (part.name !== 'PCI_COMMON_CFG') continue;
        const offset = numberAt(part.node, 'selector.offset');
        const length = numberAt(part.node, 'length');
        if (offset === undefined || length === undefined) continue;
        const size = commonConfigSizes.get(offset);
        if (size === length) continue;
        yield {
          field: child(part.node, size === undefined ? 'selector.offset' : 'length'),
          message:
            size === undefined
              ? `no field of the common configuration begins at offset ${offset}`
              : `the field at offset ${offset} has ${size} bytes, the part ${length}`,
        };
      }
    }),
  ),
  virtioInvariant(
    {
      id: 'virtio-status-contradictory',
      title: 'Device status skips a step',
      severity: 'high',
      threats: ['guest', 'corruption'],
      rationale: `
A driver sets ACKNOWLEDGE, DRIVER, FEATURES_OK and DRIVER_OK in this order. A status with a later bit
and without an earlier one was written out of order by the guest, or was changed. A driver of the
legacy interface, which does not take VIRTIO_F_VERSION_1, has no FEATURES_OK.`,
      advice: 'Treat such a device as failed until its driver resets it.',
      sources: [
        'virtio 1.3, 3.1.1: driver requirements, device initialization; 3.1.2: legacy interface',
      ],
      bad: [context(parts({ status: deviceStatus(0x07n) }))],
    },
    perUnit(function* (record) {
      // ACKNOWLEDGE, DRIVER, FEATURES_OK, DRIVER_OK: none may be missing below the last one set.
      const bits = isLegacyDriver(record) ? [1n, 2n, 4n] : [1n, 2n, 8n, 4n];
      for (const part of partsOf(record)) {
        const status = part.name === 'DEVICE_STATUS' ? numberAt(part.node, 'value') : undefined;
        if (status === undefined) continue;
        const steps = bits.map((bit) => (status & bit) !== 0n);
        if (!steps.slice(0, steps.lastIndexOf(true) + 1).includes(false)) continue;
        yield {
          field: child(part.node, 'value'),
          message: `status 0x${status.toString(16)} has a later step without an earlier one`,
        };
      }
    }),
  ),
  virtioInvariant(
    {
      id: 'virtio-status-failed',
      title: 'Device had failed when it was saved',
      severity: 'low',
      threats: ['guest'],
      cwe: 'CWE-755',
      rationale: `
FAILED or DEVICE_NEEDS_RESET says that the guest or the device had given up before the migration. The
destination carries on with the failure; whoever looks for its cause there will not find it.`,
      advice: 'Tell the operator that the device had failed on the source.',
      sources: ['virtio 1.3, 2.1: device status field'],
      bad: [context(parts({ status: deviceStatus(0x4fn) }))],
    },
    perUnit(function* (record) {
      for (const part of partsOf(record)) {
        const status = part.name === 'DEVICE_STATUS' ? numberAt(part.node, 'value') : undefined;
        if (status === undefined || (status & 0xc0n) === 0n) continue;
        yield {
          field: child(part.node, 'value'),
          message: `status 0x${status.toString(16)} says that the device had failed`,
        };
      }
    }),
  ),
];

export const virtioInvariants: readonly Invariant[] = [
  ...virtioContextInvariants,
  ...order,
  ...content,
  ...virtioQueueInvariants,
];
