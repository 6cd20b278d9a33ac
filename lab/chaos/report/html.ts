import type { ExperimentResult } from '../experiment-run.ts';
import { grafanaUrl, jaegerUrl } from './links.ts';
import { expectedAlerts, otherAlerts, preface } from './markdown.ts';
import { escapeText } from '../../../src/http/html-text.ts';
import { plotResult } from './plot.ts';
import type { Report } from './report.ts';
import { drawWaterfall } from './waterfall.ts';

/** One self-contained page without scripts, external fonts or images. It follows the reader's light or dark theme. */
export function toHtml(report: Report, detection: ReadonlyArray<readonly string[]>): string {
  const scale = 'scale' in report.alerts ? report.alerts.scale : 1;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Chaos experiments, ${report.date.slice(0, 10)}</title>
<style>${style}</style>
<main>
<h1>Chaos experiments</h1>
${preface(report)
  .split('\n\n')
  .map((paragraph) => `<p>${inline(paragraph)}</p>`)
  .join('\n')}
${htmlTable([
  ['experiment', 'what breaks', 'verdict', "alerts after minutes of the rules' time"],
  ...report.results.map((result) => [
    `<a href="#${result.name}">${result.name}</a>`,
    escapeText(result.title),
    badge(result.verdict),
    escapeText(expectedAlerts(result)),
  ]),
])}
<h2>Which alert detects which fault</h2>
${htmlTable(detection.map((row) => row.map(inline)))}
<h2>One by one</h2>
<p>In the plots the fault is shaded. A triangle marks a firing alert: coloured if the hypothesis expects it, grey otherwise.
The dashed line marks the return of the steady state. The bar below shows the circuit to the gateway: closed, half-open or open.</p>
${report.results.map((result) => section(result, scale)).join('\n')}
</main>
</html>
`;
}

function section(result: ExperimentResult, scale: number): string {
  const { name, title, story, faults, surroundings, claim, verdict, reason, checks, timeline, trace, look } =
    result;
  const jaeger = jaegerUrl(look);
  const others = otherAlerts(result);
  return `<section id="${name}" class="${verdict}">
<h2>${escapeText(title)} ${badge(verdict)}</h2>
<p>${escapeText(story)}</p>
<dl><dt>Fault</dt><dd>${escapeText(faults.join('; '))}</dd>${
    surroundings.length === 0 ? '' : `<dt>With</dt><dd>${escapeText(surroundings.join(', '))}</dd>`
  }<dt>Hypothesis</dt><dd>${escapeText(claim)}</dd>${
    reason === undefined ? '' : `<dt>Skipped</dt><dd>${escapeText(reason)}</dd>`
  }</dl>
${timeline === undefined ? '' : plotResult(result, scale)}
${
  checks.length === 0
    ? ''
    : htmlTable([
        ['about', 'claim', 'seen', ''],
        ...checks.map((check) => [
          check.about,
          escapeText(check.claim),
          escapeText(check.seen),
          badge(check.verdict),
        ]),
      ])
}
${others === '' ? '' : `<p>${escapeText(others)}</p>`}
${trace === undefined ? '' : `<details open><summary>Example trace <code>${trace.id}</code></summary>${drawWaterfall(trace.bars)}</details>`}
<p>Look at: <a href="${grafanaUrl(look)}">${escapeText(look.panel)}</a> in Grafana${
    jaeger === undefined ? '' : `, <a href="${escapeText(jaeger)}">${escapeText(look.traces)}</a> in Jaeger`
  }.</p>
</section>`;
}

const words: Readonly<Record<string, string>> = { unchecked: 'not checked' };

function badge(verdict: string): string {
  return `<span class="badge ${verdict}">${words[verdict] ?? verdict}</span>`;
}

/** Cells are HTML. The first row is the header. */
function htmlTable([head = [], ...rows]: ReadonlyArray<readonly string[]>): string {
  const row = (cells: readonly string[], tag: 'td' | 'th') =>
    `<tr>${cells.map((each) => `<${tag}>${each}</${tag}>`).join('')}</tr>`;
  return `<div class="wide"><table>${row(head, 'th')}${rows.map((cells) => row(cells, 'td')).join('')}</table></div>`;
}

/** Renders code spans, the only Markdown in the texts. */
function inline(text: string): string {
  return escapeText(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}

const style = `
:root { color-scheme: light dark; --text: #222; --soft: #666; --line: #ddd; --page: #fff; --card: #fafafa; --good: #0a7d4b;
  --bad: #c62828; --warn: #b45309; --info: #1d4ed8; --odd: #7e22ce; --shade: #f59e0b33 }
@media (prefers-color-scheme: dark) { :root { --text: #ddd; --soft: #999; --line: #333; --page: #141414; --card: #1c1c1c;
  --good: #4ade80; --bad: #f87171; --warn: #fb923c; --info: #93c5fd; --odd: #d8b4fe; --shade: #f59e0b2b } }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem }
h2 { margin: 1.5rem 0 .4rem; font-size: 1.15rem } section h2 { margin-top: 0 }
section { margin: 1.5rem 0; padding: 1rem 1.25rem; background: var(--card); border: 1px solid var(--line);
  border-left: 4px solid var(--good); border-radius: 6px }
section.failed { border-left-color: var(--bad) } section.skipped { border-left-color: var(--soft) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem } dt { color: var(--soft) } dd { margin: 0 }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: 13px; width: 100% }
th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top }
th { color: var(--soft); font-weight: 500 } a { color: var(--info) } code { font-size: .9em }
.badge { font-size: 12px; font-weight: 600 } .badge.held { color: var(--good) } .badge.failed { color: var(--bad) }
.badge.skipped, .badge.unchecked { color: var(--soft) }
svg { width: 100%; height: auto; font: 11px system-ui, sans-serif; margin: .5rem 0 }
.axis, .note { fill: var(--soft) } .grid { stroke: var(--line) } .fault { fill: var(--shade) }
.recovered { stroke: var(--good); stroke-dasharray: 3 3 }
.line { fill: none; stroke-width: 1.6 }
.line.paid, .line.p50 { stroke: var(--good) } .legend.paid, .legend.p50 { fill: var(--good) }
.line.declined { stroke: var(--soft) } .legend.declined { fill: var(--soft) }
.line.pending { stroke: var(--info) } .legend.pending { fill: var(--info) }
.line.refused, .line.p99 { stroke: var(--warn) } .legend.refused, .legend.p99 { fill: var(--warn) }
.line.lost { stroke: var(--bad) } .legend.lost { fill: var(--bad) }
.circuit.closed { fill: var(--good); opacity: .35 } .circuit.half_open { fill: var(--warn) } .circuit.open { fill: var(--bad) }
.circuit.unknown { fill: var(--line) }
.alert { fill: var(--soft) } .alert.expected { fill: var(--odd) }
.bar { fill: var(--info); opacity: .35 } .bar.failed { fill: var(--bad) } .span { fill: var(--text) } .span-note { fill: var(--text); font-size: 10px }
`;
