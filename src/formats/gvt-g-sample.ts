import type { Draft } from '../layout/draft.ts';

export type Region = Readonly<Record<string, Draft>>;

export const head = (changed: Region = {}, header: Region = {}): Region => ({
  type: 'GVT_MIGRATION_HEAD',
  data: { data_size: 576n, ...changed },
  ...header,
});

export const ppgtt = (roots: readonly Draft[] = []): Region => ({
  type: 'GVT_MIGRATION_PPGTT',
  data: roots,
});

export const root = (changed: Region = {}): Region => ({
  page_table_level: 4n,
  pdp: [0x1_2000n, 0n, 0n, 0n],
  ...changed,
});

const ELSP = [0n, 0n, 0x1000n, 0x21n];

export const workload = (changed: Region = {}): Region => ({
  type: 'GVT_MIGRATION_WORKLOAD',
  data: [{ ring_id: 0n, elsp: ELSP, index: 0n, ...changed }],
});

/** Bytes of a workload; in the series of February 2019 it has more. */
export const WORKLOAD = 24;
export const LONG_WORKLOAD = 36;
/** Engines of a graphics device of generation 8 or 9: RCS, BCS, VCS, VCS2, VECS. */
export const ENGINES = 5;

/** Workloads of the series of February 2019, one for each engine that is named. */
export const longWorkloads = (...rings: readonly number[]): Region => ({
  type: 'GVT_MIGRATION_WORKLOAD',
  // Two of them have the size of three shorter ones, so they cannot be said by their fields.
  data: new Uint8Array(
    Uint32Array.from(rings.flatMap((ring) => [ring, ...ELSP.map(Number), 0, 1, 0x1021, 3])).buffer,
  ),
});

export const end = (tail: Uint8Array = new Uint8Array(0)): Region => ({
  type: 0n,
  tail,
});

/** The regions that every save has, with nothing in them but their size. */
const registers = new Uint8Array(2 << 20);
export const wholeSave = (): readonly Region[] => [
  head({ data_size: 576n + 4136n + 2n * ((2n << 20n) + 8n) }),
  { type: 'GVT_MIGRATION_CFG_SPACE', data: new Uint8Array(4096) },
  { type: 'GVT_MIGRATION_SREG', data: registers },
  { type: 'GVT_MIGRATION_VREG', data: registers },
  { type: 'GVT_MIGRATION_GTT', data: new Uint8Array(24) },
  ppgtt(),
  workload(),
  end(),
];

/** The least that a reader takes: a header, no page tables, one workload. */
export const gvtGSample: readonly Region[] = [head(), ppgtt(), workload(), end()];
