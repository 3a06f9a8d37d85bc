/** What differs in the dark, on a narrow screen and on paper. */
export const ADAPTED_STYLE = `
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #14171a; --panel: #1a1e22; --ink: #e4e6e8; --soft: #a0a8b0; --line: #2d3339; --wash: #20252a;
    --link: #8fbde6; --done: #74c69a; --done-wash: #19322a; --failed: #f2958c; --failed-wash: #3d1f1d;
    --open: #e0b566; --open-wash: #35290f;
  }
}
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }

@media screen and (max-width: 46rem) {
  .verdict { margin-top: 0.9rem; }
  main { padding: 2rem 1.1rem 3rem; }
  section { margin-top: 2.75rem; }
  .figures { grid-template-columns: 1fr 1fr; gap: 1.1rem 0; }
  .figures > div:nth-child(odd) { border-left: 0; padding-left: 0; }
  .facts > div { grid-template-columns: 6.2rem minmax(0, 1fr); }
  details .facts { grid-template-columns: 1fr; }
  table, tbody, tr, tbody th, td { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tbody tr { padding: 0.8rem 0; border-bottom: 1px solid var(--line); }
  tbody tr:first-child { border-top: 1px solid var(--line); }
  details tr:last-child { border-bottom: 0; }
  tbody th, td, td.numeric, .steps table th, .steps table td { padding: 0.15rem 0; border: 0; white-space: normal; text-align: left; }
  td { display: grid; grid-template-columns: 6.2rem minmax(0, 1fr); }
  td.empty { display: none; }
  td::before { content: attr(data-label); color: var(--soft); }
  td small { display: inline; margin-left: 0.5em; }
  .digest { width: 16ch; }
  .failure { padding: 1rem 1.1rem; }
  .body { padding-inline: 1.1rem; }
  summary .gist { margin-left: 1.15rem; flex-basis: 100%; }
  .steps > li { padding-left: 0; }
  .steps h3 { padding: 0.1rem 0 0.35rem 2.6rem; }
}

@media print {
  @page { margin: 16mm 14mm; }
  :root { --paper: #fff; }
  html { font-size: 9.5pt; }
  main { max-width: none; padding: 0; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  section { margin-top: 2rem; }
  a { color: inherit; text-decoration: none; }
  h2, h3, h4, summary { break-after: avoid; }
  tr, .failure, .concerns li, .facts > div, pre code { break-inside: avoid; }
  details table, .narrow, .steps > li { break-inside: avoid; }
  thead { display: table-header-group; break-after: avoid; }
  .steps > li::before { top: 0; }
  details::details-content { display: block; block-size: auto; content-visibility: visible; }
  summary::before, nav { display: none; }
}
`;
