/** What the plan has beside the parts of every page. */
export const PLAN_STYLE = `
header h1 { font-size: clamp(1.9rem, 1.3rem + 2.6vw, 3rem); line-height: 1.12; letter-spacing: -0.025em; margin-top: 0.4rem; }
p.verdict { font-size: clamp(1.25rem, 1rem + 1.2vw, 1.75rem); line-height: 1.25; letter-spacing: -0.012em; font-weight: 620; margin: 0.5rem 0 0.25rem; }
section > h3 { margin: 2rem 0 0.5rem; }
a, b, code, bdi, h3, h4 { unicode-bidi: isolate; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.lanes { list-style: none; padding: 0; font-size: 0.9375rem; }
.lanes > li { padding: 0.5rem 0; }
.lanes > li > small { margin-left: 13.25rem; }
.lane { display: grid; grid-template-columns: 12rem minmax(0, 1fr) 6rem; gap: 0 1.25rem; align-items: center; }
.lane .who { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.lane .long { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; position: relative; }
.track { position: relative; height: 0.75rem; border-radius: 3px; background: var(--wash); overflow: hidden; }
.track i { position: absolute; inset-block: 0; min-width: 3px; border-radius: 3px; background: var(--link); }
.lanes .lanes { margin-top: 0.4rem; font-size: 0.8125rem; }
.lanes .lanes > li { padding: 0.1rem 0; }
.lanes .lanes .who { padding-left: 1rem; }
.lanes .lanes .track { height: 0.5rem; }
.lanes .lanes .track i { background: var(--soft); }

.group { border-left: 3px solid var(--line); padding: 0.1rem 0 0.1rem 1.1rem; margin-top: 1.25rem; max-width: 60rem; font-size: 0.9375rem; }
.group.critical { border-color: var(--failed); }
.group.warning { border-color: var(--open); }
.group h4 { display: flex; flex-wrap: wrap; align-items: center; gap: 0.25rem 0.6rem; margin: 0 0 0.35rem; }
.group h4 small { font-weight: 400; }
.group ul { padding-left: 1.15rem; margin-top: 0.4rem; }
.group li { overflow-wrap: anywhere; margin-top: 0.3rem; }
.subjects { font-size: 0.875rem; color: var(--soft); }
details.fold { background: none; border: 0; border-radius: 0; }
details.fold + details.fold { margin-top: 0; }
details.fold > summary { padding: 0.15rem 0; gap: 0.25rem 0.6rem; }
details.fold > summary:hover { background: none; text-decoration: underline; }

.controls { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.5rem 1.25rem; margin-bottom: 1rem; font-size: 0.875rem; color: var(--soft); }
.controls input, .controls select { font: inherit; color: var(--ink); background: var(--panel); border: 1px solid var(--soft); border-radius: 5px; padding: 0.25rem 0.5rem; max-width: 14rem; }
.controls output { margin-left: auto; font-variant-numeric: tabular-nums; }
th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; }
th button:hover { color: var(--ink); text-decoration: underline; }
th[aria-sort] button { color: var(--ink); font-weight: 620; }
th[aria-sort="ascending"] button::after { content: " ↑"; }
th[aria-sort="descending"] button::after { content: " ↓"; }
tr[hidden] { display: none; }
.machines td, .machines tbody th { padding-block: 0.4rem; }
.waves tbody th { min-width: 8rem; }
.waves table { font-size: 0.875rem; }

.checklist { list-style: none; padding: 0; display: grid; gap: 0.75rem; max-width: 52rem; }
.checklist li { position: relative; padding-left: 2rem; overflow-wrap: anywhere; }
.checklist li::before { content: ""; position: absolute; left: 0; top: 0.25rem; width: 1rem; height: 1rem; border: 1.5px solid var(--soft); border-radius: 3px; }
.halves { display: grid; grid-template-columns: 1fr 1fr; gap: 1.5rem 3rem; }
.halves .facts > div { grid-template-columns: 10rem minmax(0, 1fr); }
.halves h3 { margin-bottom: 0.5rem; }
.signatures .halves { margin-top: 1.25rem; }
.lines > div { display: grid; grid-template-columns: 5.5rem minmax(0, 1fr); align-items: end; padding-top: 2.25rem; }
.lines dt { color: var(--soft); font-size: 0.875rem; }
.lines dd { border-bottom: 1px solid var(--ink); height: 1px; }

.annex summary h4 { margin: 0; }
.annex .body > .facts { margin-bottom: 1.25rem; }
.annex .same { color: var(--soft); }
.annex td, .annex tbody th { width: 42%; padding-block: 0.4rem; }
.annex tbody th { width: 16%; font-weight: 500; }
.annex li { overflow-wrap: anywhere; }

@media screen {
  .annex details { content-visibility: auto; contain-intrinsic-size: auto 3.2rem; }
  .annex details.fold { contain-intrinsic-size: auto 1.8rem; }
}
@media screen and (max-width: 46rem) {
  .halves { grid-template-columns: minmax(0, 1fr); }
  .lane { grid-template-columns: minmax(0, 1fr) auto; }
  .lanes .lanes .who { padding-left: 0; }
  .lane .track { grid-column: 1 / -1; grid-row: 2; }
  .lanes > li > small { margin-left: 0; }
  .controls output { margin-left: 0; flex-basis: 100%; }
  .annex td, .annex tbody th { width: auto; }
}
@media print {
  @page { size: A4; @bottom-right { content: counter(page) " / " counter(pages); font: 8pt sans-serif; } }
  .controls { display: none; }
  tr[hidden] { display: table-row; }
  .sparse details.fold:not([open])::details-content { display: none; }
  .group li, .checklist li, .lane, .signatures, .halves > div { break-inside: avoid; }
  .machines, .annex { break-before: page; }
  .annex details { break-inside: avoid; font-size: 0.8125rem; }
  .annex td, .annex tbody th { padding-block: 0.2rem; }
  .annex .facts { grid-template-columns: 1fr 1fr; gap: 0.1rem 1.5rem; font-size: inherit; }
  .annex .body { padding-block: 0; }
  .annex .body > .facts { margin-bottom: 0.5rem; }
  .annex .body table, .annex .concerns { font-size: inherit; }
  .annex summary { padding-block: 0.4rem; }
  .annex .body h4 { margin-top: 0.75rem; }
  .annex .concerns { gap: 0.3rem; padding-bottom: 0.6rem; }
}
`;
