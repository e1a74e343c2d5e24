import { offsetText, sizeText } from '../escape.ts';
import type { Finding } from '../../finding/finding.ts';
import type { Stretch } from '../picture.ts';
import { plural } from '../words.ts';
import { markup, type Markup } from './markup.ts';

const WIDTH = 1000;
const TOP = 14;
const HEIGHT = 46;
/** Narrower stretches would not be seen. */
const LEAST = 0.6;
const MOST_FLAGS = 500;

/** A colour for each kind of stretch: hues far apart, of middle lightness, for both schemes. */
const colours: Readonly<Record<string, string>> = {
  ram: '#7a869a',
  vfio: '#2f7ed8',
  device: '#8a63b8',
  state: '#2f7ed8',
  configuration: '#3f9a83',
  command: '#b07d2b',
  vmdesc: '#9a7f5c',
  header: '#3f9a83',
  several: '#6f7f8f',
  trailing: '#b0493f',
};

/** The input drawn to scale: what lies where, and where the findings are. */
export const streamMap = (
  id: string,
  size: number,
  stretches: readonly Stretch[],
  findings: readonly Finding[],
): Markup => {
  if (size === 0 || stretches.length === 0) return markup``;
  const scale = WIDTH / size;
  const rectangles = stretches.map(({ kind, label, offset, length, items }) => {
    const more = items > 1 ? `, ${items} items` : '';
    const title = `${label}: ${sizeText(length)} at ${offsetText(offset)}${more}`;
    const width = Math.max(length * scale, LEAST);
    const edged = width > 4 ? markup` class="wide"` : '';
    return markup`<rect${edged}
      x="${rounded(offset * scale)}"
      y="${TOP}"
      width="${rounded(width)}"
      height="${HEIGHT}"
      fill="${colours[kind] ?? '#5f8f5f'}"
      ><title>${title}</title></rect
    >`;
  });
  const flags = findings.slice(0, MOST_FLAGS).flatMap(({ rule, severity, at: [first] }) => {
    const range = first?.ranges[0];
    if (range === undefined || range.file !== undefined) return [];
    return [
      markup`<rect
        x="${rounded(range.offset * scale)}"
        y="0"
        width="1.5"
        height="12"
        fill="var(--${severity})"
        ><title>${severity}: ${rule} at ${offsetText(range.offset)}</title></rect
      >`,
    ];
  });
  const kinds = [...new Set(stretches.map(({ kind }) => kind))].sort();
  return markup` <figure class="stream" style="margin:.5rem 0">
      <svg
        class="map"
        id="${id}"
        viewBox="0 0 ${WIDTH} 60"
        preserveAspectRatio="none"
        role="img"
        tabindex="0"
        data-size="${size}"
        aria-label="Map of the input: ${sizeText(size)}, ${plural(stretches.length, 'stretch', 'stretches')}, ${plural(findings.length, 'finding')}. Plus and minus zoom, the arrow keys move, 0 shows all. The table below says the same."
      >
        ${rectangles}${flags}
      </svg>
      <figcaption class="bar">
        <span class="map-tools" hidden role="group" aria-label="Zoom">
          <button type="button" data-do="in">zoom in</button>
          <button type="button" data-do="out">zoom out</button>
          <button type="button" data-do="left">left</button>
          <button type="button" data-do="right">right</button>
          <button type="button" data-do="all">all</button>
          <span class="map-state quiet" aria-live="polite"></span>
        </span>
        <span class="quiet"
          >${kinds.map((kind) => markup`<svg width="12" height="12" aria-hidden="true"><rect width="12" height="12" fill="${colours[kind] ?? '#5f8f5f'}" /></svg> ${kind} `)}</span
        >
      </figcaption>
    </figure>
    <details class="on-screen">
      <summary>The map as a table</summary>
      <div class="scroll" tabindex="0" role="region" aria-label="Stretches of the input">
        <table>
          <thead>
            <tr>
              <th scope="col">offset</th>
              <th scope="col" class="number">bytes</th>
              <th scope="col">what</th>
              <th scope="col" class="number">items</th>
            </tr>
          </thead>
          <tbody>
            ${stretches.map(
              ({ label, offset, length, items }) =>
                markup`<tr>
                  <td class="mono">${offsetText(offset)}</td>
                  <td class="number">${length}</td>
                  <td>${label}</td>
                  <td class="number">${items}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </details>`;
};

const rounded = (value: number): string => String(Math.round(value * 1000) / 1000);
