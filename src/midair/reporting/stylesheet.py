"""The look of our pages: system fonts, light and dark, colours of contrast AA, narrow screens, paper."""

STYLE = """
:root{--ink:#1a1d21;--dim:#5a6270;--paper:#fff;--line:#d9dee5;--soft:#f4f6f9;--good:#11693a;--bad:#b3161b;--warn:#8a5300;
--l8:#b3161b;--l7:#c2410c;--l6:#b45309;--l5:#8a6100;--l4:#0f6a8b;--l3:#3f6fb5;--l2:#5b6b7f;--l1:#6b7686}
@media (prefers-color-scheme:dark){:root{--ink:#e7eaee;--dim:#a3adba;--paper:#14171b;--line:#333b46;--soft:#1c2127;--good:#5fd08b;--bad:#ff8a80;--warn:#f4b860}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
main{max-width:70rem;margin:0 auto;padding:1.5rem}h1{font-size:1.6rem;margin:0 0 .3rem}h2{font-size:1.15rem;margin:2rem 0 .6rem}
p{margin:.4rem 0;overflow-wrap:anywhere}.dim{color:var(--dim)}.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}
.verdict{border-left:.35rem solid var(--good);padding:.6rem 1rem;background:var(--soft)}.verdict.no{border-color:var(--bad)}
table{border-collapse:collapse;width:100%;font-size:.92rem}th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
.scroll{overflow-x:auto}code,pre{font:.86rem/1.45 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
.risk{font-weight:600}.num{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}.mark{text-align:center}th.mark{font-size:.82rem}
.group>*{background:var(--soft);font-weight:400}.group code{font-weight:700}section{margin-top:2.2rem}section h2{margin-top:0}small{color:var(--dim);font-weight:400}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.7rem;margin:1rem 0}.facts div{border:1px solid var(--line);border-radius:.3rem;padding:.6rem .8rem}
.facts dt{font-size:.78rem;color:var(--dim)}.facts dd{margin:0;font-weight:650}.facts dd.dim{font-weight:400;font-size:.82rem}
.tag{display:inline-block;border-radius:.2rem;padding:0 .45rem;font:600 .76rem/1.5 system-ui,sans-serif;border:1px solid var(--line);color:var(--dim)}
article .tag,.tag.high,.tag.medium{color:#fff;border:0;background:var(--l1)}article.high .tag,.tag.high{background:var(--l8)}article.medium .tag,.tag.medium{background:var(--l6)}
article.high{border-left:.35rem solid var(--l8)}article.medium{border-left:.35rem solid var(--l6)}
.axis{width:42%;min-width:15rem}.ticks,.bars{position:relative;margin-right:1.6rem}.ticks{height:1.2rem;font:400 .72rem/1.2rem system-ui,sans-serif;color:var(--dim)}.ticks span{position:absolute;transform:translateX(-50%);white-space:nowrap}.ticks span:first-child{transform:none}
.bars{height:1.05rem;background:repeating-linear-gradient(to right,var(--line) 0 1px,transparent 1px 25%);border-right:1px solid var(--line)}
.bars i{position:absolute;top:.1rem;height:.85rem;border-radius:.12rem;min-width:3px}.bars i.held{opacity:.32}i.all{background:var(--l8)}i.writes{background:var(--l6)}i.none{background:var(--l3)}i.free{background:var(--l1)}
.legend i,.dot{display:inline-block;width:.8rem;height:.8rem;border-radius:.12rem;margin-right:.4rem;vertical-align:-.08rem}.legend span{margin-right:1.1rem;font-size:.86rem}
.lane{font-size:.78rem;color:var(--dim)}.lane b{color:var(--ink);font-weight:600}.plain{list-style:none;padding:0}details{margin:1rem 0}summary{cursor:pointer;color:var(--dim)}
.explained dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;font-size:.88rem;margin:.4rem 0 .8rem}.explained dt{font-weight:600}.explained dd{margin:0}
article{border:1px solid var(--line);border-radius:.3rem;padding:.7rem 1rem;margin:.6rem 0}article h3{font-size:1rem;margin:0}
.sides{display:grid;grid-template-columns:repeat(auto-fit,minmax(20rem,1fr));gap:0 2rem}.big{font-size:2rem;font-weight:700;line-height:1.2}
figure{margin:1rem 0}figcaption{font-weight:600}svg{display:block;width:100%;height:auto}svg text{font:12px system-ui,sans-serif;fill:var(--dim)}
svg .grid{stroke:var(--line)}svg .busy{fill:var(--soft);stroke:var(--line)}svg .felt{fill:var(--l4);fill-opacity:.25;stroke:var(--l4);stroke-width:1.5}
svg .lost{fill:var(--bad)}svg .lane{fill:var(--l3)}svg .lane+text{fill:#fff;font-size:10px}
@page{margin:14mm}
@media print{:root{--ink:#1a1d21;--dim:#4a515c;--paper:#fff;--line:#c9cfd8;--soft:#f4f6f9;--good:#11693a;--bad:#b3161b;--warn:#8a5300}html{font-size:11px}main{max-width:none;padding:0}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}.scroll{overflow:visible}article,tr,figure,.facts,.verdict,dl{break-inside:avoid}h2,thead,.group{break-after:avoid}.axis{min-width:18rem}details{display:none}}
"""
