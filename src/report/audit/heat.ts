import { markup, type Markup } from '../html/markup.ts';
import type { GrammarMap, GrammarRow } from './audit.ts';

/** Rows that a person looks at; more are taken together by the field that holds them. */
const MOST_ROWS = 48;

/**
 * Grammar coverage: every field that the systematic gear changes, by the boundary that it changes it
 * to. The number in a square is the per cent of its plans that were tried.
 */
export const heatMap = ({ columns, rows }: GrammarMap): Markup => {
  if (rows.length === 0) return markup``;
  const shown = together(rows);
  const used = columns.flatMap((name, at) =>
    shown.some(({ cells }) => cells[at] !== undefined) ? [{ name, at }] : [],
  );
  return markup`<h3>Grammar coverage</h3>
<p class="quiet">Per cent of the plans of each square that were tried: fields down, the boundary of a role across. Empty squares have no plan.${
    shown.length < rows.length
      ? ` ${rows.length} fields are taken together in ${shown.length}.`
      : ''
  }</p>
<div class="scroll" tabindex="0" role="region" aria-label="Grammar coverage"><table class="heat">
<thead><tr><th scope="col">field</th>${used.map(({ name }) => markup`<th scope="col"><span>${name}</span></th>`)}</tr></thead>
<tbody>${shown.map(({ field, cells }) => markup`<tr><th scope="row" class="mono">${field === '' ? 'the state as a whole' : field}</th>${used.map(({ at }) => square(cells[at]))}</tr>`)}</tbody></table></div>`;
};

const square = (cell: readonly [done: number, total: number] | undefined): Markup => {
  if (cell === undefined) return markup`<td></td>`;
  const [done, total] = cell;
  const share = total === 0 ? 0 : Math.min(Math.max(done / total, 0), 1);
  // One plan is not nothing, and all but one are not all.
  const percent = share > 0 && share < 0.01 ? 1 : Math.floor(share * 100);
  const level = done === 0 ? 0 : Math.min(1 + Math.floor(share * 4), 5);
  return markup`<td class="heat-${level}" title="${done} of ${total} plans">${percent}</td>`;
};

/** Fields taken together by what holds them, level by level, until they are few enough to look at. */
const together = (rows: readonly GrammarRow[]): readonly GrammarRow[] => {
  let now = rows;
  let depth = Math.max(...rows.map(({ field }) => field.split('.').length));
  while (now.length > MOST_ROWS && depth > 1) {
    depth -= 1;
    const groups = new Map<string, (readonly [number, number] | undefined)[]>();
    for (const { field, cells } of now) {
      const parts = field.split('.');
      const name = parts.length > depth ? `${parts.slice(0, depth).join('.')}.…` : field;
      const sums = groups.get(name) ?? [];
      for (const [at, cell] of cells.entries()) {
        if (cell === undefined) continue;
        const [done, total] = sums[at] ?? [0, 0];
        sums[at] = [done + cell[0], total + cell[1]];
      }
      groups.set(name, sums);
    }
    now = [...groups].map(([field, cells]) => ({ field, cells }));
  }
  return now.slice(0, MOST_ROWS);
};
