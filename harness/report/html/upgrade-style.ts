/** What a page of an upgrade adds to the one style. */
export const upgradeStyle = `
.head.warn,.head.inconclusive{border-left-color:var(--warn)}
.warn h1,.inconclusive h1{color:var(--warn)}
.badge.warn,.badge.inconclusive{color:var(--warn)}
.cause.fail{background:var(--fail-ground)}.head .cause.warn,.head .cause.inconclusive,.cause.warn,.cause.inconclusive{background:var(--warn-ground)}
.cause .badge.warn,.cause .badge.inconclusive{color:var(--warn)}.cause .badge.fail{color:var(--fail)}
.more{margin-top:.75rem}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,9.5rem),1fr));gap:.5rem;margin-top:1.25rem}
.figures div{padding:.6rem .9rem;border:1px solid var(--line);border-radius:6px;background:var(--card)}
.figures dd{font-size:1.375rem;font-weight:600;line-height:1.25}
.figures .fail dd{color:var(--fail)}.figures .pass dd{color:var(--pass)}
.figures dt{font-size:.875rem}

.traffic{--label:18rem;--calm:light-dark(#9fb5a8,#4f6b5c);--shade:light-dark(#f1f2f0,#22262c);--silent:light-dark(#d8952a,#e9b95c);--event:light-dark(#5b7fa6,#7fa3cc)}
.traffic figcaption{display:flex;flex-wrap:wrap;gap:.15rem 1.25rem;margin-bottom:.6rem;color:var(--soft);font-size:.875rem}
figcaption i{position:static!important;display:inline-block;width:.9rem;height:.7rem;vertical-align:-.05rem;margin-right:.15rem}
figcaption .slowest{background:var(--calm);clip-path:polygon(0 100%,0 55%,35% 55%,35% 10%,60% 10%,60% 55%,100% 55%,100% 100%)}
figcaption .lost{width:3px;background:var(--fail)}figcaption .silent{background:var(--silent)}figcaption .event{width:2px;background:var(--event)}
.tools{display:flex;flex-wrap:wrap;align-items:center;gap:.4rem;position:sticky;top:0;z-index:4;padding:.4rem 0;background:var(--ground)}
.tools[hidden]{display:none}
.tools button{padding:.25rem .7rem;border:1px solid var(--line);border-radius:6px;background:var(--card);color:inherit;font:inherit;font-size:.875rem;cursor:pointer}
.tools button:hover{border-color:var(--link)}
.readout{flex:1 1 24rem;min-height:2.6em;font-size:.875rem;line-height:1.3;align-content:center}
.chart{container-type:inline-size;border:1px solid var(--line);border-radius:8px;background:var(--card)}
.rows{position:relative;width:calc(var(--label) + (100cqi - var(--label))*var(--zoom,1));padding-bottom:.5rem}
.row{display:flex;align-items:stretch}
.row .label{position:sticky;left:0;z-index:2;flex:none;width:var(--label);padding:0 .6rem 0 .9rem;background:var(--card);border-right:1px solid var(--line);font-size:.8125rem;line-height:1.375rem;color:var(--soft);white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.lane .label{display:flex;gap:.4rem}.lane .label span{flex:1;overflow:hidden;text-overflow:ellipsis}
.row .label b{color:var(--warn)}.row .label b.fail{color:var(--fail)}
.plot{position:relative;flex:1;min-width:0;z-index:1}
.lane .plot{padding:3px 0}
.lane svg{display:block;width:100%;height:1rem}
.lane .slowest{fill:var(--calm)}.lane .silent{fill:var(--silent)}
.lane .lost{stroke:var(--fail);stroke-width:4px;vector-effect:non-scaling-stroke}
.lane.told .label{color:var(--text);background:var(--shade)}
.plot>i,figcaption .break{position:absolute;top:.2rem;width:2px;height:1rem;margin-left:-1px}
.plot>.break,figcaption .break{width:.6rem;height:.6rem;margin:.2rem 0 0 -.3rem;background:var(--fail);rotate:45deg}
.lane .plot{cursor:crosshair}
.events i{background:var(--event)}
.events .plot{min-height:1.375rem}
.group .label{z-index:2;margin:0;padding-top:.5rem;font-weight:600;color:var(--text)}
.phases .plot{height:4.6rem}
.phases .label{padding-top:.25rem}
.phases button{position:absolute;top:0;height:100%;display:grid;align-content:start;container-type:inline-size;padding:.2rem .3rem;border:0;border-top:4px solid var(--pass);background:none;color:inherit;font:inherit;font-size:.75rem;line-height:1.25;text-align:left;overflow:hidden;cursor:pointer}
.phases button:hover,.phases button[aria-pressed=true]{background:var(--shade)}
.phases b{font-size:.875rem;white-space:nowrap}
.phases button>span{display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:2;overflow:hidden;overflow-wrap:anywhere}
@container (width<3.75rem){.phases button>span{display:none}.phases b{font-size:.75rem;letter-spacing:-.03em}}
.phases em{font-style:normal;font-weight:700;color:var(--fail)}
.phases .pass b span{color:var(--pass)}
.phases .fail{border-top-color:var(--fail)}.phases .fail b{color:var(--fail)}
.phases .warn,.phases .inconclusive,.phases .not-run{border-top-color:var(--warn)}.phases .warn b,.phases .inconclusive b,.phases .not-run b{color:var(--warn)}
.phases button:focus-visible{outline-offset:-3px}
.clock .plot{overflow:hidden;height:1.375rem;font-size:.75rem;line-height:1.375rem;color:var(--soft)}
.clock span{white-space:nowrap;position:absolute;padding-left:.25rem;border-left:1px solid var(--line)}
.clock .fine{display:none}.near .clock .fine{display:block}
.bands{position:absolute;left:var(--label);right:0;top:0;bottom:0;overflow:hidden}
.bands>div{position:absolute;top:0;bottom:0;border-left:1px solid var(--line)}
.bands>div:nth-child(even){background:var(--shade)}
.bands>.fail,.bands>.fail:nth-child(even){background:color-mix(in srgb,var(--fail-ground) 70%,var(--card))}
.bands>.inconclusive,.bands>.inconclusive:nth-child(even){background:var(--warn-ground)}
.bands>.cursor,.bands>.chosen{border:0;background:var(--link)!important;opacity:.18;min-width:1px}

.phase{margin-top:.375rem;border:1px solid var(--line);border-left:6px solid var(--pass);border-radius:6px;background:var(--card)}
.phase.fail{border-left-color:var(--fail)}.phase.warn,.phase.inconclusive,.phase.not-run{border-left-color:var(--warn)}
.phase>summary>span{grid-template-columns:10.5rem minmax(0,1fr) 15rem auto}
.phase .lost,.measured .lost b{color:var(--fail);font-weight:600}
.phase .inside h4:first-child{margin-top:.5rem}
.inside>details:not(.check)>summary,.traffic>details>summary{padding:.5rem 0}
.measured{min-width:62rem;width:100%}
.measured td:not(:last-child),.measured thead th:not(:first-child,:last-child){text-align:right;white-space:nowrap}
.measured tbody th[scope=rowgroup]{padding-top:.8rem;font-weight:600}
.measured summary{padding:0}.measured ul{padding:0;list-style:none}.measured th[scope=row]{white-space:nowrap}
.by-phase td{padding-left:.25rem}
.by-phase a{font-weight:600;text-decoration:none}
.by-phase .pass a{color:var(--pass)}.by-phase .fail a{color:var(--fail)}.by-phase .flaky a,.by-phase .not-run a{color:var(--warn)}
.by-phase .fail{background:var(--fail-ground)}
.by-phase .none{color:var(--soft)}
.by-phase th[scope=rowgroup]{padding-top:.8rem;font-weight:600}

@media(max-width:52rem){.traffic{--label:0rem}.row{display:block}.row .label{width:100cqi;border-right:0;background:none;line-height:1.2rem}.lane.told .label{background:none}.phases .label,.clock .label{display:none}.phase>summary>span{display:inline-block}}
@media print{.tools{display:none}.chart{break-inside:avoid}.measured{min-width:0}.traffic{--label:11rem}.bands,.lane svg,.plot>i,figcaption i{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`
