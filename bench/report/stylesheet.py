"""The page's style: plain CSS, light and dark by the reader's own setting, readable from 360 px on."""

STYLE = """
:root { color-scheme: light dark;
  --paper: #fbfbf9; --card: #ffffff; --ink: #1c2126; --soft: #5b6670; --line: #dfe3e6; --tint: #f1f4f5;
  --accent: #0b6b50; --accent-tint: #e6f4ee; --good: #0b6b50; --bad: #a8320a; --loud: #8a1f00;
  --loud-tint: #ffe9df; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #14171a; --card: #1b1f23; --ink: #e4e8eb; --soft: #9aa6b0; --line: #30373d; --tint: #21262b;
  --accent: #58c9a3; --accent-tint: #17332a; --good: #58c9a3; --bad: #f0935f; --loud: #ffd2bd;
  --loud-tint: #5a1f08; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1, h2, h3 { line-height: 1.25; font-weight: 650; overflow-wrap: anywhere; }
h1 { font-size: 1.75rem; margin: 0 0 .25rem; }
h2 { font-size: 1.3rem; margin: 3rem 0 1rem; }
h3 { font-size: 1.05rem; margin: 2rem 0 .25rem; }
p { margin: .35rem 0; max-width: 78ch; overflow-wrap: anywhere; }
ul { margin: .5rem 0; padding-left: 1.2rem; max-width: 88ch; }
li { margin: .25rem 0; overflow-wrap: anywhere; }
.soft, caption, figcaption, .detail { color: var(--soft); }
.banner { background: var(--loud-tint); color: var(--loud); border: 2px solid currentColor;
  border-radius: 8px;
  padding: .8rem 1rem; margin: 1rem 0; font-weight: 650; overflow-wrap: anywhere; }
.answer { background: var(--card); border: 1px solid var(--line); border-left: 5px solid var(--accent);
  border-radius: 8px; padding: 1.1rem 1.3rem; }
.answer h3 { margin: 0 0 .4rem; font-size: 1.35rem; }
.rule { font-size: .875rem; color: var(--soft); border-top: 1px solid var(--line); padding-top: .6rem;
  margin-top: .8rem; }
.charts { display: grid; gap: 1rem; margin: 1.5rem 0 .5rem;
  grid-template-columns: minmax(0, 1fr); }
@media (min-width: 860px) { .charts { grid-template-columns: minmax(0, 2fr) minmax(0, 1fr); }
  .charts figure:first-child { grid-row: span 2; } }
.charts.alone { grid-template-columns: minmax(0, 44rem); }
.label { color: var(--loud); background: var(--loud-tint); border-left: 4px solid currentColor;
  padding: .5rem .8rem; margin: .5rem 0; max-width: none; }
.figures { display: flex; flex-wrap: wrap; gap: .6rem 2rem; margin: .9rem 0; padding: 0; }
.figures div { display: flex; flex-direction: column-reverse; }
.figures dt { font-size: .8rem; } .figures dd { margin: 0; font-size: 1.2rem; font-weight: 600; }
.figures .detail { font-size: .8rem; font-weight: 400; }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: .8rem; }
figure h4 { margin: 0 0 .4rem; font-size: .95rem; font-weight: 600; }
figure svg { display: block; width: 100%; height: auto; }
.note { font-size: .875rem; color: var(--soft); }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; background: var(--card);
  margin: .6rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { padding: .45rem .7rem; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); }
tr:last-child td { border-bottom: 0; }
th { font-weight: 600; background: var(--tint); vertical-align: bottom; }
th .detail { display: block; font-weight: 400; font-size: .78rem; min-width: 4.5rem; }
td .detail { display: block; font-size: .78rem; white-space: nowrap; }
.number { text-align: right; }
td.number { white-space: nowrap; }
tbody tr { background: var(--card); }
tbody tr.base { background: var(--tint); }
tbody tr.chosen { background: var(--accent-tint); }
tr.chosen td:first-child { box-shadow: inset 4px 0 var(--accent); font-weight: 650; }
th:first-child, td:first-child { position: sticky; left: 0; background: inherit; }
thead th:first-child { background: var(--tint); }
td.long { min-width: 24rem; }
.mark { display: block; font-size: .72rem; font-weight: 600; color: var(--accent); white-space: nowrap; }
.good { color: var(--good); } .bad { color: var(--bad); } .muted { color: var(--soft); }
details { margin: .8rem 0; }
summary { cursor: pointer; font-weight: 600; padding: .3rem 0; }
pre { margin: .3rem 0 0; font-size: .8rem; white-space: pre-wrap; overflow-wrap: anywhere;
  color: var(--soft); }
.reason { min-width: 16rem; overflow-wrap: anywhere; } .name { overflow-wrap: anywhere; min-width: 9rem; }
.facts { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .15rem 1rem;
  font-size: .875rem;
  margin: .4rem 0 1rem; }
dt { color: var(--soft); overflow-wrap: anywhere; } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 560px) { main { padding: 1.2rem .8rem 3rem; }
  .facts { grid-template-columns: 1fr; gap: 0; }
  .facts dd { margin-bottom: .4rem; } .answer { padding: .9rem; } }
@media print { .scroll { overflow: visible; } details > * { display: block; } }
"""
