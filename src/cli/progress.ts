import { sizeUnit } from '../report/escape.ts';

/** Inputs smaller than this are done before a person could read a line about them. */
const LARGE = 64 << 20;
const EVERY_MS = 250;

export interface Progress {
  readonly report: (done: number, size: number | undefined) => void;
  readonly clear: () => void;
}

/** A line on a terminal's stderr with rate and time left; nothing elsewhere. */
export const progressLine = (): Progress | undefined => {
  if (!process.stderr.isTTY) return undefined;
  const started = performance.now();
  let last = started;
  let drawn = false;
  return {
    report: (done, size) => {
      const now = performance.now();
      if (now - last < EVERY_MS || (size ?? done) < LARGE) return;
      last = now;
      drawn = true;
      const rate = done / ((now - started) / 1000);
      const left = size === undefined ? '' : `, ${timeText((size - done) / rate)} left`;
      const of = size === undefined ? '' : ` of ${sizeUnit(size)}`;
      process.stderr.write(`\r\u001b[K${sizeUnit(done)}${of}, ${sizeUnit(rate)}/s${left}`);
    },
    clear: () => {
      if (drawn) process.stderr.write('\r\u001b[K');
    },
  };
};

const timeText = (seconds: number): string => {
  const whole = Math.ceil(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
};
