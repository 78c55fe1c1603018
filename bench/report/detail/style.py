"""The style of the details of cases."""

from __future__ import annotations

from bench.report.detail.drawing import SHADES

RULES = """
.case { border-top: 1px solid var(--line); margin: 0; padding: .35rem 0; }
.case .parts { display: grid; gap: .8rem; align-items: start; margin: .5rem 0;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 20.5rem), 1fr)); }
.case .lists { display: grid; gap: 0 1.5rem; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 20.5rem), 1fr)); }
.case h4 { margin: .6rem 0 .3rem; font-size: .95rem; }
.case figure h4 { margin-top: 0; }
.case .facts { grid-template-columns: minmax(6rem, 9.5rem) minmax(0, 1fr); }
.case .facts dd { overflow-wrap: anywhere; }
.case .advice { border-left: 4px solid var(--bad); padding-left: 1.6rem; }
.case .advice:not(:empty) { margin: .6rem 0; }
svg.mini { overflow: hidden !important; max-width: 27rem !important; margin-inline: 0 !important; }
svg.mini text { font-size: 11px; fill: currentColor; font-family: inherit; }
svg.mini .grid { stroke: currentColor; stroke-opacity: .15; }
svg.mini .middle { stroke: currentColor; stroke-opacity: .6; stroke-dasharray: 4 3; }
svg.mini .off { stroke: var(--bad); stroke-width: 2; fill: none; }
svg.mini .marks rect { height: 130px; fill: transparent; stroke: none; }
svg.mini .marks path { stroke-width: 2; fill: none; }
svg.mini .marks circle { stroke: none; }
svg.mini .lost path:not(.off) { stroke-opacity: .35; }
.tilt { display: block; position: relative; width: 4rem; height: .55rem; margin-top: .35rem; }
.tilt::before { content: ""; position: absolute; left: 50%; top: -.2rem; bottom: -.2rem;
  border-left: 1px solid var(--soft); }
.tilt b { position: absolute; top: 0; bottom: 0; min-width: 1px; background: var(--soft); }
.tilt b.good { background: var(--good); } .tilt b.bad { background: var(--bad); }
table.mini { margin-top: .4rem; font-size: .8125rem; }
table.mini :is(th, td) { padding: .2rem .35rem; position: static; background: none; }
table.mini thead :is(th, td) { text-align: right; vertical-align: bottom; overflow-wrap: anywhere;
  border-bottom-color: var(--soft); }
table.mini tbody th { font-weight: 400; overflow-wrap: anywhere; }
table.mini tbody tr.base :is(th, td) { border-top: 1px solid var(--soft); }
table.mini td { text-align: right; white-space: nowrap; }
table.mini tr.base { font-weight: 600; }
table.mini tbody th { min-width: 5.5rem; }
table.mini thead th { min-width: 3rem; }
.case .parts > div { display: grid; gap: .8rem; }
.shade { display: inline-block; width: .7em; height: .7em; border-radius: 2px; margin-right: .45em;
  background: currentColor; }
@media print { .case { break-inside: avoid; } }
"""

STYLE = RULES + "".join(f".shade.s{index} {{ opacity: {shade}; }}\n" for index, shade in enumerate(SHADES))
