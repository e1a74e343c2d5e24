import {
  faults,
  nameOf,
  pathOf,
  type FaultCodeOf,
  type LayoutFault,
  type Node,
} from '../layout/node.ts';
import { defineRule, type Rule, type RuleDefinition, type Violation } from './rule.ts';

type FaultOf<Code extends FaultCodeOf> = Extract<LayoutFault, { code: Code }>;

type FaultRuleDefinition<Code extends FaultCodeOf> = Omit<
  RuleDefinition,
  'applies' | 'watch' | 'check' | 'fault'
> & {
  readonly fault: Code;
  /** This input, with its numbers. */
  readonly say: (field: Node, fault: FaultOf<Code>) => Said;
};

interface Said {
  readonly message: string;
  readonly expected?: string;
  readonly note?: string;
}

/** A rule over what the decoder noticed: one finding for each fault of its code, in any format. */
export const faultRule = <Code extends FaultCodeOf>({
  say,
  ...definition
}: FaultRuleDefinition<Code>): Rule =>
  defineRule({
    ...definition,
    applies: { to: 'state' },
    *check({ root, locate }): Generator<Violation> {
      for (const [field, fault] of faults(root, definition.fault)) {
        const { message, expected, note } = say(field, fault);
        yield {
          message,
          at: [locate(field, note)],
          ...(expected === undefined ? {} : { expected }),
        };
      }
    },
  });

/** A field as a message names it; the whole state where it has no name. */
export const named = (field: Node): string => (pathOf(field) === '' ? 'the state' : pathOf(field));

/** A number as a message writes it: by name where it has one, large ones in hexadecimal. */
export const shown = (field: Node): string => {
  const { value, layout } = field;
  if (typeof value === 'bigint') return nameOf(layout, value) ?? number(value);
  return value === undefined ? 'missing' : typeof value === 'string' ? quoted(value) : 'malformed';
};

export const number = (value: bigint): string =>
  value < 1n << 32n ? value.toString() : `0x${value.toString(16)}`;

export const hex = (value: bigint): string => `0x${value.toString(16)}`;

export const quoted = (text: string): string => JSON.stringify(text);

export const bytesText = (count: number | bigint): string =>
  `${number(BigInt(count))} byte${BigInt(count) === 1n ? '' : 's'}`;

/** `remain` or `remains`, as the number of bytes wants it. */
export const remain = (count: number): string => (count === 1 ? 'remains' : 'remain');

export const list = (
  values: readonly bigint[],
  write: (value: bigint) => string = number,
): string => values.map(write).join(' or ');
