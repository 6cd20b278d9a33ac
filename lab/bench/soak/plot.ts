import { mebibyte } from './run.ts';
import type { SoakReport } from './report.ts';

const width = 720;
const height = 300;
const margin = { left: 48, right: 130, top: 28, bottom: 36 };
const lineHeight = 13;
const inner = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom };

/** Heap and RSS over time, one colour per run. Legible in light and dark. */
export function plotSoak({ runs, settings }: SoakReport): string {
  const seconds = settings.minutes * 60;
  const all = runs.flatMap(({ run }) => run.samples.map(({ resident }) => resident / mebibyte));
  const top = 40 * Math.ceil(Math.max(...all, 1) / 40);
  const x = (at: number) => margin.left + (inner.width * at) / seconds;
  const y = (mebibytes: number) => margin.top + inner.height * (1 - mebibytes / top);

  const rows = Array.from({ length: 5 }, (_, index) => (top * index) / 4).map(
    (value) =>
      `<line class="grid" x1="${margin.left}" x2="${margin.left + inner.width}" y1="${y(value)}" y2="${y(value)}"/>` +
      `<text x="${margin.left - 6}" y="${y(value) + 4}" text-anchor="end">${value.toFixed(0)}</text>`,
  );
  const step = Math.max(1, Math.round(settings.minutes / 10));
  const columns = Array.from(
    { length: Math.floor(settings.minutes / step) + 1 },
    (_, index) => index * step,
  ).map((minute) => `<text x="${x(minute * 60)}" y="${height - 16}" text-anchor="middle">${minute}</text>`);
  const curves = runs.flatMap(({ run: { exporter, samples } }, index) =>
    (['heap', 'resident'] as const).map((figure) => ({
      colour: `run${index}`,
      figure,
      label: `${figure === 'heap' ? 'heap' : 'RSS'}, ${exporter}`,
      points: samples.map((sample) => [x(sample.at), y(sample[figure] / mebibyte)] as const),
    })),
  );
  const lines = curves.map(
    ({ colour, figure, points }) =>
      `<polyline class="${colour} ${figure}" points="${points.map((point) => point.map((value) => value.toFixed(1)).join(',')).join(' ')}"/>`,
  );
  const labels = spreadOut(
    curves.map(({ colour, label, points }) => ({ colour, label, at: points.at(-1)?.[1] ?? 0 })),
  ).map(
    ({ colour, label, at }) =>
      `<text class="${colour}" x="${margin.left + inner.width + 6}" y="${(at + 4).toFixed(1)}">${label}</text>`,
  );

  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="11" role="img">
<title>Memory in use under a steady load, by state of the telemetry receiver</title>
<style>
  text { fill: #444 } .title { fill: #111; font-weight: 600 } .grid { stroke: #e5e5e5 }
  polyline { fill: none; stroke-width: 2 } .resident { stroke-dasharray: 4 3 }
  polyline.run0 { stroke: #0a7d4b } text.run0 { fill: #0a7d4b }
  polyline.run1 { stroke: #c2410c } text.run1 { fill: #c2410c }
  polyline.run2 { stroke: #1d4ed8 } text.run2 { fill: #1d4ed8 }
  @media (prefers-color-scheme: dark) {
    text { fill: #bbb } .title { fill: #eee } .grid { stroke: #333 }
    polyline.run0 { stroke: #4ade80 } text.run0 { fill: #4ade80 }
    polyline.run1 { stroke: #fb923c } text.run1 { fill: #fb923c }
    polyline.run2 { stroke: #93c5fd } text.run2 { fill: #93c5fd }
  }
</style>
<text class="title" x="8" y="16">Memory in use, MiB, over minutes at ${settings.rate} orders a second</text>
${[...rows, ...columns, ...lines, ...labels].join('\n')}
</svg>
`;
}

/** Stacks the labels of lines that end in the same place. */
function spreadOut<Label extends { at: number }>(labels: readonly Label[]): Label[] {
  const placed = labels.toSorted((a, b) => a.at - b.at);
  for (const [index, label] of placed.entries()) {
    const above = placed[index - 1];
    if (above) label.at = Math.max(label.at, above.at + lineHeight);
  }
  return placed;
}
