import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
} from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { errorCode } from '../bytes/source.ts';
import { longestVersion } from './descriptor.ts';

/** What an attribute file says, or why it says nothing. */
export type AttributeText =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'refused'; readonly why: string };

/** Entries of one directory that are looked at. */
const mostEntries = 65_536;

/**
 * A folder of sysfs, real or copied. A copy is somebody else's: no link is followed out of it, nothing
 * but small regular files is read, and no more of one than an attribute can hold.
 */
export class AttributeFolder {
  readonly path: string;
  /** Nothing outside of it is opened. */
  readonly #root: string;

  private constructor(path: string, root: string) {
    this.path = path;
    this.#root = root;
  }

  /**
   * Opens the folder that the user named. The kernel's own tree may be walked by its links; what is
   * said of a created mdev lies beside it, in the folder of its parent.
   */
  static at(path: string): AttributeFolder {
    const real = realpathSync(path);
    if (real === '/sys' || real.startsWith('/sys/')) return new AttributeFolder(real, '/sys');
    const folder = new AttributeFolder(real, real);
    const isMdev = folder.linkName('mdev_type') !== undefined;
    return isMdev ? new AttributeFolder(real, dirname(real)) : folder;
  }

  read(name: string): AttributeText {
    let fd;
    try {
      fd = openSync(
        join(this.path, name),
        // A FIFO must not wait for a writer, and a link may lead anywhere.
        constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
      );
      if (!fstatSync(fd).isFile()) return { kind: 'refused', why: 'it is no regular file' };
      const bytes = Buffer.alloc(longestVersion + 2);
      return textOf(bytes.subarray(0, filled(fd, bytes)));
    } catch (error) {
      const code = errorCode(error);
      if (code === undefined) throw error;
      if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'absent' };
      return { kind: 'refused', why: code === 'ELOOP' ? 'it is a symbolic link' : code };
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }

  /** The text of an attribute; undefined where it has none that can be used. */
  text(name: string): string | undefined {
    const read = this.read(name);
    return read.kind === 'text' ? read.text : undefined;
  }

  /** The last part of what a link names; the link is not followed. */
  linkName(name: string): string | undefined {
    try {
      const named = basename(readlinkSync(join(this.path, name)));
      return /^[\x21-\x7e]{1,255}$/u.test(named) && named !== '..' ? named : undefined;
    } catch (error) {
      if (errorCode(error) === undefined) throw error;
      return undefined;
    }
  }

  /** A folder below this one, or where a link leads that stays inside. */
  folder(name: string): AttributeFolder | undefined {
    try {
      const real = realpathSync(join(this.path, name));
      if (real !== this.#root && !real.startsWith(`${this.#root}${sep}`)) return undefined;
      return lstatSync(real).isDirectory() ? new AttributeFolder(real, this.#root) : undefined;
    } catch (error) {
      if (errorCode(error) === undefined) throw error;
      return undefined;
    }
  }

  /** The names in it, in order. */
  names(): readonly string[] {
    try {
      return readdirSync(this.path).sort().slice(0, mostEntries);
    } catch (error) {
      if (errorCode(error) === undefined) throw error;
      return [];
    }
  }
}

const filled = (fd: number, bytes: Uint8Array): number => {
  let at = 0;
  while (at < bytes.length) {
    const count = readSync(fd, bytes, at, bytes.length - at, null);
    if (count === 0) break;
    at += count;
  }
  return at;
};

const textOf = (bytes: Buffer): AttributeText => {
  const text = bytes.toString('latin1').replace(/\n$/u, '');
  if (text.length > longestVersion) {
    return { kind: 'refused', why: `it is longer than ${longestVersion} characters` };
  }
  if (text === '') return { kind: 'refused', why: 'it is empty' };
  if (!/^[\x20-\x7e\n\t]*$/u.test(text)) {
    return { kind: 'refused', why: 'it holds characters that are no printable ASCII' };
  }
  return { kind: 'text', text };
};
