import { fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { SmallFileError, smallText } from '../bytes/small-file.ts';
import { errorCode } from '../bytes/source.ts';
import { addressOf, type Address } from '../dashboard/address.ts';
import type { Serving } from '../dashboard/server.ts';
import type { CampaignPart } from '../report/audit/audit.ts';
import { printable } from '../report/escape.ts';
import { campaignOf } from './campaign-part.ts';
import { UndoneError, UsageError } from './exit.ts';
import { reasonOf } from './options.ts';
import { tool } from './version.ts';

export interface DashboardFlags {
  readonly serve?: string;
  readonly serveTokenFile?: string;
}

/** What the process of a dashboard is told, by a channel that no list of processes shows. */
interface Setup {
  readonly folder: string;
  readonly address: Address;
  readonly token: string | undefined;
}

/** Milliseconds for which a reading of the folder is good enough. */
const FRESH_MS = 1_000;
/** A campaign writes every two seconds; one that has not for this long does not run. */
const SILENT_MS = 30_000;
const LEAST_TOKEN = 16;
const NICE = 10;

/** What `--serve` and its token ask for; undefined where there is no `--serve`. */
const setupOf = (flags: DashboardFlags, folder: string): Setup | undefined => {
  if (flags.serve === undefined) return undefined;
  const address = addressOf(flags.serve);
  if (address === undefined) {
    throw new UsageError(
      `--serve ${flags.serve} is no address and port`,
      'write 127.0.0.1:8080, or 127.0.0.1:0 for any free port',
    );
  }
  if (flags.serveTokenFile !== undefined) {
    return { folder, address, token: tokenIn(flags.serveTokenFile) };
  }
  return { folder, address, token: address.loopback ? undefined : newToken() };
};

/** Bytes of a file that holds one token. */
const MOST_TOKEN = 4096;

const tokenIn = (path: string): string => {
  let text;
  try {
    text = smallText(path, MOST_TOKEN).trim();
  } catch (error) {
    if (error instanceof SmallFileError) {
      throw new UsageError(`${path}: ${error.message}`, 'openssl rand -hex 32 prints a token');
    }
    throw new UndoneError(`${path}: ${reasonOf(error)}`);
  }
  if (text.length >= LEAST_TOKEN && /^[\x21-\x7e]+$/u.test(text)) return text;
  throw new UsageError(
    `${path} holds no token of ${LEAST_TOKEN} or more printable characters`,
    'openssl rand -hex 32 prints one',
  );
};

const newToken = (): string => randomBytes(24).toString('base64url');

/** Says once where the dashboard is; a token that was made here is said nowhere else. */
const announce = (url: string, { token }: Setup, { serveTokenFile }: DashboardFlags): void => {
  const made = token !== undefined && serveTokenFile === undefined ? `, token ${token}` : '';
  process.stderr.write(`vstate-check: dashboard at ${url}${made}\n`);
};

/**
 * Starts the dashboard of a campaign in a process of its own, which only reads the folder: it cannot
 * slow the campaign down, or end it. Resolves when it listens, to what ends it.
 */
export const startDashboard = async (
  flags: DashboardFlags,
  folder: string,
): Promise<(() => void) | undefined> => {
  const setup = setupOf(flags, folder);
  if (setup === undefined) return undefined;
  const child = fork(process.argv[1] ?? '', ['fuzz-dashboard'], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: [],
  });
  let over = false;
  const close = (): void => {
    over = true;
    child.kill();
  };
  const heard = await new Promise<unknown>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => resolve(undefined));
    child.once('message', resolve);
    child.send(setup);
  });
  const { url, reason } = answerOf(heard);
  if (url === undefined) {
    close();
    throw new UsageError(
      `--serve ${flags.serve ?? ''}: ${reason ?? 'the dashboard did not start'}`,
      'port 0 takes a free one',
    );
  }
  child.on('exit', () => {
    if (!over)
      process.stderr.write('vstate-check: the dashboard has ended; the campaign goes on\n');
  });
  // The campaign ends when it has ended, whether or not anybody looks.
  child.unref();
  child.channel?.unref();
  announce(url, setup, flags);
  return close;
};

const answerOf = (value: unknown): { readonly url?: string; readonly reason?: string } => {
  if (typeof value !== 'object' || value === null) return {};
  return {
    ...('url' in value && typeof value.url === 'string' ? { url: value.url } : {}),
    ...('reason' in value && typeof value.reason === 'string' ? { reason: value.reason } : {}),
  };
};

