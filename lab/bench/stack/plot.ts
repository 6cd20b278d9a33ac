import type { Observed } from './observe.ts';
import type { StackReport } from './report.ts';

const columns = 4;
const width = 240;
const height = 130;
const margin = { left: 34, right: 10, top: 28, bottom: 20 };
const inner = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom };
const mebibyte = 2 ** 20;

/** Memory over time, one small plot per container, below its limit. Legible in light and dark. */
export function plotStack({ observation: { minutes, containers } }: StackReport): string {
  const running = containers.filter(({ samples }) => samples.length > 1);
  const rows = Math.ceil(running.length / columns);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${columns * width} ${rows * height + 24}" font-family="system-ui, sans-serif" font-size="11" role="img">
<title>Memory of each container over time, below its limit</title>
<style>
  text { fill: #444 } .title { fill: #111; font-weight: 600 } .grid { stroke: #e5e5e5 } .limit { stroke: #c2410c; stroke-dasharray: 4 3 }
  polyline { fill: none; stroke-width: 1.5; stroke: #9ca3af } polyline.own { stroke: #0a7d4b } text.own { fill: #0a7d4b } text.limit { fill: #c2410c; stroke: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #bbb } .title { fill: #eee } .grid { stroke: #333 } .limit { stroke: #fb923c } text.limit { fill: #fb923c }
    polyline { stroke: #6b7280 } polyline.own { stroke: #4ade80 } text.own { fill: #4ade80 }
  }
</style>
<text x="8" y="14">MiB over ${minutes} minutes.</text><text class="own" x="150" y="14">green: cannot be reclaimed</text><text x="310" y="14">grey: with cached files</text><text class="limit" x="450" y="14">dashed: limit</text>
${running.map((entry, index) => panel(entry, minutes, index)).join('\n')}
</svg>
`;
}

function panel({ name, limit, samples }: Observed, minutes: number, index: number): string {
  const top = (limit / mebibyte) * 1.05;
  const x = (minute: number) => margin.left + (inner.width * minute) / minutes;
  const y = (bytes: number) => margin.top + inner.height * (1 - bytes / mebibyte / top);
  const line = (figure: 'usage' | 'own') =>
    `<polyline class="${figure}" points="${samples.map((each) => `${x(each.minute).toFixed(1)},${y(each[figure]).toFixed(1)}`).join(' ')}"/>`;
  const mark = (bytes: number, kind: string) =>
    `<line class="${kind}" x1="${margin.left}" x2="${margin.left + inner.width}" y1="${y(bytes).toFixed(1)}" y2="${y(bytes).toFixed(1)}"/>` +
    `<text x="${margin.left - 5}" y="${(y(bytes) + 4).toFixed(1)}" text-anchor="end">${(bytes / mebibyte).toFixed(0)}</text>`;
  const left = (index % columns) * width;
  const down = Math.floor(index / columns) * height + 20;
  return `<g transform="translate(${left} ${down})"><text class="title" x="${margin.left}" y="18">${name}</text>
${mark(0, 'grid')}${mark(limit, 'limit')}${line('usage')}${line('own')}
<text x="${margin.left}" y="${height - 6}" text-anchor="middle">0</text><text x="${margin.left + inner.width}" y="${height - 6}" text-anchor="end">${minutes} min</text></g>`;
}
