import { compressionHead, compressionOf } from '../bytes/unpack.ts';
import type { CheckedInput } from '../check/check.ts';
import { Examination, type ExamineOptions, type Observer } from '../check/examine.ts';
import { Judge } from '../check/judge.ts';
import { detectContainer, detectionHead } from '../container/detect.ts';
import type { ContainerName } from '../container/names.ts';
import type { SealedHeader } from '../container/events.ts';
import type { Finding, Severity } from '../finding/finding.ts';
import type { Expectation, Rule } from '../rules/rule.ts';
import type { Trust } from '../rules/trust.ts';
import { Held } from './held.ts';

export interface GateOptions {
  readonly rules: readonly Rule[];
  readonly examine: Pick<ExamineOptions, 'container' | 'format' | 'formats' | 'budgets'>;
  readonly expect: Expectation;
  readonly trust: Trust;
  /** Lowest severity that shuts the gate; nothing does where it is left out. */
  readonly failOn: Severity | undefined;
  /** Bytes that may wait for their judgement. */
  readonly hold: number;
  /** The finding as the site sees it; what is excused shuts nothing. */
  readonly weigh?: ((finding: Finding) => Finding) | undefined;
  /** Whether states that no format explains are looked through for the rules that need it. */
  readonly analyse?: boolean;
  /** Takes what is released, in order; borrowed until the call returns. */
  readonly write: (pieces: readonly Uint8Array[]) => void;
}

/** Why a gate is shut although no rule found anything: what it cannot judge does not pass. */
export interface Shut {
  readonly reason: string;
  readonly hint: string;
}

/**
 * Lets bytes pass when the part that they belong to has been judged. Of what has been judged the last
 * byte always waits, so that whoever reads a stream that was stopped sees it end inside a part; the
 * end of the stream is released when all of it has been judged.
 */
export class Gate {
  readonly #options: GateOptions;
  readonly #judge: Judge;
  readonly #held: Held;
  #container: ContainerName | undefined;
  #examination: Examination | undefined;
  #state: 'open' | 'passed' | 'stopped' = 'open';
  #shut: Shut | undefined;
  #header: SealedHeader | undefined;
  #devices: CheckedInput['devices'] = [];
  #behind = 0;

  constructor(options: GateOptions) {
    this.#options = options;
    const { rules, expect, trust, weigh } = options;
    this.#judge = new Judge(rules, { expect, trust, weigh });
    this.#held = new Held(options.write);
    this.#container = options.examine.container;
  }

  /** `passed` when the stream has been released to its end. */
  get state(): 'open' | 'passed' | 'stopped' {
    return this.#state;
  }

  get shut(): Shut | undefined {
    return this.#shut;
  }

  /** The header of the seal that passed, where it was one. */
  get header(): SealedHeader | undefined {
    return this.#header;
  }

  /** The stream has ended as far as it says itself, and waits for what may follow or not. */
  get atEnd(): boolean {
    return this.#state === 'open' && this.#examination?.stage === 'ended';
  }

  /** Bytes that were let through. */
  get released(): number {
    return this.#held.released;
  }

