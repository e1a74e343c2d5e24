import { markup, type Markup } from '../html/markup.ts';
import type { CampaignFinding, CurvePoint } from './audit.ts';

const WIDTH = 360;
const HEIGHT = 150;
const LEFT = 64;
const BOTTOM = 24;
const TOP = 8;

interface Curve {
  readonly name: string;
  readonly colour: string;
  readonly at: (point: CurvePoint) => number;
  readonly unit: (value: number) => string;
  /** Left out where it never rose. */
  readonly optional?: true;
}

const whole = (value: number): string =>
  String(Math.round(value)).replaceAll(/\B(?=(?:\d{3})+$)/gu, ',');

const shown: readonly Curve[] = [
  { name: 'executions', colour: 'var(--link)', at: ({ executions }) => executions, unit: whole },
  {
    name: 'edges reached',
    colour: 'var(--pass)',
    at: ({ edges }) => edges,
    unit: whole,
    optional: true,
  },
  {
    name: 'grammar tried',
    colour: 'var(--medium)',
    at: ({ grammar }) => grammar * 100,
    unit: (value) => `${value.toFixed(0)} %`,
  },
];

/** Executions, edges, grammar coverage and findings over the time of a campaign. */
export const curves = (
  points: readonly CurvePoint[],
  findings: readonly CampaignFinding[],
): Markup => {
  const last = points.at(-1);
  if (last === undefined) return markup``;
  const seconds = Math.max(last.seconds, 1);
  const found = foundOver(points, findings);
  // A target without feedback has no edges, and a line at nought would say that it reached none.
  const told = shown.filter(({ optional, at }) => optional !== true || at(last) > 0);
  return markup`<div style="display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,17rem),1fr));gap:1rem">${told.map(
    (curve) =>
      chart(
        curve,
        points.map((point) => ({ x: point.seconds, y: curve.at(point) })),
        seconds,
      ),
  )}${chart({ name: 'findings', colour: 'var(--high)', at: () => 0, unit: whole }, found, seconds)}</div>`;
};

interface Place {
  readonly x: number;
  readonly y: number;
}

/** Findings know after how many executions they came; the curve knows when that was. */
const foundOver = (
  points: readonly CurvePoint[],
  findings: readonly CampaignFinding[],
): readonly Place[] =>
  points.map(({ seconds, executions }) => ({
    x: seconds,
    y: findings.filter((finding) => finding.executions <= executions).length,
  }));

const chart = (
  { name, colour, unit }: Curve,
  places: readonly Place[],
  seconds: number,
): Markup => {
  const top = Math.max(...places.map(({ y }) => y), 1);
  const x = (value: number): number => LEFT + (value / seconds) * (WIDTH - LEFT - 8);
  const y = (value: number): number => HEIGHT - BOTTOM - (value / top) * (HEIGHT - BOTTOM - TOP);
  const line = [{ x: 0, y: 0 }, ...places]
    .map((place) => `${x(place.x).toFixed(1)},${y(place.y).toFixed(1)}`)
    .join(' ');
  const final = places.at(-1)?.y ?? 0;
  return markup`<figure style="margin:0">
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${name} over ${seconds} seconds, ${unit(final)} at the end" style="width:100%;height:auto">
<line x1="${LEFT}" y1="${HEIGHT - BOTTOM}" x2="${WIDTH - 8}" y2="${HEIGHT - BOTTOM}" stroke="var(--line)"/>
<line x1="${LEFT}" y1="${TOP}" x2="${LEFT}" y2="${HEIGHT - BOTTOM}" stroke="var(--line)"/>
<text x="${LEFT - 6}" y="${TOP + 8}" text-anchor="end" font-size="13" fill="var(--quiet)">${unit(top)}</text>
<text x="${LEFT - 6}" y="${HEIGHT - BOTTOM}" text-anchor="end" font-size="13" fill="var(--quiet)">0</text>
<text x="${WIDTH - 8}" y="${HEIGHT - 8}" text-anchor="end" font-size="13" fill="var(--quiet)">${seconds} s</text>
<polyline points="${line}" fill="none" stroke="${colour}" stroke-width="2"/>
</svg>
<figcaption class="quiet">${name}: ${unit(final)}</figcaption>
</figure>`;
};
