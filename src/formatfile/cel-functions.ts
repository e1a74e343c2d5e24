/** Functions that formulas have besides those of CEL: numbers of any size, and bits. */

/** Numbers of formulas stay below this many bits: one state cannot make them grow without end. */
const MOST_BITS = 4096n;

interface CelFunction {
  readonly name: string;
  readonly signature: string;
  readonly handler: (...given: readonly unknown[]) => unknown;
}

const bounded = (value: bigint): bigint => {
  if (value >> MOST_BITS === 0n || value >> MOST_BITS === -1n) return value;
  throw new Error(`a number exceeds ${MOST_BITS} bits`);
};

const places = (value: bigint): bigint => {
  if (value >= 0n && value <= MOST_BITS) return value;
  throw new Error(`a bit number is ${value}`);
};

const remainder = (a: bigint, b: bigint): bigint => {
  if (b === 0n) throw new Error('modulo by zero');
  return ((a % b) + b) % b;
};

const low = (value: bigint, bits: bigint): bigint => value & ((1n << places(bits)) - 1n);

const integers = (given: readonly unknown[]): readonly [bigint, bigint, bigint] => {
  const [a = 0n, b = 0n, c = 0n] = given.map((value) => (typeof value === 'bigint' ? value : 0n));
  return [a, b, c];
};

const binary = (name: string, compute: (a: bigint, b: bigint) => bigint): CelFunction => ({
  name,
  signature: `${name}(int, int): int`,
  handler: (...given) => {
    const [a, b] = integers(given);
    return bounded(compute(a, b));
  },
});

export const functions: readonly CelFunction[] = [
  binary('add', (a, b) => a + b),
  binary('sub', (a, b) => a - b),
  binary('mul', (a, b) => a * b),
  binary('mod', remainder),
  binary('bitand', (a, b) => a & b),
  binary('bitor', (a, b) => a | b),
  binary('bitxor', (a, b) => a ^ b),
  binary('shl', (a, b) => a << places(b)),
  binary('shr', (a, b) => a >> places(b)),
  {
    name: 'bit',
    signature: 'bit(int, int): bool',
    handler: (...given) => {
      const [value, number] = integers(given);
      return low(value >> places(number), 1n) === 1n;
    },
  },
  {
    name: 'bits',
    signature: 'bits(int, int, int): int',
    handler: (...given) => {
      const [value, from, count] = integers(given);
      return low(value >> places(from), count);
    },
  },
  {
    name: 'hex',
    signature: 'hex(int): string',
    handler: (...given) => `0x${integers(given)[0].toString(16)}`,
  },
];
