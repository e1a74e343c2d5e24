import type { ContainerEvent } from '../container/events.ts';
import { place } from '../container/location.ts';
import { commandText } from '../container/session/commands.ts';
import type { SessionEvent } from '../container/session/events.ts';
import { defineRule, type Rule, type RuleDefinition, type Violation } from './rule.ts';

/** An event of one device of a recording. */
export type OfSession = Exclude<SessionEvent, { kind: 'session-header' }>;

type SessionRuleDefinition<Memory> = Omit<
  RuleDefinition,
  'applies' | 'watch' | 'check' | 'fault' | 'severity'
> & {
  readonly severity?: Rule['severity'];
  /** What a recording must contain for the rule to have anything to say. */
  readonly over: readonly OfSession['kind'][];
  /** Further events that it looks at. */
  readonly also?: readonly OfSession['kind'][];
  /** What the rule remembers of one device, when its recording begins. */
  readonly begin: () => Memory;
  readonly see: (event: OfSession, memory: Memory) => Iterable<Violation>;
};

const isOfSession = (event: ContainerEvent): event is OfSession => 'session' in event;

/** For a rule that looks at each event by itself. */
export const nothingKept = (): null => null;

const nothing: readonly Violation[] = [];

/** A rule over recorded sessions; each device of a recording has a memory of its own. */
export const sessionRule = <Memory>({
  over,
  also = [],
  begin,
  see,
  severity = 'high',
  ...definition
}: SessionRuleDefinition<Memory>): Rule =>
  defineRule({
    ...definition,
    severity,
    applies: { to: 'container', events: over },
    watch: () => {
      const memories = new Map<string, Memory>();
      // A log of tiny records has thousands of events, and most rules look at one kind of them.
      const wanted: ReadonlySet<string> = new Set([...over, ...also]);
      return {
        event(event): Iterable<Violation> {
          if (!isOfSession(event)) return nothing;
          const { session, kind } = event;
          let memory = memories.get(session);
          if (kind === 'session-close') memories.delete(session);
          if (!wanted.has(kind)) return nothing;
          if (memory === undefined) {
            memory = begin();
            if (kind !== 'session-close') memories.set(session, memory);
          }
          return see(event, memory);
        },
      };
    },
  });

interface Said {
  readonly message: string;
  readonly expected?: string;
  /** Where in the record or message, and how long; all of it where this is left out. */
  readonly at?: number;
  readonly length?: number;
  /** An earlier event that this one contradicts. */
  readonly against?: OfSession;
  readonly note?: string;
}

/** What a rule says of an event. */
export const said = (event: OfSession, { message, expected, ...where }: Said): Violation => {
  const { at = 0, length, against, note } = where;
  return {
    message,
    ...(expected === undefined ? {} : { expected }),
    device: event.session,
    at: [
      place(pathOf(event), event.offset + at, length ?? Math.max(event.length - at, 0)),
      ...(against === undefined
        ? []
        : [place(pathOf(against), against.offset, against.length, note)]),
    ],
  };
};

const pathOf = (event: OfSession): string => {
  if (event.kind === 'session-message')
    return `message ${event.id} (${commandText(event.command)})`;
  return event.kind === 'session-access' ? event.register : event.kind.slice('session-'.length);
};

/** Fields of a vfio-user header: where they stand in a message, and how long they are. */
export const field = {
  command: { at: 2, length: 2 },
  size: { at: 4, length: 4 },
  flags: { at: 8, length: 4 },
  error: { at: 12, length: 4 },
  body: { at: 16 },
} as const;
