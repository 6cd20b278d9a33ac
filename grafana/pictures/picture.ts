import { escapeText } from '../../src/http/html-text.ts';
import type { DashboardFile, Panel } from './dashboard-file.ts';
import { drawHeatmap, drawQuery, drawStat, drawStates } from './other-panels.ts';
import { type Range, type Series, seriesOf } from './series.ts';
import { type Box, fit, round, text } from './svg.ts';
import { drawTimeSeries } from './time-series.ts';

const column = 50;
const row = 28;
const gap = 6;
const top = 58;
const width = 24 * column;

/** A dashboard as this project draws it from the data of a Prometheus: an expectation, and not Grafana's own rendering. */
export async function drawDashboard(
  prometheusUrl: string,
  { title, description, panels }: DashboardFile,
  range: Range,
): Promise<{ svg: string; empty: string[] }> {
  const empty: string[] = [];
  const drawn: string[] = [];
  for (const panel of panels) {
    const isQueried = !['row', 'logs', 'table'].includes(panel.type);
    const series = isQueried ? await seriesOf(prometheusUrl, panel, range) : [];
    if (isQueried && series.length === 0) empty.push(panel.title);
    drawn.push(drawPanel(panel, series, range));
  }
  const height = top + row * Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h)) + gap;
  const minutes = Math.round((range.to - range.from) / 60);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="10" role="img">
<title>${escapeText(title)}, drawn by this project</title>
<style>
  .page { fill: #f4f5f5 } .card { fill: #fff; stroke: #dcdcdc } text { fill: #666 } .title { fill: #222; font-size: 12px; font-weight: 600 }
  .head { fill: #111; font-size: 18px; font-weight: 600 } .row { fill: #222; font-size: 13px; font-weight: 600 } .soft { fill: #777; font-size: 11px }
  .value { fill: #fff; font-weight: 600 } .name { fill: #fff } .code { fill: #555; font: 10.5px ui-monospace, monospace } .grid { stroke: #e6e6e6 }
  polyline { fill: none; stroke-width: 1.4 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #111217 } .card { fill: #181b1f; stroke: #2c2f36 } text { fill: #9a9da5 } .title, .row, .head { fill: #e0e2e8 }
    .code { fill: #aab } .soft { fill: #888 } .grid { stroke: #2a2d33 } .value, .name { fill: #fff }
  }
</style>
<rect class="page" width="${width}" height="${height}"/>
${text(escapeText(title), { x: gap + 4, y: 24, kind: 'head' })}
${text(escapeText(description), { x: gap + 4, y: 44, kind: 'soft' })}
${text(`Drawn by this project's own plots, not by Grafana, from ${minutes} minutes of the stack's default traffic`, { x: width - gap - 4, y: 24, kind: 'soft', anchor: 'end' })}
${drawn.join('\n')}
</svg>
`;
  return { svg, empty };
}

function drawPanel(panel: Panel, series: readonly Series[], range: Range): string {
  const { x, y, w, h } = panel.gridPos;
  const outer: Box = {
    x: x * column + gap / 2,
    y: top + y * row,
    width: w * column - gap,
    height: h * row - gap,
  };
  if (panel.type === 'row')
    return text(escapeText(`▾ ${panel.title}`), { x: outer.x + 4, y: outer.y + 17, kind: 'row' });
  const inner: Box = { x: outer.x + 6, y: outer.y + 24, width: outer.width - 12, height: outer.height - 30 };
  const card = `<rect class="card" x="${round(outer.x)}" y="${round(outer.y)}" width="${round(outer.width)}" height="${round(outer.height)}" rx="3"/>`;
  const title = text(fit(panel.title, outer.width - 16, 12), {
    x: outer.x + 8,
    y: outer.y + 17,
    kind: 'title',
  });
  return `<g>${card}${title}\n${drawInside(panel, series, range, inner)}</g>`;
}

function drawInside(panel: Panel, series: readonly Series[], range: Range, box: Box): string {
  if (panel.type === 'logs' || panel.type === 'table') return drawQuery(panel, box);
  if (series.length === 0)
    return text('No data', {
      x: box.x + box.width / 2,
      y: box.y + box.height / 2,
      kind: 'soft',
      anchor: 'middle',
    });
  if (panel.type === 'stat') return drawStat(panel, series, box);
  if (panel.type === 'state-timeline') return drawStates(panel, series, range, box);
  if (panel.type === 'heatmap') return drawHeatmap(series, range, box);
  return drawTimeSeries(panel, series, range, box);
}
