/**
 * The one style of every page: the reader's own fonts, light or dark as the reader has it, narrow screens and paper.
 */
export const style = `
:root{color-scheme:light dark;--ground:light-dark(#f7f7f5,#14161a);--card:light-dark(#fff,#1c1f24);--text:light-dark(#1b1e23,#e7e9ec);--soft:light-dark(#565d66,#a9b1ba);--line:light-dark(#dcdfe3,#363c44);
--pass:light-dark(#17693a,#71cd95);--fail:light-dark(#b0231a,#ff9489);--warn:light-dark(#855300,#e9b95c);--link:light-dark(#0b57a4,#8cc1f7);
--pass-ground:light-dark(#e9f5ee,#17291f);--fail-ground:light-dark(#fdeeec,#351a18);--warn-ground:light-dark(#fbf3e2,#2e2615)}
*{box-sizing:border-box}
html{scroll-padding-top:1rem;-webkit-text-size-adjust:100%}
body{margin:0 auto;padding:1.5rem clamp(1rem,4vw,2.5rem) 4rem;max-width:74rem;background:var(--ground);color:var(--text);font:1rem/1.5 system-ui,sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
h1,h2,h3,h4,p,ul,ol,dl,dd,figure{margin:0;padding:0}
h2{margin:0 0 1rem;font-size:1.5rem;line-height:1.25}
h2 small,h2 .badge{font-size:1rem;font-weight:400}
h3{margin:2.25rem 0 .75rem;font-size:1.125rem}
h4{margin:1.25rem 0 .5rem;font-size:1rem}
small,.note,.run{color:var(--soft);font-size:.875rem}
code{font:.875em/1.4 ui-monospace,SFMono-Regular,Consolas,monospace}
a{color:var(--link);text-underline-offset:.15em}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:3px}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.skip{position:absolute;left:1rem;top:-4rem;z-index:1;padding:.5rem 1rem;background:var(--card);border:1px solid var(--line)}
.skip:focus{top:.5rem}
.badge{white-space:nowrap;font-weight:600}
.pass>.badge,.badge.pass{color:var(--pass)}.badge.fail{color:var(--fail)}.badge.flaky,.badge.not-run{color:var(--warn)}.badge.skipped{color:var(--soft)}

.head{padding:1.5rem clamp(1rem,3vw,2rem);background:var(--card);border:1px solid var(--line);border-left:8px solid var(--soft);border-radius:8px}
.head.pass{border-left-color:var(--pass)}.head.fail{border-left-color:var(--fail)}.head.flaky,.head.not-run{border-left-color:var(--warn)}
h1{font-size:clamp(2.25rem,6vw,3.25rem);line-height:1.1;letter-spacing:-.02em}
.pass h1{color:var(--pass)}.fail h1{color:var(--fail)}.flaky h1,.not-run h1{color:var(--warn)}
.sentence{margin-top:.5rem;font-size:1.125rem}
.run{margin-top:1.25rem}
.cause{margin-top:1.25rem;padding:1rem 1.25rem;border-radius:6px;background:var(--warn-ground)}
.fail .cause{background:var(--fail-ground)}
.cause p+p{margin-top:.5rem}
.layer b{color:var(--fail)}
.why::first-letter,.ladder p::first-letter{text-transform:uppercase}
.why{font-size:1.375rem;font-weight:600;line-height:1.3}
.where{font-size:.9375rem}
.index ul{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,21rem),1fr));gap:.5rem;margin-top:1rem;list-style:none}
.index a{display:block;height:100%;padding:.6rem .9rem;background:var(--card);border:1px solid var(--line);border-radius:6px;color:inherit;text-decoration:none}
.index a:hover{border-color:var(--link)}
.index small{display:block}

.topology,#environment{margin-top:2.5rem}
.topology+section{margin-top:3.5rem;padding-top:2rem;border-top:1px solid var(--line)}
.overview{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:0 2.5rem}
.overview h3{margin-top:.5rem}
.ladder{list-style:none;border:1px solid var(--line);border-radius:8px;background:var(--card);overflow:hidden}
.ladder li{padding:.5rem .9rem;border-left:6px solid var(--line)}
.ladder li+li{border-top:1px solid var(--line)}
.ladder a{color:inherit;text-decoration:none}
.ladder a:hover b{text-decoration:underline}
.ladder b{display:inline-block;min-width:5.75rem}
.ladder li{display:flex;flex-wrap:wrap;justify-content:space-between;align-items:baseline;gap:0 1rem}
.ladder p{width:100%;color:var(--soft);font-size:.875rem;line-height:1.35}
.ladder em{display:inline-block;font-size:.875rem;color:var(--soft)}
.ladder li.pass{border-left-color:var(--pass)}.ladder li.fail{border-left-color:var(--fail)}.ladder li.flaky,.ladder li.not-run{border-left-color:var(--warn)}
.ladder li.first{background:var(--fail-ground)}
.ladder .first em{font-style:normal;font-weight:600;color:var(--fail)}
.picture svg{display:block;width:100%;max-width:30rem;height:auto;font:15px system-ui,sans-serif;fill:var(--text)}
.network rect{fill:none;stroke:var(--soft);stroke-width:1.5;stroke-dasharray:2 4}
.network text{text-anchor:end;font-size:13px;fill:var(--soft)}
.cluster>rect{fill:var(--card);stroke:var(--soft);stroke-width:1.5}
.cluster text,.arrow .middle{text-anchor:middle}
.cluster .name{font-weight:600}
.cluster .role{font-size:13px;fill:var(--soft)}
.gate rect{fill:var(--ground);stroke:var(--soft);stroke-width:1.5}
.gate text{font-size:13px}
.arrow line{stroke:var(--soft);stroke-width:2.5}
.arrow text{font-size:14px;font-weight:600;paint-order:stroke;stroke:var(--ground);stroke-width:4px}
.arrow .left{text-anchor:end}
.arrow.pass line{stroke:var(--pass)}.arrow.pass text,.head-pass{fill:var(--pass)}
.arrow.fail line{stroke:var(--fail);stroke-dasharray:9 5}.arrow.fail text,.head-fail{fill:var(--fail)}
.arrow.flaky line,.arrow.not-run line{stroke:var(--warn);stroke-dasharray:3 3}.arrow.flaky text,.arrow.not-run text,.head-flaky,.head-not-run{fill:var(--warn)}
.arrow.none line{stroke-dasharray:1 5}.arrow.none text,.head-none{fill:var(--soft)}
.crossings,.reasons{list-style:none;font-size:.9375rem}
.crossings{margin-top:.75rem}
.crossings .fail{color:var(--fail)}

.check{border:1px solid var(--line);border-radius:6px;background:var(--card)}
.check+.check{margin-top:.375rem}
.check.fail{border-left:6px solid var(--fail)}.check.flaky{border-left:6px solid var(--warn)}
summary{padding:.5rem .9rem;cursor:pointer}
summary>span{display:inline-grid;grid-template-columns:6.5rem 13.5rem 12.5rem minmax(0,1fr) auto;gap:0 .75rem;width:calc(100% - 1.25rem);vertical-align:top}
summary .badge{white-space:normal}
summary .reason,summary .time{color:var(--soft);font-size:.9375rem}
.inside{padding:.25rem .9rem .9rem}
.inside>p small{display:block}
.diagnosis,dl.facts{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.25rem 1rem}
.diagnosis{margin-top:.75rem;padding:.6rem .9rem;border-radius:6px;background:var(--fail-ground)}
dt{color:var(--soft)}
.diagnosis dt{color:inherit;font-weight:600}
.attempt{margin-top:.9rem;padding-left:.9rem;border-left:3px solid var(--line)}
.said{font-size:.9375rem}
.scroll{position:relative;overflow-x:auto}
.note+.check{margin-top:.5rem}
#environment summary{padding-left:0}
table{border-collapse:collapse;overflow-wrap:break-word;font-size:.875rem;line-height:1.4}
caption{padding:.6rem 0 .15rem;text-align:left;font-weight:600}
th,td{padding:.3rem 1rem .3rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line);font-weight:400}
thead th{color:var(--soft);white-space:nowrap}
.evidence td{min-width:5rem;max-width:36rem}
.evidence ul{padding-left:1rem}
td i,td dt{color:var(--soft);font-style:normal}
.certificate{display:grid;grid-template-columns:max-content minmax(14rem,1fr);gap:0 .75rem;max-width:34rem}
.certificate+*,td p+p{margin-top:.4rem;padding-top:.4rem;border-top:1px dotted var(--line)}
td p{max-width:34rem}
.matrix,.timeline{width:100%}
.matrix{min-width:30rem}
.matrix th[scope=rowgroup]{padding-top:1rem;font-weight:600}
.matrix a,.runs a{font-weight:600}
.matrix .pass a,.runs .pass a{color:var(--pass)}.matrix .fail a,.runs .fail a{color:var(--fail)}.matrix .flaky a,.matrix .not-run a,.runs .flaky a,.runs .not-run a{color:var(--warn)}
.matrix .fail{background:var(--fail-ground)}
.matrix td{padding-left:.5rem}
.matrix .skipped,.matrix .none{color:var(--soft)}
.timeline{min-width:32rem}
.timeline td{white-space:nowrap}
.timeline td:last-child{width:45%;padding-right:0}
.timeline svg{display:block;width:100%;height:.75rem;margin-top:.25rem}
.timeline rect{fill:var(--pass)}.timeline rect.fail{fill:var(--fail)}.timeline rect.not-run{fill:var(--warn)}
.timeline b.fail{color:var(--fail)}.timeline b.not-run{color:var(--warn)}
.runs{margin-top:1.5rem;font-size:1rem}
.runs td,.runs th{padding:.75rem 1.25rem .75rem 0}
.runs thead th{color:inherit}
.runs small{display:block}

@media(max-width:52rem){.timeline{min-width:0}.timeline th:nth-child(2),.timeline td:nth-child(2){display:none}.timeline td:last-child{width:35%}.overview{grid-template-columns:minmax(0,1fr)}.overview h3{margin-top:1.5rem}summary>span{display:inline-block}summary .reason,summary .time{display:block}.diagnosis,dl.facts{grid-template-columns:minmax(0,1fr);gap:0}dl.facts dd{margin-bottom:.4rem}.diagnosis dd+dt{margin-top:.4rem}}
@media print{:root{color-scheme:light;--ground:#fff}@page{margin:14mm}body{max-width:none;padding:0;font-size:10pt}.skip,.index{display:none}
details::details-content{content-visibility:visible;block-size:auto}.scroll{overflow:visible}.matrix,.timeline{min-width:0}.evidence td{min-width:0}thead th,.timeline td{white-space:normal}table{overflow-wrap:anywhere}.certificate{grid-template-columns:minmax(0,1fr)}a{color:inherit;text-decoration:none}
.head,.cause,.ladder li,.attempt>.title,tr,figure{break-inside:avoid}h2,h3,h4,summary,caption{break-after:avoid}.topology+section{margin-top:2rem}.head,.ladder,.badge,rect{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`
