import { createHash } from 'node:crypto';
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseJson } from '../bytes/json.ts';
import type { CampaignPart } from '../report/audit/audit.ts';
import {
  auditLimits,
  campaignFinding,
  curveOf,
  grammarOf,
  statisticsOf,
  wallsOf,
} from '../report/audit/read.ts';
import { rankOf } from '../report/audit/tally.ts';
import { UndoneError, UsageError } from './exit.ts';
import { reasonOf } from './options.ts';

const MOST_BYTES = 64 << 20;
const MOST_FINDINGS = 1_000;

/** The folder of a campaign as an audit and a dashboard see it; it may be one that runs. */
export const campaignOf = (path: string): CampaignPart => {
  const bytes = bytesOf(join(path, 'campaign.json'));
  const campaign = parsed(bytes);
  if (typeof campaign !== 'object' || campaign === null) {
    throw new UsageError(`${path} is no campaign`, 'name the folder of `fuzz --out`');
  }
  const text = (name: string): string => {
    const value = Object.entries(campaign).find(([key]) => key === name)?.[1] as unknown;
    return typeof value === 'string' ? value : '';
  };
  const folder = join(path, 'findings');
  const names = isFolder(folder) ? readdirSync(folder).sort().slice(0, MOST_FINDINGS) : [];
  return {
    kind: 'campaign',
    path,
    sha256: digestOf(bytes),
    target: text('target'),
    format: text('format'),
    statistics: statisticsOf(textAt(join(path, 'fuzzer_stats'))),
    curve: curveOf(textAt(join(path, 'plot_data'))),
    walls: wallsOf(parsed(optionalAt(join(path, 'bugs.json')))),
    grammar: grammarOf(parsed(optionalAt(join(path, 'grammar.json')))),
    findings: names
      .flatMap((name) => {
        const found = campaignFinding(
          parsed(optionalAt(join(folder, name, 'finding.json'))),
          textAt(join(folder, name, 'reproduce.sh')),
        );
        return found === undefined ? [] : [found];
      })
      .sort((a, b) => rankOf(a.severity) - rankOf(b.severity)),
  };
};

export const digestOf = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');

const parsed = (bytes: Uint8Array): unknown => {
  try {
    return parseJson(bytes, auditLimits);
  } catch {
    return undefined;
  }
};

const textAt = (path: string): string => Buffer.from(optionalAt(path)).toString('utf8');

/** A file that may be missing: a campaign that was cut off has not written all of them. */
const optionalAt = (path: string): Uint8Array => {
  try {
    return bytesOf(path);
  } catch (error) {
    if (error instanceof UndoneError) return new Uint8Array(0);
    throw error;
  }
};

export const isFolder = (path: string): boolean => {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
};

const bytesOf = (path: string): Uint8Array => {
  let file: number | undefined;
  try {
    const { size } = statSync(path);
    if (size > MOST_BYTES) throw new UndoneError(`${path}: larger than 64 MiB`);
    file = openSync(path, 'r');
    const buffer = new Uint8Array(size);
    let length = 0;
    while (length < size) {
      const got = readSync(file, buffer, length, size - length, null);
      if (got === 0) break;
      length += got;
    }
    return buffer.subarray(0, length);
  } catch (error) {
    if (error instanceof UndoneError) throw error;
    throw new UndoneError(`${path}: ${reasonOf(error)}`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
};
