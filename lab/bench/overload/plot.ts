import type { Outcome } from './outcome.ts';
import type { OverloadReport, Scene } from './report.ts';

const width = 390;
const height = 200;
const margin = { left: 52, right: 16, top: 34, bottom: 34 };
const inner = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom };

/** Per scene, paid orders and their p99 over the load, with admission control on and off. Legible in light and dark. */
export function plotOverload({ scenes }: OverloadReport): string {
  const panels = scenes.flatMap(({ name, title, outcomes }, row) => {
    const paid = ({ share }: Outcome) => 100 * share;
    const p99 = ({ accepted }: Outcome) => accepted.p99;
    return [
      panel(
        { column: 0, row, title: `${title}: paid, % of capacity`, legend: legends[name] },
        outcomes,
        paid,
      ),
      panel({ column: 1, row, title: 'p99 of the paid, ms', legend: legends[name] }, outcomes, p99),
    ];
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${2 * width} ${scenes.length * height}" font-family="system-ui, sans-serif" font-size="11" role="img">
<title>Paid orders and their p99 over the load, with and without admission control</title>
<style>
  text { fill: #444 } .title { fill: #111; font-weight: 600 } .axis { stroke: #bbb } .grid { stroke: #e5e5e5 }
  .on { stroke: #0a7d4b; fill: #0a7d4b } .off { stroke: #c2410c; fill: #c2410c } polyline.on, polyline.off { fill: none; stroke-width: 2 }
  text.on, text.off { stroke: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #bbb } .title { fill: #eee } .axis { stroke: #555 } .grid { stroke: #333 }
    .on { stroke: #4ade80; fill: #4ade80 } .off { stroke: #fb923c; fill: #fb923c }
  }
</style>
${panels.join('\n')}
</svg>
`;
}

/** The names of the two curves. */
const legends: Record<Scene['name'], [string, string]> = {
  gateway: ['admission on', 'off'],
  processor: ['admission on', 'off'],
  proxy: ['behind HAProxy', 'without'],
};

function panel(
  { column, row, title, legend }: { column: number; row: number; title: string; legend: [string, string] },
  outcomes: Record<'on' | 'off', Outcome[]>,
  valueOf: (outcome: Outcome) => number,
): string {
  const loads = outcomes.on.map(({ multiple }) => multiple);
  const values = [...outcomes.on, ...outcomes.off].map(valueOf).filter(Number.isFinite);
  const top = roundUp(Math.max(...values));
  const x = (index: number) =>
    Math.round(margin.left + (index * inner.width) / Math.max(1, loads.length - 1));
  const y = (value: number) => margin.top + inner.height * (1 - value / top);
  const lines = [0, 0.5, 1].map(
    (share) =>
      `<line class="grid" x1="${margin.left}" x2="${width - margin.right}" y1="${y(share * top)}" y2="${y(share * top)}"/>` +
      `<text x="${margin.left - 6}" y="${y(share * top) + 4}" text-anchor="end">${share * top}</text>`,
  );
  const labels = loads.map(
    (load, index) => `<text x="${x(index)}" y="${height - 14}" text-anchor="middle">${load}×</text>`,
  );
  const curves = (['on', 'off'] as const).map((admission) => {
    const points = outcomes[admission]
      .map((outcome, index) => ({ x: x(index), value: valueOf(outcome) }))
      .filter(({ value }) => Number.isFinite(value))
      .map((point) => `${point.x},${y(point.value).toFixed(1)}`);
    const dots = points.map((point) => {
      const [cx, cy] = point.split(',');
      return `<circle class="${admission}" cx="${cx}" cy="${cy}" r="3"/>`;
    });
    return `<polyline class="${admission}" points="${points.join(' ')}"/>${dots.join('')}`;
  });
  return `<g transform="translate(${column * width} ${row * height})">
<text class="title" x="8" y="16">${title}</text>
<text class="on" x="${width - margin.right - 70}" y="28" text-anchor="end">${legend[0]}</text><text class="off" x="${width - margin.right}" y="28" text-anchor="end">${legend[1]}</text>
${lines.join('')}${labels.join('')}<line class="axis" x1="${margin.left}" x2="${width - margin.right}" y1="${y(0)}" y2="${y(0)}"/>
${curves.join('\n')}
</g>`;
}

/** Rounds up to a number that is easy to halve. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return ([1, 1.2, 1.6, 2, 3, 4, 6, 8].find((factor) => factor * power >= value) ?? 10) * power;
}
