import type { ContainerEvent } from '../events.ts';
import { commandText, MESSAGE_ERROR, MESSAGE_REPLY, messageTypeMask } from './commands.ts';
import type { SessionFeature, SessionMessage } from './events.ts';
import {
  errnoText,
  FEATURE_GET,
  FEATURE_PROBE,
  FEATURE_SET,
  featureMask,
  featureShapes,
} from './format.ts';
import { stateText } from './states.ts';

/** One line for an event of a session, at most 64 columns; undefined where another line tells it. */
export const sessionText = (event: ContainerEvent): string | undefined => {
  switch (event.kind) {
    case 'session-header':
      return event.form === 'log'
        ? `session log, version ${event.version}`
        : 'one direction of a vfio-user connection';
    case 'session-device': {
      const state = event.state === undefined ? '' : `, ${event.state}`;
      const region = event.regionSize === 0n ? '' : `, region of ${event.regionSize} bytes`;
      return `${event.session}: ${event.protocol}${state}${region}`;
    }
    case 'session-message':
      return messageText(event);
    case 'session-feature':
      return event.protocol === 'v2'
        ? `  ${featureText(event)}${resultText(event.result)}`
        : undefined;
    case 'session-state': {
      const from = event.from ?? 'unknown';
      const path = event.path?.slice(0, -1).join(', ') ?? '';
      const way = path === '' ? '' : ` by ${path}`;
      return `  ${from} -> ${stateText(event.to)}${way}${resultText(event.result)}`;
    }
    case 'session-report':
      return `  is in ${event.state ?? `state ${event.value}`}`;
    case 'session-data': {
      const { protocol, operation, asked, result, state } = event;
      if (protocol === 'v1') return undefined;
      const where = state === undefined ? '' : ` in ${state}`;
      const moved = result === undefined || result === asked ? '' : `, ${movedText(result)}`;
      return `  ${operation} ${asked}${moved}${where}`;
    }
    case 'session-precopy':
      return `  precopy info: ${event.initial} initial, ${event.dirty} dirty${resultText(event.result)}`;
    case 'session-reset':
      return `  reset${resultText(event.result)}`;
    case 'session-access': {
      const { register, operation, at, value, size, result } = event;
      const what = register === 'data' ? `data at 0x${at.toString(16)}` : register;
      const shown = value === undefined ? `${size} bytes` : value.toString();
      return `  ${operation} ${what}: ${shown}${result < 0 ? resultText(result) : ''}`;
    }
    case 'session-close':
      return event.unanswered === 0 ? undefined : `requests without a reply: ${event.unanswered}`;
    default:
      return undefined;
  }
};

const movedText = (result: number): string => (result < 0 ? errnoText(result) : `got ${result}`);

const resultText = (result: number | undefined): string =>
  result === undefined || result >= 0 ? '' : `: ${errnoText(result)}`;

const messageText = (message: SessionMessage): string => {
  const { from, id, command, size, flags, error } = message;
  const way = from === 'client' ? '>' : '<';
  const reply = (flags & messageTypeMask) === MESSAGE_REPLY ? ' reply' : '';
  const failed = (flags & MESSAGE_ERROR) === 0 ? '' : `: ${errnoText(-error)}`;
  const detail = detailText(message);
  return `${way} ${id} ${commandText(command)}${reply}${detail}, ${size} bytes${failed}`;
};

const detailText = ({ version, feature, data }: SessionMessage): string => {
  if (version !== undefined) return ` ${version.major}.${version.minor}`;
  if (feature !== undefined) return ` ${featureText(feature)}`;
  return data === undefined ? '' : ` of ${data.size}`;
};

/** `SET MIG_DEVICE_STATE`. */
const featureText = ({ flags }: Pick<SessionFeature, 'flags'>): string => {
  const number = flags & featureMask;
  const parts = [
    ...((flags & FEATURE_PROBE) === 0 ? [] : ['PROBE']),
    ...((flags & FEATURE_GET) === 0 ? [] : ['GET']),
    ...((flags & FEATURE_SET) === 0 ? [] : ['SET']),
    featureShapes.get(number)?.name ?? `feature ${number}`,
  ];
  return parts.join(' ');
};