  /**
   * Takes the next bytes, borrowed until it is done with them: when the call returns, or when the
   * promise is kept that it gives at the beginning of a stream.
   */
  push(block: Uint8Array): Promise<void> | undefined {
    if (this.#state === 'passed') this.#late(block);
    if (this.#state !== 'open') return undefined;
    if (this.#examination === undefined) return this.#first(block);
    this.#examination.push(block);
    this.#go(block);
    return undefined;
  }

  async #first(block: Uint8Array): Promise<void> {
    this.#held.add(block);
    if (!this.#told(false)) return;
    const examination = await this.#begin();
    for (const piece of this.#held.pieces()) examination.push(piece);
    this.#go(new Uint8Array(0));
  }

  /** The input has ended, or nothing more is to come. */
  async end(): Promise<void> {
    if (this.#state !== 'open') return;
    if (this.#held.taken === 0 && this.#options.examine.format === undefined) {
      this.#refuse(
        'the input is empty',
        'look at whether its writer has run, and has said why not',
      );
    }
    if (this.#examination === undefined) {
      this.#told(true);
      const examination = await this.#begin();
      for (const piece of this.#held.pieces()) examination.push(piece);
    }
    this.#finish();
  }

  /** What was found, as a check would say it. */
  result(path: string): CheckedInput {
    return {
      path,
      container: this.#container ?? 'device-state',
      bytes: this.#held.taken,
      devices: this.#devices,
      ...this.#judge.judged(this.#options.rules),
    };
  }

  /** Whether it is known what the bytes are; a live stream must not wait for 64 KiB of it. */
  #told(ended: boolean): boolean {
    if (this.#container !== undefined) return true;
    const head = this.#held.head(detectionHead);
    const found = detectContainer(head);
    const sure =
      (found === 'qemu' && head[0] !== 0) || found === 'sealed' || found === 'libvirt-save';
    if (!ended && head.length < detectionHead && !(sure && head.length >= SURE)) return false;
    this.#container = found;
    return true;
  }

  async #begin(): Promise<Examination> {
    const container = this.#container ?? 'device-state';
    this.#unread(container);
    const judging = this.#judge.observer();
    const observer: Observer = {
      ...judging,
      event: (event) => {
        judging.event?.(event);
        if (event.kind === 'sealed-header') this.#header = event;
        if (event.kind === 'note' && event.unread === true) {
          this.#refuse(event.text, 'a guard lets nothing pass that it cannot read');
        }
      },
    };
    const options = {
      ...this.#options.examine,
      live: true,
      analyse: this.#options.analyse ?? false,
    };
    const nothing = { readAt: undefined, size: undefined };
    const examination = new Examination(container, observer, options, nothing);
    this.#examination = examination;
    await examination.begin();
    if (container === 'sealed' && this.#options.trust.keys === undefined) {
      this.#refuse('the input is a sealed state', 'name whose seals are believed with --keyring');
    }
    return examination;
  }

  /** What no judgement can be passed on, told by its first bytes. */
  #unread(container: ContainerName): void {
    if (container === 'device-state' && this.#options.examine.container === undefined) {
      const compression = compressionOf(this.#held.head(compressionHead));
      if (compression !== undefined) {
        this.#refuse(
          `the input is compressed (${compression})`,
          `unfold it in front of the guard: ${compression} -dc | vstate-check guard`,
        );
      }
    }
    if (container !== 'sealed' && this.#options.expect['policy.signers'] === 'required') {
      this.#refuse(
        'the policy demands signers, and the input is in no sealed envelope (state-unsealed)',
        'vstate-check seal signs a state at its source',
      );
    }
  }

  /** Releases what has been judged, or stops. */
  #go(block: Uint8Array): void {
    if (this.#stopped()) return;
    this.#held.release(block, (this.#examination?.settled ?? 0) - 1);
    if (this.#examination?.stage === 'complete') {
      this.#finish();
      return;
    }
    if (this.#held.waiting <= this.#options.hold) return;
    this.#refuse(
      `${this.#held.waiting} bytes from offset ${this.#held.released} on wait for their judgement`,
      '--hold lets more wait, in memory',
    );
    this.#stopped();
  }

  #finish(): void {
    if (this.#stopped()) return;
    // What would be said of an input that was stopped is no news.
    this.#devices = this.#examination?.end({ damage: undefined, expired: false }) ?? [];
    if (this.#stopped()) return;
    this.#held.release(new Uint8Array(0), Infinity);
    this.#state = 'passed';
  }

  #stopped(): boolean {
    const { failOn } = this.#options;
    const found = failOn !== undefined && this.#judge.reached(failOn);
    if (!found && this.#shut === undefined) return false;
    this.#state = 'stopped';
    return true;
  }

  #refuse(reason: string, hint: string): void {
    this.#shut ??= { reason, hint };
  }

  /** Bytes behind the end of a stream that has passed: they are dropped, and zeros are nobody's news. */
  #late(block: Uint8Array): void {
    this.#behind += block.length;
    if (block.every((byte) => byte === 0)) return;
    this.#refuse(
      `${this.#behind} bytes behind the end of the stream were not let through`,
      'the stream itself was',
    );
    this.#state = 'stopped';
  }
}

/** Bytes after which a beginning that looks like a stream is taken for one. */
const SURE = 16;
