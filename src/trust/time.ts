/** A time as RFC 3339 writes it in UTC, to the second. */
const written = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/u;

/** Seconds of the Unix clock, from those or from a time in UTC; undefined for other text. */
export const timeOf = (text: string): number | undefined => {
  if (/^\d{1,12}$/u.test(text)) return Number(text);
  const time = written.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) || time < 0 ? undefined : time / 1000;
};

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds in a span such as `90s`, `15m`, `12h` or `7d`; undefined for other text. */
export const spanOf = (text: string): number | undefined => {
  const unit = units[text.slice(-1)];
  const count = text.slice(0, -1);
  return unit === undefined || !/^\d{1,9}$/u.test(count) ? undefined : Number(count) * unit;
};
