import { connect, type Socket } from 'node:net';
import {
  DMA_READ,
  DMA_WRITE,
  longestMessage,
  MESSAGE_REPLY,
} from '../container/session/commands.ts';
import {
  isReply,
  MalformedMessage,
  messageBytes,
  MessageReader,
  type HeaderOverrides,
  type Message,
} from './vfio-user-wire.ts';

/** Why no answer came. */
export type Loss =
  /** The server closed the connection between two messages. */
  | 'closed'
  /** It answered what is no answer. */
  | 'malformed'
  /** It did not answer in time. */
  | 'silent'
  /** It sent more than anyone asked for. */
  | 'flood'
  /** We closed the connection. */
  | 'ended';

export class ConnectionLost extends Error {
  readonly loss: Loss;

  constructor(loss: Loss, message: string) {
    super(message);
    this.loss = loss;
  }
}

/** Messages that a server may send of its own between two answers. */
const mostRequests = 8192;
/** `struct vfio_user_dma_region_access`: address, count. */
const accessLength = 16;

const readAtOnce = 1 << 16;

interface Waiting {
  readonly id: number;
  readonly command: number;
  readonly resolve: (message: Message) => void;
  readonly reject: (error: ConnectionLost) => void;
}

/**
 * The client's end of a vfio-user socket. Requests are answered in their order; several may be under
 * way. The guest's memory that the server reads is zeros, and what it writes there is dropped: a
 * descriptor for real memory cannot be sent from Node, so the server asks by messages.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #timeout: number;
  readonly #reader = new MessageReader(longestMessage);
  readonly #waiting: Waiting[] = [];
  #lost: ConnectionLost | undefined;
  #id = 0;
  #requests = 0;
  #corked = false;
  #since = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Every message that came, for whoever looks at the wire itself. */
  onMessage: ((message: Message) => void) | undefined;

  private constructor(socket: Socket, timeout: number) {
    this.#socket = socket;
    this.#timeout = timeout;
    socket.on('error', ({ message }) => this.#lose('closed', message));
    socket.on('close', () => {
      if (this.#reader.isAmid) this.#lose('malformed', 'the connection ended inside a message');
      else this.#lose('closed', 'the connection was closed');
    });
  }

  /** Connects; rejects with the error of the socket. */
  static async open(path: string, timeout: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      let connection: Connection | undefined;
      // One buffer for all that comes: a new one for each answer costs more than the answer.
      const buffer = Buffer.alloc(readAtOnce);
      const socket = connect({
        path,
        onread: {
          buffer,
          callback: (size) => {
            if (connection !== undefined) connection.#take(buffer.subarray(0, size));
            return true;
          },
        },
      });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.removeListener('error', reject);
        connection = new Connection(socket, timeout);
        resolve(connection);
      });
    });
  }

  get lost(): ConnectionLost | undefined {
    return this.#lost;
  }

  /** Sends a request and waits for its answer; rejects with ConnectionLost and nothing else. */
  async request(command: number, body: Uint8Array, header: HeaderOverrides = {}): Promise<Message> {
    const id = this.#nextId();
    return new Promise((resolve, reject) => {
      if (this.#lost !== undefined) {
        reject(this.#lost);
        return;
      }
      this.#waiting.push({ id, command, resolve, reject });
      this.#requests = 0;
      this.#watch();
      this.#write(messageBytes(id, command, body, header));
    });
  }

  /** Requests that are made in one turn leave in one call of the system. */
  #write(bytes: Uint8Array): void {
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        this.#socket.uncork();
      });
    }
    this.#socket.write(bytes);
  }

  /** Sends bytes that no answer belongs to. */
  send(bytes: Uint8Array): void {
    if (this.#lost === undefined) this.#socket.write(bytes);
  }

  #nextId(): number {
    this.#id = (this.#id + 1) & 0xffff;
    return this.#id;
  }

  end(): void {
    this.#lose('ended', 'the connection was ended by us');
  }

  #take(bytes: Buffer): void {
    if (this.#lost !== undefined) return;
    try {
      for (const message of this.#reader.push(bytes)) this.#heard(message);
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      this.#lose('malformed', error.message);
    }
  }

  #heard(message: Message): void {
    this.onMessage?.(message);
    if (!isReply(message)) {
      this.#serve(message);
      return;
    }
    const waiting = this.#waiting.shift();
    if (waiting === undefined) {
      this.#lose('flood', `a reply to command ${message.command} that nobody waits for`);
    } else if (waiting.id !== message.id || waiting.command !== message.command) {
      const asked = `command ${waiting.command} with id ${waiting.id}`;
      const answered = `command ${message.command} with id ${message.id}`;
      const loss = new ConnectionLost('malformed', `${asked} was answered as ${answered}`);
      waiting.reject(loss);
      this.#lose(loss.loss, loss.message);
    } else {
      this.#since = performance.now();
      waiting.resolve(message);
    }
  }

  /** The server reads or writes the guest's memory. */
  #serve({ id, command, flags, body }: Message): void {
    this.#requests += 1;
    if (this.#requests > mostRequests) {
      this.#lose('flood', `over ${mostRequests} requests of the server between two answers`);
      return;
    }
    const isAccess = (command === DMA_READ || command === DMA_WRITE) && body.length >= accessLength;
    if (!isAccess || (flags & 0xf) !== 0) {
      this.#lose('malformed', `message of type ${flags & 0xf}, command ${command}`);
      return;
    }
    const head = body.subarray(0, accessLength);
    const count = Number(head.readBigUInt64LE(8));
    const answer =
      command === DMA_WRITE || count > longestMessage - 64
        ? head
        : Buffer.concat([head, Buffer.alloc(count)]);
    this.send(messageBytes(id, command, answer, { flags: MESSAGE_REPLY }));
  }

  #lose(loss: Loss, message: string): void {
    if (this.#lost !== undefined) return;
    const lost = new ConnectionLost(loss, message);
    this.#lost = lost;
    clearInterval(this.#timer);
    this.#socket.destroy();
    for (const { reject } of this.#waiting.splice(0)) reject(lost);
  }

  /** One timer for the whole connection; one for each request would cost as much as the request. */
  #watch(): void {
    if (this.#waiting.length === 1) this.#since = performance.now();
    this.#timer ??= setInterval(
      () => {
        const waited = performance.now() - this.#since;
        if (this.#waiting.length > 0 && waited > this.#timeout) {
          this.#lose('silent', `no answer within ${this.#timeout} ms`);
        }
      },
      Math.min(50, Math.max(5, this.#timeout / 4)),
    ).unref();
  }
}