/** The process of a dashboard: listens as it is told, and ends with whoever started it. */
export const runDashboard = async (): Promise<void> => {
  // Ctrl-C is for the campaign, whose end is this one's, too.
  process.on('SIGINT', () => undefined);
  const setup = await new Promise<Setup | undefined>((resolve) => {
    process.once('message', (message) => resolve(isSetup(message) ? message : undefined));
    process.once('disconnect', () => process.exit(0));
  });
  if (setup === undefined) return;
  try {
    setPriority(NICE);
  } catch {
    // It is a courtesy only.
  }
  try {
    const { url } = await listen(setup);
    process.send?.({ url });
  } catch (error) {
    process.send?.({ reason: listenReason(error) });
    process.disconnect();
  }
};

/** Our own parent sends it; that it is whole is all that is asked. */
const isSetup = (value: unknown): value is Setup =>
  typeof value === 'object' && value !== null && 'folder' in value && 'address' in value;

/** Serves the folder of a campaign from this process, until a signal comes. */
export const serveFolder = async (flags: DashboardFlags, folder: string): Promise<void> => {
  const setup = setupOf(flags, folder);
  if (setup === undefined) return;
  campaignOf(folder);
  let serving;
  try {
    serving = await listen(setup);
  } catch (error) {
    throw new UsageError(
      `--serve ${flags.serve ?? ''}: ${listenReason(error)}`,
      'port 0 takes a free one',
    );
  }
  announce(serving.url, setup, flags);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  serving.close();
};

const listenReasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use already',
  EADDRNOTAVAIL: 'this machine does not have that address',
  EACCES: 'only root may listen on that port',
  ENOTFOUND: 'no host has that name',
  EAI_AGAIN: 'no host has that name',
};

const listenReason = (error: unknown): string => {
  const code = errorCode(error);
  if (code === undefined) throw error;
  return listenReasons[code] ?? code;
};

const listen = async ({ folder, address, token }: Setup): Promise<Serving> => {
  // Loaded here because few campaigns are looked at from a browser.
  const { serve } = await import('../dashboard/server.ts');
  const { pageAnswer, piecesAnswer } = await import('../dashboard/page.ts');
  const { metricsText } = await import('../dashboard/metrics.ts');
  const current = follower(folder);
  return serve({
    address,
    token,
    answer: (path) => {
      const { part, version, running } = current();
      switch (path) {
        case '/':
          return pageAnswer(part, { version, running, tool: `vstate-check ${tool.version}` });
        case '/pieces.json':
          return piecesAnswer(part);
        case '/status.json':
          return { type: 'application/json', body: statusText(part, version, running) };
        case '/metrics':
          return { type: 'text/plain; version=0.0.4; charset=utf-8', body: metricsText(part) };
        default:
          return undefined;
      }
    },
  });
};

const statusText = (part: CampaignPart, version: string, running: boolean): string => {
  const { target, format, statistics, findings } = part;
  const document = {
    version,
    running,
    target,
    format,
    statistics: Object.fromEntries(statistics),
    findings: findings.map(({ id, severity, title, summary }) => ({
      id,
      severity,
      title,
      summary,
    })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
};

interface Current {
  readonly part: CampaignPart;
  /** Another one whenever anything of the folder that is shown has changed. */
  readonly version: string;
  readonly running: boolean;
}

/** Reads the folder again when it has changed, and no more often than once in a while. */
const follower = (folder: string): (() => Current) => {
  let part: CampaignPart = nothingYet(folder);
  let version = '';
  let read = -Infinity;
  let written = 0;
  return () => {
    const now = performance.now();
    if (now - read > FRESH_MS) {
      read = now;
      const times = ['campaign.json', 'fuzzer_stats', 'findings', 'bugs.json'].map((name) =>
        changedAt(join(folder, name)),
      );
      written = Math.max(...times);
      const next = createHash('sha256').update(times.join(' ')).digest('hex').slice(0, 16);
      if (next !== version) {
        version = next;
        part = campaignIn(folder) ?? part;
      }
    }
    return { part, version, running: Date.now() - written < SILENT_MS };
  };
};

const changedAt = (path: string): number => {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
};

/** What is there; undefined before the campaign has begun, and while somebody takes it away. */
const campaignIn = (folder: string): CampaignPart | undefined => {
  try {
    return campaignOf(folder);
  } catch {
    return undefined;
  }
};

const nothingYet = (folder: string): CampaignPart => ({
  kind: 'campaign',
  path: folder,
  sha256: '',
  target: printable(folder),
  format: '',
  statistics: [],
  curve: [],
  findings: [],
  walls: [],
  grammar: { columns: [], rows: [] },
});
