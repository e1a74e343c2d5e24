import { connect, type Socket } from 'node:net';

/** A line of the monitor that is longer than this is not read. */
const longestLine = 1 << 20;

/** A connection to QEMU's monitor: commands with their answers, and the events between them. */
export class Qmp {
  readonly #socket: Socket;
  readonly #onEvent: (event: string, detail: unknown) => void;
  #text = '';
  #waiting: ((answer: unknown) => void)[] = [];
  #gone = false;

  private constructor(socket: Socket, onEvent: (event: string, detail: unknown) => void) {
    this.#socket = socket;
    this.#onEvent = onEvent;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#take(text));
    socket.on('error', () => this.close());
    socket.on('close', () => this.close());
  }

  /** Connects; rejects with the error of the socket. */
  static async open(path: string, onEvent: (event: string, detail: unknown) => void): Promise<Qmp> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.removeListener('error', reject);
        resolve(new Qmp(socket, onEvent));
      });
    });
  }

  /** What a command returned; undefined when it failed or nobody is there to answer. */
  async execute(command: string, words: object = {}): Promise<unknown> {
    if (this.#gone) return undefined;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: words })}\n`);
    });
  }

  close(): void {
    this.#gone = true;
    this.#socket.destroy();
    for (const resolve of this.#waiting.splice(0)) resolve(undefined);
  }

  #take(text: string): void {
    this.#text += text;
    const lines = this.#text.split('\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) this.#heard(line);
    if (this.#text.length > longestLine) this.close();
  }

  #heard(line: string): void {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      return;
    }
    if (typeof message !== 'object' || message === null) return;
    if ('event' in message && typeof message.event === 'string') {
      this.#onEvent(message.event, 'data' in message ? message.data : undefined);
    } else if ('return' in message) {
      this.#waiting.shift()?.(message.return);
    } else if ('error' in message) {
      this.#waiting.shift()?.(undefined);
    }
  }
}
