import type { EventSink } from '../events.ts';
import type { Protocol } from './format.ts';
import {
  hasState,
  isSaving,
  MIGRATION_PRE_COPY,
  MIGRATION_STOP_COPY,
  pathBetween,
  stateOf,
  type StateName,
} from './states.ts';

/** Numbers of the device states of one input, which several sessions of it share. */
export interface Numbering {
  next: number;
}

/** `libvfio-user lib/libvfio-user.c: handle_migration_device_feature_get()`: no server has P2P. */
const userFlags = MIGRATION_STOP_COPY | MIGRATION_PRE_COPY;

interface Phase {
  readonly device: number;
  readonly direction: 'save' | 'restore';
  bytes: number;
}

export interface Place {
  readonly offset: number;
  readonly length: number;
}

/**
 * One device of a recording: which state it is in, as far as what was recorded tells, and its device
 * state as bytes. Each stay in RESUMING, and each stay in the saving states, is one device state.
 */
export class Tracker {
  readonly session: string;
  readonly protocol: Protocol;
  /** Undefined when several are possible. */
  state: StateName | undefined;
  /** What VFIO_DEVICE_FEATURE_MIGRATION said; 0 before it did. */
  flags: bigint;
  readonly regionSize: bigint;
  /** Which transfers the recording has; of the others nothing is said. */
  recorded = { reads: true, writes: true };
  readonly #sink: EventSink;
  readonly #numbering: Numbering;
  #phase: Phase | undefined;
  #phases = { save: 0, restore: 0 };
  /** Bytes that were taken since RESUMING was entered. */
  #restored = 0;
  /** In this stay in STOP_COPY the end of the data was read. */
  #drained = false;

  constructor(
    given: {
      readonly session: string;
      readonly protocol: Protocol;
      readonly state: StateName | undefined;
      readonly flags: bigint;
      readonly regionSize: bigint;
    },
    sink: EventSink,
    numbering: Numbering,
  ) {
    this.session = given.session;
    this.protocol = given.protocol;
    this.state = given.state;
    this.flags = given.flags;
    this.regionSize = given.regionSize;
    this.#sink = sink;
    this.#numbering = numbering;
  }

  /** Somebody asked for a state; `result` undefined is taken for success. */
  request(to: number, result: number | undefined, place: Place, dataFd?: number): void {
    const { state: from, session, protocol } = this;
    const target = stateOf(to);
    const path = from === undefined || target === undefined ? undefined : this.#path(from, target);
    const never =
      target !== undefined && protocol !== 'v1' && !this.#leadsTo(target) ? true : undefined;
    this.#sink({
      kind: 'session-state',
      ...place,
      session,
      protocol,
      from,
      to,
      target,
      path,
      result,
      ...(never === undefined ? {} : { never }),
      ...(dataFd === undefined ? {} : { dataFd }),
      ...(from === 'RESUMING' && this.recorded.writes ? { restored: this.#restored } : {}),
      ...(from === 'STOP_COPY' && this.recorded.reads ? { drained: this.#drained } : {}),
    });
    if (result !== undefined && result < 0) {
      // A request that no table allows is refused before the device moves; any other may have begun.
      if (path !== undefined) this.state = undefined;
      return;
    }
    if (target !== undefined) this.#enter(target);
  }

  /** The device says where it is. */
  report(value: number, state: StateName | undefined, place: Place): void {
    const { session, protocol, state: expected } = this;
    this.#sink({ kind: 'session-report', ...place, session, protocol, value, state, expected });
    if (state !== undefined && state !== expected) this.#settle(state);
  }

  reset(result: number | undefined, place: Place): void {
    const { session, protocol } = this;
    this.#sink({ kind: 'session-reset', ...place, session, protocol, result });
    if (result !== undefined && result < 0) return;
    this.#close(true);
    this.state = 'RUNNING';
  }

  /** Bytes of device state that were read, or written and taken. */
  bytes(direction: 'save' | 'restore', piece: Uint8Array, offset: number): void {
    if (piece.length === 0) return;
    const { state } = this;
    // What is moved in another state is no part of a device state, and a rule says so.
    if (state !== undefined && (direction === 'save' ? !isSaving(state) : state !== 'RESUMING')) {
      return;
    }
    if (this.#phase?.direction !== direction) {
      this.#close(true);
      this.#open(direction, offset);
    }
    const phase = this.#phase;
    if (phase === undefined) return;
    phase.bytes += piece.length;
    if (direction === 'restore') this.#restored += piece.length;
    this.#sink({ kind: 'device-bytes', device: phase.device, offset, bytes: piece });
  }

  /** A read said that there is no more. */
  drained(): void {
    if (this.state === 'STOP_COPY') this.#drained = true;
  }

  /** The recording of this device ends. */
  end(unanswered: number, offset: number): void {
    this.#close(!this.#drained);
    const { session, state } = this;
    this.#sink({ kind: 'session-close', offset, length: 0, session, state, unanswered });
  }

  #path(from: StateName, to: StateName): readonly StateName[] | undefined {
    // The registers of v1 know no arcs: what is written is the next state.
    if (this.protocol === 'v1') return from === to ? [] : [to];
    return pathBetween(from, to, this.#known());
  }

  #leadsTo(to: StateName): boolean {
    return to !== 'ERROR' && hasState(to, this.#known());
  }

  /** The flags, or what every server of vfio-user has whose flags nobody asked for. */
  #known(): bigint {
    const { protocol, flags, recorded } = this;
    const whole = recorded.reads && recorded.writes;
    return flags === 0n && protocol === 'vfio-user' && whole ? userFlags : flags;
  }

  #enter(to: StateName): void {
    const { state: from } = this;
    const whole = from === 'STOP_COPY' ? this.#drained : !isSavingNow(from);
    // PRE_COPY and STOP_COPY read one stream.
    const goesOn =
      this.#phase?.direction === 'save' && isSaving(to) && (from === undefined || isSaving(from));
    if (from !== to && !goesOn) this.#close(!whole);
    if (from !== to) {
      if (to === 'RESUMING') this.#restored = 0;
      this.#drained = false;
    }
    this.state = to;
  }

  /** Takes a state that the device reports and nothing recorded explains. */
  #settle(state: StateName): void {
    if (this.state !== undefined || !this.#fits(state)) this.#close(true);
    this.#drained = false;
    this.state = state;
  }

  #fits(state: StateName): boolean {
    const direction = this.#phase?.direction;
    if (direction === undefined) return true;
    return direction === 'save' ? isSaving(state) : state === 'RESUMING';
  }

  #open(direction: 'save' | 'restore', offset: number): void {
    const device = this.#numbering.next;
    this.#numbering.next += 1;
    this.#phases[direction] += 1;
    const nth = this.#phases[direction];
    const name = `${this.session}:${direction}${nth === 1 ? '' : `#${nth}`}`;
    this.#phase = { device, direction, bytes: 0 };
    this.#sink({ kind: 'device-open', device, name, instance: 0, offset });
  }

  #close(partial: boolean): void {
    const phase = this.#phase;
    if (phase === undefined) return;
    this.#phase = undefined;
    const { device, bytes } = phase;
    this.#sink({ kind: 'device-close', device, bytes, ...(partial ? { partial } : {}) });
  }
}

const isSavingNow = (state: StateName | undefined): boolean =>
  state !== undefined && isSaving(state);
