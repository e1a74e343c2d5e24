import type { ContainerEvent, Fault, FaultCode } from '../container/events.ts';
import { atFault } from './container-place.ts';
import { defineRule, type Rule, type RuleDefinition, type Violation } from './rule.ts';

type ContainerFaultDefinition = Omit<RuleDefinition, 'applies' | 'watch' | 'check' | 'fault'> & {
  readonly code: FaultCode;
  /** What an input must contain for the fault to be possible. */
  readonly over: readonly ContainerEvent['kind'][];
  readonly say: (fault: Fault) => { readonly message: string; readonly expected?: string };
};

/** A rule over what a container walker noticed: one finding for each fault of its code. */
export const containerFault = ({
  code,
  over,
  say,
  ...definition
}: ContainerFaultDefinition): Rule =>
  defineRule({
    ...definition,
    applies: { to: 'container', events: over },
    watch: () => ({
      kinds: ['fault'],
      *event(event): Generator<Violation> {
        if (event.kind !== 'fault' || event.code !== code) return;
        const { message, expected } = say(event);
        const resumed = event.resumed;
        const place = atFault(event);
        yield {
          message,
          at: [
            resumed === undefined || resumed === event.offset
              ? place
              : { ...place, note: `the walk goes on at 0x${resumed.toString(16)}` },
          ],
          ...(expected === undefined ? {} : { expected }),
        };
      },
    }),
  });

/** A number or text of a fault as a message shows it. */
export const shownValue = (value: Fault['got']): string =>
  value === undefined ? 'nothing' : typeof value === 'string' ? value : value.toString();
