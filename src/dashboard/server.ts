import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isOurName, type Address } from './address.ts';

/** What stands under one path. */
export interface Answer {
  readonly type: string;
  readonly body: string;
  /** The policy of a page, where it is one. */
  readonly policy?: string;
}

export interface ServerOptions {
  readonly address: Address;
  /** What a request must carry; undefined for none, which only loopback may have. */
  readonly token: string | undefined;
  /** What stands under a path; undefined where nothing does. */
  readonly answer: (path: string) => Answer | undefined;
}

export interface Serving {
  readonly url: string;
  readonly close: () => void;
}

const MOST_CONNECTIONS = 32;
const MOST_HEADER_BYTES = 8 << 10;
/** Milliseconds for the head of a request, for a whole one, and for a peer that takes nothing. */
const HEAD_MS = 5_000;
const REQUEST_MS = 10_000;
const IDLE_MS = 15_000;

/** Serves pages to look at: nothing that is sent here changes anything. */
export const serve = async (options: ServerOptions): Promise<Serving> => {
  const { address } = options;
  if (!address.loopback && options.token === undefined) {
    throw new Error('an address that others reach is served with a token only');
  }
  const server = createServer(
    {
      maxHeaderSize: MOST_HEADER_BYTES,
      headersTimeout: HEAD_MS,
      requestTimeout: REQUEST_MS,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: IDLE_MS,
    },
    (request, response) => respond(options, request, response),
  );
  server.maxConnections = MOST_CONNECTIONS;
  server.timeout = IDLE_MS;
  await listening(server, address);
  return {
    url: urlOf(server, address),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
};

const listening = async (server: Server, { host, port }: Address): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      // A connection that could not be taken is the loss of whoever made it.
      server.on('error', () => undefined);
      resolve();
    });
  });

const urlOf = (server: Server, { host, port }: Address): string => {
  const bound = server.address();
  const chosen = isAddressInfo(bound) ? bound.port : port;
  return `http://${host.includes(':') ? `[${host}]` : host}:${chosen}/`;
};

const isAddressInfo = (value: ReturnType<Server['address']>): value is AddressInfo =>
  typeof value === 'object' && value !== null;

const respond = (
  { address, token, answer }: ServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): void => {
  const { method = '', url = '/', headers } = request;
  // A body is not read; a connection that carries one is closed behind the answer.
  if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) {
    response.setHeader('Connection', 'close');
  }
  const send = (status: number, { type, body, policy }: Answer, more = {}): void => {
    const bytes = Buffer.from(body);
    response.writeHead(status, {
      'Content-Type': type,
      'Content-Length': bytes.length,
      'Content-Security-Policy': policy ?? "default-src 'none'; frame-ancestors 'none'",
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'no-store',
      'Referrer-Policy': 'no-referrer',
      'Cross-Origin-Resource-Policy': 'same-origin',
      ...more,
    });
    response.end(method === 'HEAD' ? undefined : bytes);
  };
  const refuse = (status: number, why: string, more = {}): void =>
    send(status, { type: 'text/plain; charset=utf-8', body: `${why}\n` }, more);

  if (!isOurName(headers.host, address)) {
    refuse(421, 'this server does not have that name; ask for its address');
  } else if (token !== undefined && !isAllowed(headers.authorization, token)) {
    refuse(401, 'the token is needed, as a bearer token or as the password of any user', {
      'WWW-Authenticate': 'Basic realm="vstate-check", charset="UTF-8"',
    });
  } else if (method !== 'GET' && method !== 'HEAD') {
    refuse(405, 'there is nothing to change here', { Allow: 'GET, HEAD' });
  } else {
    const found = answer(url.split('?')[0] ?? '/');
    if (found === undefined) refuse(404, 'there are /, /status.json, /pieces.json and /metrics');
    else send(200, found);
  }
};

/**
 * The token comes in a header, never in an address, which logs and histories keep: as a bearer token
 * from programs, as a password from browsers. Digests are compared, so that neither its bytes nor its
 * length show in the time it takes.
 */
const isAllowed = (header: string | undefined, token: string): boolean => {
  const [scheme = '', value = ''] = (header ?? '').split(' ');
  const given =
    scheme.toLowerCase() === 'basic'
      ? Buffer.from(value, 'base64')
          .toString('utf8')
          .replace(/^[^:]*:/u, '')
      : scheme.toLowerCase() === 'bearer'
        ? value
        : '';
  return timingSafeEqual(digest(given), digest(token));
};

const digest = (text: string): Uint8Array => createHash('sha256').update(text).digest();
