"""The look of our pages: system fonts, light and dark, colours of contrast AA, narrow screens, paper."""

STYLE = """
:root{--ink:#1a1d21;--dim:#5a6270;--paper:#fff;--line:#d9dee5;--soft:#f4f6f9;--good:#11693a;--bad:#b3161b;--warn:#8a5300;
--l8:#b3161b;--l7:#c2410c;--l6:#b45309;--l5:#8a6100;--l4:#0f6a8b;--l3:#3f6fb5;--l2:#5b6b7f;--l1:#6b7686}
@media (prefers-color-scheme:dark){:root{--ink:#e7eaee;--dim:#a3adba;--paper:#14171b;--line:#333b46;--soft:#1c2127;--good:#5fd08b;--bad:#ff8a80;--warn:#f4b860}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:70rem;margin:0 auto;padding:1.5rem}h1{font-size:1.6rem;margin:0 0 .3rem}h2{font-size:1.15rem;margin:2rem 0 .6rem}
p{margin:.4rem 0}.dim{color:var(--dim)}.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}
.verdict{border-left:.35rem solid var(--good);padding:.6rem 1rem;background:var(--soft)}.verdict.no{border-color:var(--bad)}
table{border-collapse:collapse;width:100%;font-size:.92rem}th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
.scroll{overflow-x:auto}code,pre{font:.86rem/1.45 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
.risk{font-weight:600}.bars{position:relative;height:2.3rem;min-width:14rem;background:var(--soft);border-radius:.2rem}
.bar{position:absolute;height:1rem;min-width:2.4rem;border-radius:.15rem;color:#fff;font:600 .7rem/1rem system-ui;padding:0 .25rem;overflow:hidden;white-space:nowrap}
.bar.seen{top:.1rem}.bar.said{top:1.2rem;opacity:.75}.lane{font-size:.72rem;color:var(--dim)}
.l8{background:var(--l8)}.l7{background:var(--l7)}.l6{background:var(--l6)}.l5{background:var(--l5)}.l4{background:var(--l4)}.l3{background:var(--l3)}.l2{background:var(--l2)}.l1,.l0{background:var(--l1)}
article{border:1px solid var(--line);border-radius:.3rem;padding:.7rem 1rem;margin:.6rem 0}article h3{font-size:1rem;margin:0}
.legend span{display:inline-block;color:#fff;border-radius:.15rem;padding:0 .4rem;margin:0 .3rem .3rem 0;font-size:.78rem}
.sides{display:grid;grid-template-columns:repeat(auto-fit,minmax(20rem,1fr));gap:0 2rem}.big{font-size:2rem;font-weight:700;line-height:1.2}
figure{margin:1rem 0}figcaption{font-weight:600}svg{display:block;width:100%;height:auto}svg text{font:12px system-ui,sans-serif;fill:var(--dim)}
svg .grid{stroke:var(--line)}svg .busy{fill:var(--soft);stroke:var(--line)}svg .felt{fill:var(--l4);fill-opacity:.25;stroke:var(--l4);stroke-width:1.5}
svg .lost{fill:var(--bad)}svg .lane{fill:var(--l3)}svg .lane+text{fill:#fff;font-size:10px}
@media print{main{max-width:none}.bars,.bar,.legend span,svg{-webkit-print-color-adjust:exact;print-color-adjust:exact}article,tr,figure{break-inside:avoid}}
"""
