import {
  MESSAGE_ERROR,
  MESSAGE_REPLY,
  messageHeaderLength,
  messageTypeMask,
} from '../container/session/commands.ts';

/** One message as it came, its header read and nothing judged. */
export interface Message {
  readonly id: number;
  readonly command: number;
  readonly flags: number;
  readonly error: number;
  readonly body: Buffer;
}

export const isReply = ({ flags }: Message): boolean => (flags & messageTypeMask) === MESSAGE_REPLY;

export const isFailure = ({ flags }: Message): boolean => (flags & MESSAGE_ERROR) !== 0;

/** What may be written into a header instead of what is right. */
export interface HeaderOverrides {
  readonly flags?: number;
  readonly size?: number;
  readonly error?: number;
}

/** The bytes of a message; a header that is wrong is written as wrong as it is given. */
export const messageBytes = (
  id: number,
  command: number,
  body: Uint8Array,
  { flags = 0, size = messageHeaderLength + body.length, error = 0 }: HeaderOverrides = {},
): Buffer => {
  const bytes = Buffer.allocUnsafe(messageHeaderLength + body.length);
  bytes.writeUInt16LE(id, 0);
  bytes.writeUInt16LE(command, 2);
  bytes.writeUInt32LE(size, 4);
  bytes.writeUInt32LE(flags, 8);
  bytes.writeUInt32LE(error, 12);
  bytes.set(body, messageHeaderLength);
  return bytes;
};

/** Numbers of 32 bits back to back, which most bodies are. */
export const words = (...numbers: readonly number[]): Buffer => {
  const bytes = Buffer.allocUnsafe(4 * numbers.length);
  for (const [index, number] of numbers.entries()) bytes.writeUInt32LE(number >>> 0, 4 * index);
  return bytes;
};

const nothing = Buffer.alloc(0);

/** What a server sent that is no message. */
export class MalformedMessage extends Error {}

/**
 * Cuts a stream into messages; what is not there yet is kept, and never more than one message. What
 * is pushed may be written over afterwards.
 */
export class MessageReader {
  readonly #most: number;
  #kept: Buffer = nothing;

  /** @param most the longest message that is taken */
  constructor(most: number) {
    this.#most = most;
  }

  /** Whether a message has begun and not ended. */
  get isAmid(): boolean {
    return this.#kept.length > 0;
  }

  *push(bytes: Buffer): Generator<Message> {
    let rest = this.#kept.length === 0 ? bytes : Buffer.concat([this.#kept, bytes]);
    while (rest.length >= messageHeaderLength) {
      const size = rest.readUInt32LE(4);
      if (size < messageHeaderLength || size > this.#most) {
        throw new MalformedMessage(`a message of ${size} bytes`);
      }
      if (rest.length < size) break;
      yield {
        id: rest.readUInt16LE(0),
        command: rest.readUInt16LE(2),
        flags: rest.readUInt32LE(8),
        error: rest.readUInt32LE(12),
        body:
          size === messageHeaderLength
            ? nothing
            : Buffer.from(rest.subarray(messageHeaderLength, size)),
      };
      rest = rest.subarray(size);
    }
    this.#kept = rest.length === 0 ? nothing : Buffer.from(rest);
  }
}
