import { ADAPTED_STYLE } from './html-style-adapted.js';

/** Colours, type and the page's parts on a wide bright screen. */
const PAGE_STYLE = `
:root {
  --paper: #fbfaf8; --panel: #fff; --ink: #1c2126; --soft: #59626b; --line: #e2dfd9; --wash: #f3f1ec;
  --link: #1d4f7c; --done: #1b6a43; --done-wash: #e6f2eb; --failed: #a9261d; --failed-wash: #fbeae8;
  --open: #7d5200; --open-wash: #fbf1de;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "Liberation Mono", monospace;
}
*, ::before, ::after { box-sizing: border-box; }
html { color-scheme: light dark; -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.55 var(--sans); }
main { max-width: 72rem; margin: 0 auto; padding: 3.5rem 2rem 5rem; }
h1, h2, h3, h4, p, dl, dd, ol, ul, pre { margin: 0; }
h1, h2, h3 { font-weight: 620; letter-spacing: -0.012em; text-wrap: balance; overflow-wrap: anywhere; }
h2 { scroll-margin-top: 1.5rem; font-size: 1.375rem; line-height: 1.3; margin-bottom: 1rem; }
h3 { font-size: 1.0625rem; line-height: 1.4; }
h4 { font-size: 0.9375rem; font-weight: 620; margin: 1.75rem 0 0.5rem; }
section { margin-top: 3.5rem; }
a { color: var(--link); text-underline-offset: 0.2em; text-decoration-thickness: 1px; }
a:hover { text-decoration-thickness: 2px; }
a.plain { text-decoration: none; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 3px; border-radius: 3px; }
code { font-family: var(--mono); font-size: 0.875em; overflow-wrap: anywhere; }
small { display: block; font-size: 0.8125rem; line-height: 1.45; color: var(--soft); font-weight: 400; overflow-wrap: anywhere; }
.note, .lead, .gist { color: var(--soft); }
.note, .steps p, .message { text-wrap: pretty; }
.note { font-size: 0.875rem; max-width: 46rem; margin: 0.75rem 0 1rem; }
.message { white-space: pre-line; overflow-wrap: anywhere; max-width: 50rem; }

.top { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: baseline; gap: 0.35rem 2rem; }
nav { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; font-size: 0.875rem; }
.kicker { font-size: 0.8125rem; letter-spacing: 0.09em; text-transform: uppercase; color: var(--soft); }
.verdict { font-size: clamp(1.9rem, 1.3rem + 2.6vw, 3rem); line-height: 1.12; letter-spacing: -0.025em; margin: 0.4rem 0 0.6rem; }
.verdict.done { color: var(--done); } .verdict.failed { color: var(--failed); } .verdict.open { color: var(--open); }
.lead { font-size: 1.125rem; }
.bar { display: flex; gap: 3px; height: 6px; margin: 1.75rem 0 0; }
.bar span { border-radius: 3px; min-width: 6px; flex-basis: 0; }
.bar .done { background: var(--done); } .bar .failed { background: var(--failed); } .bar .open { background: var(--open); }
.figures { display: grid; grid-template-columns: repeat(5, 1fr); padding: 1.5rem 0; border-bottom: 1px solid var(--line); }
.figures > div + div { border-left: 1px solid var(--line); padding-left: 1.25rem; }
.figures dt { font-size: 0.8125rem; color: var(--soft); }
.figures dd { font-size: 1.5rem; line-height: 1.35; font-weight: 560; letter-spacing: -0.015em; font-variant-numeric: tabular-nums; }
.figures small { letter-spacing: 0; }
header .facts { margin-top: 1.25rem; }

.facts { display: grid; gap: 0.35rem 2.5rem; font-size: 0.9375rem; }
.facts > div { display: grid; grid-template-columns: 7rem minmax(0, 1fr); }
.facts dt { color: var(--soft); }
.facts dd { overflow-wrap: anywhere; }
details .facts { grid-template-columns: 1fr 1fr; }

table { width: 100%; border-collapse: collapse; font-size: 0.9375rem; line-height: 1.45; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
th, td { padding: 0.7rem 1.25rem 0.7rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th:last-child, td:last-child { padding-right: 0; }
thead th { padding-block: 0.4rem; font-size: 0.8125rem; font-weight: 500; color: var(--soft); border-bottom-color: var(--soft); white-space: nowrap; }
tbody th { font-weight: 600; }
.numeric { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.digest { display: block; width: 32ch; font-size: 0.75rem; line-height: 1.5; }

.badge { display: inline-flex; align-items: center; gap: 0.4em; padding: 0.1em 0.65em 0.1em 0.5em; border-radius: 1em; font-size: 0.8125rem; font-weight: 560; line-height: 1.5; white-space: nowrap; }
.badge::before { content: ""; width: 0.5em; height: 0.5em; border-radius: 50%; background: currentColor; }
.badge.done { color: var(--done); background: var(--done-wash); }
.badge.failed { color: var(--failed); background: var(--failed-wash); }
.badge.failed::before { border-radius: 1px; transform: rotate(45deg); }
.badge.quiet { color: var(--soft); background: var(--wash); }
.badge.open { color: var(--open); background: var(--open-wash); }
.badge.open::before { background: none; border: 2px solid currentColor; }

.failure, details { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; }
.failure { border-left: 4px solid var(--failed); padding: 1.25rem 1.5rem; }
.failure + .failure, details + details { margin-top: 0.75rem; }
.failure .message { margin: 0.25rem 0 0.9rem; }
strong { font-weight: 560; }
summary { display: flex; flex-wrap: wrap; align-items: center; gap: 0.25rem 0.75rem; padding: 0.8rem 1.5rem 0.8rem 1.1rem; cursor: pointer; list-style: none; border-radius: 8px; }
summary::-webkit-details-marker { display: none; }
summary::before { content: ""; width: 0.42rem; height: 0.42rem; border: solid var(--soft); border-width: 0 2px 2px 0; transform: rotate(-45deg); }
details[open] > summary::before { transform: translateY(-0.12em) rotate(45deg); }
summary:hover { background: var(--wash); }
summary .gist { font-size: 0.875rem; margin-left: auto; font-variant-numeric: tabular-nums; }
.body { padding: 0.5rem 1.5rem 1.25rem; scroll-margin-top: 4.5rem; }
.failure { scroll-margin-top: 1rem; }
details .message + .facts { margin-top: 1rem; }
details table { font-size: 0.875rem; }
details tbody tr:last-child > * { border-bottom: 0; }
.concerns { list-style: none; padding: 0; display: grid; gap: 0.75rem; font-size: 0.9375rem; max-width: 52rem; }
.concerns li { display: grid; grid-template-columns: 6rem minmax(0, 1fr); justify-items: start; align-items: start; }
.concerns code { color: var(--soft); }
.narrow { max-width: 46rem; }

.steps { list-style: none; padding: 0; counter-reset: step; display: grid; gap: 2rem; }
.steps > li { counter-increment: step; position: relative; padding-left: 3rem; min-width: 0; }
.steps > li::before { content: counter(step); position: absolute; left: 0; top: -0.1rem; width: 1.9rem; height: 1.9rem; border: 1.5px solid var(--soft); border-radius: 50%; font-weight: 600; font-size: 0.9375rem; line-height: 1.7rem; text-align: center; font-variant-numeric: tabular-nums; }
.steps p { max-width: 46rem; margin: 0.2rem 0 0.75rem; color: var(--soft); }
.steps p code { color: var(--ink); }
.steps ol + p { margin-top: 0.75rem; }
.steps table { margin-bottom: 0.9rem; font-size: 0.875rem; }
.steps table th, .steps table td { padding-block: 0.4rem; }
.steps ul, .steps li ol { padding-left: 1.25rem; }
pre { padding: 0.8rem 1rem; background: var(--wash); border: 1px solid var(--line); border-radius: 6px; white-space: pre-wrap; line-height: 1.6; }
pre code { display: block; padding-left: 2ch; text-indent: -2ch; }
`;

/** The whole style sheet; it names no font, image or address outside the page. */
export const STYLE = PAGE_STYLE + ADAPTED_STYLE;
