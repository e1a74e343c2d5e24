import type { ContainerName } from '../container/names.ts';
import type { ContainerEvent } from '../container/events.ts';
import type { LibvirtDraft } from '../container/libvirt-write.ts';
import type { QemuItem } from '../container/qemu/write.ts';
import type { SessionDraft } from '../container/session/write.ts';
import type { Confidence, Finding, Location, Severity, Threat } from '../finding/finding.ts';
import type { Draft } from '../layout/draft.ts';
import type { FaultCodeOf, Node } from '../layout/node.ts';
import type { Layout } from '../layout/types.ts';
import type { Trust } from './trust.ts';

/** A stream to show a rule on: a device state of a format, or a QEMU stream, or plain bytes. */
export type Example =
  | { readonly format: string; readonly draft: Draft; readonly expect?: Expectation }
  | { readonly layout: Layout; readonly draft: Draft; readonly expect?: Expectation }
  | {
      readonly container: 'qemu';
      readonly draft: readonly QemuItem[];
      /** The side channels of the stream, where it has any. */
      readonly channels?: readonly Uint8Array[];
      readonly expect?: Expectation;
    }
  | {
      readonly container: 'libvirt';
      readonly draft: LibvirtDraft;
      readonly expect?: Expectation;
    }
  | {
      readonly container: 'session';
      readonly draft: SessionDraft;
      readonly expect?: Expectation;
    }
  | {
      readonly bytes: Uint8Array;
      readonly format?: string;
      /** What the bytes are; a bare device state where it is left out. */
      readonly container?: ContainerName;
      /** What the destination believes. */
      readonly trust?: Trust | undefined;
      readonly expect?: Expectation;
      /** The text of the policy that the rule judges, on 2026-01-01. */
      readonly policy?: string;
    };

/** Streams that a rule does not speak of, and streams that it does. */
export interface Examples {
  readonly good: readonly Example[];
  readonly bad: readonly Example[];
}

/** What the user says of the destination, as flat text: `format=mtty`, `nr_ports=2`, … */
export type Expectation = Readonly<Record<string, string>>;

/** What a rule says of one place; the engine adds who says it, of which device, and how bad it is. */
export interface Violation {
  readonly message: string;
  readonly at: readonly Location[];
  readonly expected?: string;
  readonly severity?: Severity;
  readonly device?: string;
}

/** One decoded part of a device state: a record, or the whole of a fixed-size format. */
export interface Unit {
  readonly root: Node;
  /** The format that decoded it. */
  readonly format: string;
  /** Name of the device in its container; empty for a bare state. */
  readonly device: string;
  /** Place of a field in the user's file. */
  readonly locate: (field: Node, note?: string) => Location;
  /** The rules have had it when only its payload was to come; now it has ended, and has new faults. */
  readonly again?: true;
}

/** It is known which format the state of a device has, and that this will not change. */
export type StateBegin = Pick<StateEnd, 'format' | 'device' | 'locate'>;

/** A device state has been decoded to its end. */
export interface StateEnd {
  readonly format: string;
  readonly device: string;
  /** Bytes of the whole state, and units decoded from it. */
  readonly bytes: number;
  readonly units: number;
  /** Only the beginning of the state is in this input; that it ends early says nothing. */
  readonly partial: boolean;
  /** How the format was found: named by the user, or how alike the first bytes are. */
  readonly identified: 'given' | 'certain' | 'likely' | 'damaged' | 'by-pci-id' | 'unknown';
  /** PCI vendor and device id from the container, `15b3:101e`, where it carries one. */
  readonly pci?: string;
  /** Kernel drivers that write this format. */
  readonly drivers: readonly string[];
  /** A state of this format without a byte is sound. */
  readonly mayBeEmpty: boolean;
  /** Formats that the catalogue has for this PCI id. */
  readonly pciFormats: readonly string[];
  /** What an opaque state looks like from outside. */
  readonly opaque?: OpaqueFacts;
  /** A place for what concerns the whole state: its start, or its end. */
  readonly locate: (where: 'start' | 'end' | number, note?: string) => Location;
}

