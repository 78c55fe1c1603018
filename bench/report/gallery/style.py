"""The gallery's style. Owners of boxes are told apart by line (solid, dashed, dotted) before colour."""

STYLE = """
.gallery .keep { position: absolute; width: 0; height: 0; }
.gallery .shown { border: 1px solid var(--line); border-radius: 8px; background: var(--card);
  padding: .6rem .9rem; margin: .8rem 0; display: flex; flex-wrap: wrap; gap: .4rem 1.4rem;
  font-size: .9rem; }
.gallery .shown legend { float: left; padding: 0; font-weight: 600; }
.gallery .shown label { display: inline-flex; align-items: center; gap: .45rem; cursor: pointer; }
.gallery .shown input { margin: 0; accent-color: var(--accent); }
.gallery .sample { width: 2.6rem; height: .9rem; border-radius: 3px; background: #59626b; }
.exhibit { border-top: 1px solid var(--line); margin: 0; padding: .6rem 0; }
.exhibit summary .soft { font-weight: 400; font-size: .875rem; margin-left: .5em; }
.sights { display: grid; align-items: start; gap: .8rem; margin: .6rem 0 1rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 15.5rem), 1fr)); }
.sights figure { padding: 0; overflow: hidden; break-inside: avoid; }
.sights svg { overflow: hidden; background: var(--tint); }
.sights figcaption { padding: .55rem .75rem .7rem; color: var(--ink); overflow-wrap: anywhere; }
.sights figcaption p { margin: 0; }
.changes { list-style: none; margin: .35rem 0 0; padding: 0; }
.changes li { position: relative; padding-left: 1.75rem; margin: .3rem 0; }
.changes i { position: absolute; left: 0; top: .1rem; min-width: 1.25rem; height: 1.25rem;
  border-radius: 99px; background: #14171a; color: #fff; border: 1px solid #fff;
  font: 600 .75rem/1.15rem system-ui, sans-serif; text-align: center; }
.gallery path { fill: none; vector-effect: non-scaling-stroke; }
.gallery .c { stroke: #000; stroke-opacity: .75; stroke-width: 4; }
.gallery .truth .l { stroke: #fff; stroke-width: 2; }
.gallery .base .l { stroke: var(--base); stroke-width: 2; stroke-dasharray: 8 5; }
.gallery .variant .l { stroke: var(--variant); stroke-width: 3; stroke-dasharray: .1 5.5;
  stroke-linecap: round; }
.gallery .s { opacity: .5; }
.gallery .c.s { stroke-width: 2.5; }
.gallery .badge circle { fill: #14171a; stroke: #fff; stroke-width: 1.5; }
.gallery .badge text { fill: #fff; font: 600 12px system-ui, sans-serif; text-anchor: middle; }
.gallery:has(#show-truth:not(:checked)) .sights .truth,
.gallery:has(#show-base:not(:checked)) .sights .base,
.gallery:has(#show-variant:not(:checked)) .sights .variant,
.gallery:has(#show-same:not(:checked)) .sights .s { display: none; }
@media print { .gallery .shown input { display: none; } }
"""
