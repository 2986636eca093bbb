// How the page of a deploy looks: greys and one accent, which is the colour of the verdict. Light or dark as the reader's system.

import type { Tone } from "./view.ts";

/** The accent in light and in dark, each with enough contrast for text on the ground. */
const ACCENTS: Readonly<Record<Tone, readonly [light: string, dark: string]>> = {
  good: ["#0b7a4b", "#4cc38a"],
  bad: ["#c0321f", "#ff8a73"],
  open: ["#8a5a00", "#f0b429"],
};

export function styleOf(tone: Tone): string {
  const [light, dark] = ACCENTS[tone];
  return `
:root { color-scheme: light dark; --ground: #fff; --text: #1d2126; --quiet: #667080; --rule: #e2e5e9; --soft: #f5f6f8; --grey: #8a94a3; --accent: ${light}; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171b; --text: #dfe3e8; --quiet: #98a2b0; --rule: #2b3037; --soft: #1b1f24; --grey: #7d8794; --accent: ${dark}; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 2.5rem 1.25rem 4rem; font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--ground); }
header { border-left: .35rem solid var(--accent); padding-left: 1.1rem; }
h1 { margin: 0; font-size: 2.4rem; line-height: 1.15; letter-spacing: -.02em; color: var(--accent); }
header p { margin: .4rem 0 0; font-size: 1.15rem; overflow-wrap: anywhere; }
header .title { font-size: .95rem; color: var(--quiet); margin: 0 0 .3rem; }
h2 { margin: 2.6rem 0 .6rem; font-size: 1.05rem; }
h2 small { font-weight: 400; color: var(--quiet); font-size: .9rem; }
dl { display: flex; flex-wrap: wrap; gap: .6rem 2rem; margin: 1.4rem 0 0; }
dt { font-size: .8rem; color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 400; font-size: .8rem; color: var(--quiet); }
th, td { padding: .4rem .9rem .4rem 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
th:last-child, td:last-child { padding-right: 0; }
.number { text-align: right; white-space: nowrap; }
.mark { width: 2.2rem; white-space: nowrap; color: var(--quiet); }
.no { color: ${tone === "good" ? "var(--text)" : "var(--accent)"}; font-weight: 700; }
.name { max-width: 14rem; overflow: hidden; font-weight: 600; }
.more { color: var(--quiet); } .more.no { font-weight: 400; color: var(--text); }
.wide { overflow-wrap: anywhere; min-width: 12rem; }
.quiet { color: var(--quiet); font-size: .85rem; }
.plots { display: grid; gap: 1.6rem; }
.plots > div { min-width: 0; }
.plots h3 { margin: 0 0 .3rem; font-size: .92rem; font-weight: 600; }
details { margin-top: 1rem; } summary { cursor: pointer; color: var(--quiet); }
pre { background: var(--soft); padding: .8rem 1rem; overflow-x: auto; font-size: .85rem; }
.u-legend { width: auto; font-size: .85rem; } .u-legend th, .u-legend td { border: 0; padding: .2rem; color: var(--quiet); }
@media print { body { max-width: none; padding: 0; } }
`;
}
