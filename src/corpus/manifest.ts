import { parse } from 'yaml';
import { z } from 'zod';

const name = /^[a-z0-9][\w.-]*$/iu;

const entry = z.strictObject({
  file: z.string().regex(name, 'a plain file name of this folder'),
  expect: z.enum(['accept', 'reject']).describe('what a check is to say; a person decides this'),
  rules: z
    .array(z.string())
    .default([])
    .describe('exactly the rules that find something at or above medium'),
  comment: z.string().min(8).describe('what is wrong with it, in one sentence'),
  source: z.string().min(3).describe('who wrote it: a real program, or the table that built it'),
  /** How it is to be checked, where the bytes alone do not say. */
  with: z
    .strictObject({
      format: z.string().optional(),
      container: z.string().optional(),
      channels: z
        .array(z.string().regex(name, 'a plain file name of this folder'))
        .optional()
        .describe('side channels of the same folder, where the file is a main channel'),
      expect: z.record(z.string(), z.coerce.string()).optional(),
      trust: z
        .strictObject({
          keyring: z.string().regex(name, 'a plain folder name').optional(),
          threshold: z.number().int().positive().optional(),
          now: z.number().int().optional(),
          identity: z.record(z.string(), z.string()).optional(),
          seen: z.strictObject({ sequence: z.coerce.bigint(), seal: z.string() }).optional(),
        })
        .optional()
        .describe('what the destination believes of a sealed state'),
      like: z.string().optional().describe('a good entry of the same folder'),
    })
    .optional(),
});

const manifest = z
  .array(entry)
  .refine(
    (entries) => new Set(entries.map(({ file }) => file)).size === entries.length,
    'a file is listed twice',
  );

export type CorpusEntry = z.infer<typeof entry>;

/** Reads a `corpus.yaml`. Throws with the path and the key that is wrong. */
export const parseManifest = (text: string, path: string): readonly CorpusEntry[] => {
  const result = manifest.safeParse(parse(text, { maxAliasCount: 0 }));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new Error(`${path}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not a manifest'}`);
};
