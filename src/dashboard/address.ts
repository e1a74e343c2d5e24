import { hostname } from 'node:os';
import { BlockList, isIP } from 'node:net';

/** Where a dashboard listens, and whom it can be reached by. */
export interface Address {
  readonly host: string;
  readonly port: number;
  /** Only programs of this machine reach it. */
  readonly loopback: boolean;
}

const here = new BlockList();
here.addSubnet('127.0.0.0', 8, 'ipv4');
here.addAddress('::1', 'ipv6');

const isLoopback = (host: string): boolean => {
  const family = isIP(host);
  return family === 0 ? host === 'localhost' : here.check(host, family === 4 ? 'ipv4' : 'ipv6');
};

/** `127.0.0.1:8080`, `[::1]:0`, `localhost:8080`; undefined for anything else. */
export const addressOf = (text: string): Address | undefined => {
  const match = /^(?:\[(?<six>[\da-f:.]+)\]|(?<name>[\w.-]+)):(?<port>\d{1,5})$/iu.exec(text);
  const host = match?.groups?.six ?? match?.groups?.name;
  const port = Number(match?.groups?.port);
  if (host === undefined || host === '' || !(port <= 65_535)) return undefined;
  return { host: host.toLowerCase(), port, loopback: isLoopback(host.toLowerCase()) };
};

/**
 * Whether the `Host` of a request is a name of this server. A page of somebody else whose own name was
 * pointed at this address (DNS rebinding) says its own name. The port is not looked at: a tunnel has
 * another one.
 */
export const isOurName = (given: string | undefined, { host, loopback }: Address): boolean => {
  const match = /^(?:\[(?<six>[\da-f:.]+)\]|(?<name>[\w.-]+))(?::\d{1,5})?$/iu.exec(given ?? '');
  const name = (match?.groups?.six ?? match?.groups?.name ?? '').toLowerCase();
  if (name === '') return false;
  if (isLoopback(name) || name === host) return true;
  // An address is no name that anyone could point elsewhere.
  return !loopback && (isIP(name) !== 0 || name === hostname().toLowerCase());
};
