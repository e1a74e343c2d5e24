/** The look of a report; colours have a contrast of 4.5 to 1 or more in both schemes. */
export const style = `
:root {
  color-scheme: light dark;
  --page: light-dark(#ffffff, #14161a); --panel: light-dark(#f5f6f8, #1d2026);
  --line: light-dark(#c9ced6, #3d434d); --ink: light-dark(#16181d, #eceef2);
  --quiet: light-dark(#545b67, #a9b0bc); --link: light-dark(#0b57b0, #7fb4ff);
  --critical: light-dark(#a40e26, #ff8a94); --high: light-dark(#b3261e, #ff9d8f);
  --medium: light-dark(#8a5a00, #f0c060); --low: light-dark(#0b6a72, #6fd0d8);
  --info: light-dark(#545b67, #a9b0bc); --pass: light-dark(#17693a, #74d197);
  --mark: light-dark(#ffe08a, #6b5200); --mark-ink: light-dark(#16181d, #fff3cf);
  --mono: ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace;
}
:root[data-theme='light'] { color-scheme: light; } :root[data-theme='dark'] { color-scheme: dark; }
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem; max-width: 76rem; background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, 'DejaVu Sans', sans-serif;
}
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
h2, h3, h4, li, p, dt { overflow-wrap: anywhere; } td, th { overflow-wrap: break-word; }
td.mono { overflow-wrap: anywhere; min-width: 8rem; } .fields td.mono { min-width: 0; }
a { color: var(--link); } code, pre, .mono { font-family: var(--mono); font-size: .85rem; }
.bar { display: flex; gap: 1rem; align-items: baseline; flex-wrap: wrap; }
.grow { flex: 1; } .quiet { color: var(--quiet); }
button {
  font: inherit; color: var(--ink); background: var(--panel); border: 1px solid var(--line);
  border-radius: .3rem; padding: .15rem .6rem; cursor: pointer;
}
button[aria-pressed='true'] { border-color: var(--ink); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid var(--line); }
th { font-weight: 600; } th .quiet { font-weight: 400; } td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
dl.facts { display: grid; grid-template-columns: fit-content(45%) minmax(0, 1fr); gap: .1rem 1rem; margin: .5rem 0; }
dl.facts dt { color: var(--quiet); } dl.facts dd { margin: 0; overflow-wrap: anywhere; }
@media (min-width: 60rem) { dl.pairs { grid-template-columns: repeat(2, fit-content(25%) minmax(0, 1fr)); } }
.heat { width: auto; } .heat td { text-align: right; min-width: 2.4rem; font-size: .8rem; padding: .15rem .3rem; border: 1px solid var(--page); font-variant-numeric: tabular-nums; }
.heat tbody th { font-weight: 400; white-space: nowrap; padding: .15rem .6rem .15rem 0; border: 0; }
.heat thead th { vertical-align: bottom; padding: .15rem .3rem; } .heat thead span { writing-mode: vertical-rl; transform: rotate(180deg); font-size: .8rem; font-weight: 400; }
.heat-0 { background: var(--panel); } .heat-1 { background: color-mix(in srgb, var(--pass) 10%, var(--panel)); }
.heat-2 { background: color-mix(in srgb, var(--pass) 18%, var(--panel)); } .heat-3 { background: color-mix(in srgb, var(--pass) 26%, var(--panel)); }
.heat-4 { background: color-mix(in srgb, var(--pass) 34%, var(--panel)); } .heat-5 { background: color-mix(in srgb, var(--pass) 45%, var(--panel)); }
.finding { border: 1px solid var(--line); border-left-width: .4rem; border-radius: .3rem; padding: .6rem .9rem; margin: .7rem 0; background: var(--panel); }
.finding h4 { margin: 0 0 .3rem; font-size: 1rem; }
.finding p { margin: .2rem 0; } .finding.excused { border-left-color: var(--line); }
.critical { border-left-color: var(--critical); } .high { border-left-color: var(--high); }
.medium { border-left-color: var(--medium); } .low { border-left-color: var(--low); }
.info { border-left-color: var(--info); }
.word-critical { color: var(--critical); font-weight: 700; } .word-high { color: var(--high); font-weight: 700; }
.word-medium { color: var(--medium); font-weight: 700; } .word-low { color: var(--low); font-weight: 700; }
.word-info { color: var(--info); font-weight: 700; } .word-pass { color: var(--pass); font-weight: 700; }
mark { background: var(--mark); color: var(--mark-ink); border-radius: .15rem; }
pre { margin: .3rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
pre.strip { padding-left: 11ch; text-indent: -11ch; }
.map { display: block; width: 100%; height: 4.5rem; background: var(--panel); border: 1px solid var(--line); touch-action: none; }
.map .wide { stroke: var(--page); stroke-width: .5; }
.fields { max-height: 34rem; overflow: auto; border: 1px solid var(--line); background: var(--panel); }
.fields table { margin: 0; } .fields td, .fields th { padding: .1rem .5rem; border: 0; white-space: nowrap; }
.fields thead th { position: sticky; top: 0; background: var(--panel); border-bottom: 1px solid var(--line); }
.fields td:nth-child(3) { white-space: normal; min-width: 11rem; }
.fields tr.bad td { background: var(--mark); color: var(--mark-ink); }
.fields tr:focus-visible { outline-offset: -3px; }
.panes { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 33rem); gap: 1rem; align-items: start; }
.hex { max-height: 34rem; overflow: auto; border: 1px solid var(--line); background: var(--panel); padding: .4rem .6rem; margin: 0; white-space: pre; }
.hex .here { outline: 2px solid var(--link); }
.on-paper { display: none; } details { margin: .5rem 0; } summary { cursor: pointer; }
.rule { border-bottom: 1px solid var(--line); padding-bottom: .5rem; }
@media (max-width: 72rem) { .panes { grid-template-columns: minmax(0, 1fr); } }
@media screen and (max-width: 40rem) {
  body { padding: 1rem; }
  .stack, .stack tbody, .stack tr, .stack td { display: block; } .stack thead { display: none; }
  .stack tr { border-bottom: 1px solid var(--line); padding: .3rem 0; } .stack td { border: 0; padding: .05rem 0; }
  .stack td[data-name]::before { content: attr(data-name) ': '; color: var(--quiet); font-family: system-ui, sans-serif; }
  .threats, .threats thead, .threats tbody { display: block; }
  .threats tr { display: flex; flex-wrap: wrap; align-items: end; border-bottom: 1px solid var(--line); }
  .threats th, .threats td { border: 0; padding: .15rem .1rem; flex: 1 0 0; } .threats thead th { font-size: .7rem; }
  .threats th:first-child { flex: 0 0 100%; }
  .stack td.mono { min-width: 0; }
  .fields { font-size: .85rem; } .fields td, .fields th { padding: .1rem .25rem; } .fields td:nth-child(3) { min-width: 5.5rem; }
}
@media print {
  :root, :root[data-theme] { color-scheme: light; }
  body { max-width: none; padding: 0; font-size: 10pt; } button, .map-tools, .on-screen { display: none; } .on-paper { display: block; }
  .scroll, .fields, .hex { max-height: none; overflow: visible; } .hex { white-space: pre-wrap; }
  .fields thead th { position: static; } .fields td { white-space: normal; }
  .finding, tr, figure { break-inside: avoid; } .finding:has(details) { break-inside: auto; } h2, h3, h4, summary { break-after: avoid; }
  .panes { display: block; } .hex { margin-top: 1rem; }
  .map, mark, .bad td, .heat td, figcaption svg, td svg { print-color-adjust: exact; }
}
`;
