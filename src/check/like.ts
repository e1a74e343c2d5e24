import type { Source } from '../bytes/source.ts';
import { describeQemu } from '../container/qemu/describe.ts';
import { nameOf, walk } from '../layout/node.ts';
import { roleOf, type Layout } from '../layout/types.ts';
import { localPath } from '../rules/expectation.ts';
import type { Expectation } from '../rules/rule.ts';
import { examine, type ExamineOptions } from './examine.ts';

/** Fields of one unit beyond which a state's identity is not searched. */
const MOST_UNITS = 64;

/** Roles that say which destination a state is for. */
const identifies = (layout: Layout | 'gap'): boolean =>
  layout !== 'gap' &&
  (roleOf(layout, 'identity') ?? roleOf(layout, 'compatibility') ?? roleOf(layout, 'version')) !==
    undefined;

/**
 * What a known good input says of its destination: the format of each device, the fields that
 * identify it, and what the container tells of the machine. An input like it can be loaded there.
 */
export const expectationLike = async (
  source: Source,
  options: ExamineOptions = {},
): Promise<Expectation> => {
  const expect: Record<string, string> = {};
  const qemu = describeQemu();
  const units = new Map<string, number>();
  await examine(
    source,
    {
      event: qemu.take,
      unit: ({ root, device }) => {
        const seen = (units.get(device) ?? 0) + 1;
        units.set(device, seen);
        if (seen > MOST_UNITS) return;
        for (const field of walk(root)) {
          if (!identifies(field.layout) || typeof field.value !== 'bigint') continue;
          const value = nameOf(field.layout, field.value) ?? field.value.toString();
          expect[keyFor(device, localPath(field, root))] = value;
        }
      },
      state: ({ device, format }) => {
        expect[keyFor(device, 'format')] = format;
      },
    },
    options,
  );
  return { ...expect, ...qemu.expectation() };
};

const keyFor = (device: string, key: string): string =>
  device === '' ? key : `device[${device}].${key}`;
