import type { VersionBody } from './events.ts';

/** The longest JSON of a VERSION message that is read. */
export const longestVersionText = 1 << 16;

/** `libvfio-user lib/tran.h: VFIO_USER_CLIENT_MAX_MSG_FDS_LIMIT`, beyond which a server refuses `max_msg_fds`. */
const mostFds = 1024;

/** `json-c json_tokener.h: JSON_TOKENER_DEFAULT_DEPTH`, beyond which libvfio-user’s parser gives up. */
const deepest = 32;

/**
 * The body of a VERSION message: `major` and `minor`, then JSON that a NUL ends. `all` is false when
 * the text is longer than what was read of it.
 */
export const versionBody = (body: Uint8Array, all: boolean, late: boolean): VersionBody => {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const major = body.length >= 2 ? view.getUint16(0, true) : 0;
  const minor = body.length >= 4 ? view.getUint16(2, true) : 0;
  const numbers = { major, minor, late };
  if (body.length <= 4) return { ...numbers, text: 'none', wrong: [] };
  if (!all) return { ...numbers, text: 'too-long', wrong: [] };
  if (body.at(-1) !== 0) return { ...numbers, text: 'unterminated', wrong: [] };
  const nul = body.indexOf(0, 4);
  const json = body.subarray(4, nul);
  if (isDeep(json)) return { ...numbers, text: 'too-deep', wrong: [] };
  const parsed = parse(new TextDecoder().decode(json));
  if (parsed === undefined) return { ...numbers, text: 'not-json', wrong: [] };
  const capabilities = isObject(parsed.value) ? parsed.value.capabilities : undefined;
  const wrong = wrongMembers(parsed.value);
  const transfer = isObject(capabilities) ? capabilities.max_data_xfer_size : undefined;
  return {
    ...numbers,
    text: 'read',
    wrong,
    ...(typeof transfer === 'number' ? { transfer } : {}),
    ...(pageOf(capabilities) ?? {}),
  };
};

/** Whether brackets outside of strings stand within more than `deepest` others. */
const isDeep = (json: Uint8Array): boolean => {
  let depth = 0;
  let inText = false;
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at];
    if (inText) {
      if (byte === 0x5c) at += 1;
      else if (byte === 0x22) inText = false;
    } else if (byte === 0x22) inText = true;
    else if (byte === 0x5b || byte === 0x7b) depth += 1;
    else if (byte === 0x5d || byte === 0x7d) depth -= 1;
    if (depth > deepest) return true;
  }
  return false;
};

const parse = (text: string): { readonly value: unknown } | undefined => {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
};

/** The page size that a side has, where it is a number. */
const pageOf = (capabilities: unknown): { readonly page: number } | undefined => {
  const migration = isObject(capabilities) ? capabilities.migration : undefined;
  const page = isObject(migration) ? migration.pgsize : undefined;
  return typeof page === 'number' ? { page } : undefined;
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const kindOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`;

/** What `libvfio-user lib/tran.c: tran_parse_version_json()` refuses, one text for each member. */
const wrongMembers = (value: unknown): readonly string[] => {
  if (!isObject(value)) return [`the text is ${kindOf(value)}`];
  const { capabilities } = value;
  if (capabilities === undefined) return [];
  if (!isObject(capabilities)) return [`capabilities is ${kindOf(capabilities)}`];
  const wrong: string[] = [];
  const { max_msg_fds: fds, max_data_xfer_size: transfer, migration } = capabilities;
  const { twin_socket: twin } = capabilities;
  if (fds !== undefined && !(Number.isInteger(fds) && Number(fds) >= 0 && Number(fds) <= mostFds)) {
    wrong.push(`max_msg_fds is ${shown(fds)}`);
  }
  if (transfer !== undefined && typeof transfer !== 'number') {
    wrong.push(`max_data_xfer_size is ${shown(transfer)}`);
  }
  if (twin !== undefined && !isObject(twin)) wrong.push(`twin_socket is ${kindOf(twin)}`);
  const supported = isObject(twin) ? twin.supported : undefined;
  if (supported !== undefined && typeof supported !== 'boolean') {
    wrong.push(`twin_socket.supported is ${shown(supported)}`);
  }
  if (migration === undefined) return wrong;
  if (!isObject(migration)) return [...wrong, `migration is ${kindOf(migration)}`];
  const { pgsize } = migration;
  if (pgsize !== undefined && !isPageSize(pgsize)) wrong.push(`pgsize is ${shown(pgsize)}`);
  return wrong;
};

const shown = (value: unknown): string =>
  typeof value === 'number' ? String(value) : kindOf(value);

/** Pages of the machines that have VFIO; a server refuses all but its own. */
const isPageSize = (value: unknown): boolean =>
  value === 4096 || value === 16_384 || value === 65_536;