/** What a state without a known format shows: words that look like kernel addresses. */
export interface OpaqueFacts {
  readonly kernelPointers: {
    readonly count: number;
    /** State offsets of the first few. */
    readonly offsets: readonly number[];
  };
}

/** The eyes of one rule on one input; made anew for each input, so it may count and remember. */
export interface Watcher {
  /** Before the first byte. */
  readonly start?: () => Iterable<Violation>;
  /** When the format of a device's state is known, before any of its units. */
  readonly begin?: (state: StateBegin) => Iterable<Violation>;
  /** Each decoded unit of each device, in order. */
  readonly unit?: (unit: Unit) => Iterable<Violation>;
  /** After the last unit of a device. */
  readonly state?: (state: StateEnd) => Iterable<Violation>;
  readonly event?: (event: ContainerEvent) => Iterable<Violation>;
  /** The kinds that `event` is given, all where it is left out: a stream may have millions. */
  readonly kinds?: readonly ContainerEvent['kind'][];
  /** After the last byte of the input. */
  readonly end?: (input: InputEnd) => Iterable<Violation>;
}

/** The last byte of the input has been seen. */
export interface InputEnd {
  /** The place behind the last byte. */
  readonly bytes: number;
  /** Why the bytes ended early, when a compression around them was damaged. */
  readonly damage: string | undefined;
  /** The pass was stopped by its time limit. */
  readonly expired: boolean;
}

export interface WatchContext {
  readonly expect: Expectation;
  readonly trust?: Trust;
  /** The same object for all rules over one input. */
  readonly input?: object;
}

/** What an input must contain for a rule to have anything to say; otherwise it is not applicable. */
export type Applies =
  | { readonly to: 'state'; readonly formats?: readonly string[] }
  | {
      readonly to: 'container';
      readonly events: readonly ContainerEvent['kind'][];
      /** Whether the destination was said to want what the rule compares. */
      readonly asked?: (trust: Trust) => boolean;
    }
  | { readonly to: 'input' }
  /** The file that the input is read from, where somebody looked at it. */
  | { readonly to: 'file' }
  | { readonly to: 'expectation'; readonly keys?: readonly string[] }
  /** The policy of the site itself, not an input. */
  | { readonly to: 'policy' };

export interface Rule {
  /** Names the bad thing; file name, documentation anchor and SARIF rule id. Never reused. */
  readonly id: string;
  /** The class of what is wrong. */
  readonly title: string;
  readonly severity: Severity;
  readonly confidence: Confidence;
  readonly threats: readonly [Threat, ...Threat[]];
  readonly cwe: string;
  readonly applies: Applies;
  /** The decoder's fault that this rule judges; its page lists the fields that can have it. */
  readonly fault?: FaultCodeOf;
  /** It can only be decided where states that no format explains are looked through. */
  readonly needs?: 'analysis';
  /** What a restore path does with such an input, and what it should do instead. */
  readonly rationale: string;
  /** One imperative sentence for the author of a restore path. */
  readonly advice: string;
  /** Driver code, specification sentence or public fix that this rule mirrors. */
  readonly sources: readonly string[];
  /** Made when they are asked for: most runs show no page. */
  readonly examples: () => Examples;
  watch(context: WatchContext): Watcher;
}

/** A rule as its author writes it: `check` alone serves where each unit can be judged by itself. */
export type RuleDefinition = Omit<Rule, 'watch' | 'confidence'> & {
  readonly confidence?: Confidence;
} & (
    | { readonly watch: (context: WatchContext) => Watcher }
    | { readonly check: (unit: Unit) => Iterable<Violation> }
  );

export const defineRule = (definition: RuleDefinition): Rule => ({
  confidence: 'certain',
  ...definition,
  watch: 'watch' in definition ? definition.watch : () => ({ unit: definition.check }),
});

/** A finding is a violation with its rule's name on it. */
export const findingOf = (rule: Rule, violation: Violation, device: string): Finding => ({
  rule: rule.id,
  severity: violation.severity ?? rule.severity,
  confidence: rule.confidence,
  threats: rule.threats,
  message: violation.message,
  ...(violation.expected === undefined ? {} : { expected: violation.expected }),
  ...((violation.device ?? device) === '' ? {} : { device: violation.device ?? device }),
  at: violation.at,
});
