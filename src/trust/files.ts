import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { errorCode } from '../bytes/source.ts';
import type { Severity } from '../finding/finding.ts';

/** Somebody besides root and the caller can change a file, or what its name leads to. */
export interface Exposure {
  /** What lets them: the bits of the file, its owner, or something on the way to it. */
  readonly kind: 'writable' | 'owner' | 'path';
  readonly severity: Severity;
  readonly message: string;
}

/** Who asks: nobody else but root is trusted with a file. */
export interface Caller {
  readonly uid: number;
  readonly gid: number;
}

/** Undefined on a system without owners and modes. */
const callerOf = (): Caller | undefined => {
  const { geteuid, getegid } = process;
  return geteuid === undefined || getegid === undefined
    ? undefined
    : { uid: geteuid(), gid: getegid() };
};

/** As many as the kernel follows: linux include/linux/namei.h: MAXSYMLINKS. */
const mostLinks = 40;
const STICKY = 0o1000;

/**
 * Who besides root and the caller could change what was read. `opened` is the status of the open
 * descriptor, so that what is judged is what was read, whatever the name leads to by now. The folders
 * and links of the name are judged besides, for who may exchange the file behind it. A pipe or a
 * terminal has no such name.
 */
export const exposuresOf = (
  path: string,
  opened: Stats,
  caller: Caller | undefined = callerOf(),
): readonly Exposure[] => {
  if (caller === undefined || !opened.isFile()) return [];
  const own = [...ofFile(opened, caller)];
  return path === '-' ? own : [...own, ...ofPath(path, opened, caller)];
};

const trusted = (uid: number, caller: Caller): boolean => uid === 0 || uid === caller.uid;

/** Groups that give nobody else a way in: the caller's own, and that of root. */
const ownGroup = (gid: number, caller: Caller): boolean => gid === 0 || gid === caller.gid;

const modeText = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, '0');

function* ofFile({ uid, gid, mode }: Stats, caller: Caller): Generator<Exposure> {
  if (!trusted(uid, caller)) {
    const message = `the file belongs to user ${uid}, who is neither root nor user ${caller.uid}`;
    yield { kind: 'owner', severity: 'medium', message };
  }
  if ((mode & 0o002) !== 0) {
    const message = `every user may write to the file (mode ${modeText(mode)})`;
    yield { kind: 'writable', severity: 'high', message };
  } else if ((mode & 0o020) !== 0 && !ownGroup(gid, caller)) {
    const message = `group ${gid} may write to the file (mode ${modeText(mode)})`;
    yield { kind: 'writable', severity: 'medium', message };
  }
}

/** Folders and links from the root to the file, each as the kernel goes through it. */
function* ofPath(path: string, opened: Stats, caller: Caller): Generator<Exposure> {
  let names = parts(resolve(path));
  let at = '/';
  yield* ofFolder(at, lstatSync(at), caller);
  for (let links = 0; links <= mostLinks;) {
    const [name, ...rest] = names;
    if (name === undefined) return;
    names = rest;
    if (name === '..') {
      at = dirname(at);
      continue;
    }
    const here = join(at, name);
    const status = statusOf(here);
    if (status === undefined) return;
    if (status.isSymbolicLink()) {
      links += 1;
      if (!trusted(status.uid, caller)) {
        const message = `the link ${here} belongs to user ${status.uid}, who may point it elsewhere`;
        yield { kind: 'path', severity: 'medium', message };
      }
      const target = readlinkSync(here);
      if (target.startsWith('/')) at = '/';
      names = [...parts(target), ...names];
    } else if (status.isDirectory()) {
      yield* ofFolder(here, status, caller);
      at = here;
    } else {
      if (status.dev === opened.dev && status.ino === opened.ino) return;
      const message = `${here} leads to another file by now than the one that was opened`;
      yield { kind: 'path', severity: 'high', message };
      return;
    }
  }
}

/** Who may exchange what lies in a folder. With the sticky bit, only the owner of each thing. */
function* ofFolder(path: string, { uid, gid, mode }: Stats, caller: Caller): Generator<Exposure> {
  if (!trusted(uid, caller)) {
    const message = `the folder ${path} belongs to user ${uid}, who may exchange what lies in it`;
    yield { kind: 'path', severity: 'medium', message };
  }
  if ((mode & STICKY) !== 0) return;
  if ((mode & 0o002) !== 0) {
    const message = `every user may exchange what lies in ${path} (mode ${modeText(mode)}, not sticky)`;
    yield { kind: 'path', severity: 'high', message };
  } else if ((mode & 0o020) !== 0 && !ownGroup(gid, caller)) {
    const message = `group ${gid} may exchange what lies in ${path} (mode ${modeText(mode)})`;
    yield { kind: 'path', severity: 'medium', message };
  }
}

const parts = (path: string): readonly string[] =>
  path.split('/').filter((name) => name !== '' && name !== '.');

/** Undefined when the name is gone: it leads to no other file. */
const statusOf = (path: string): Stats | undefined => {
  try {
    return lstatSync(path);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return undefined;
  }
};
