import { escapeText } from '../../src/http/html-text.ts';
import type { Panel } from './dashboard-file.ts';
import { lastOf, type Range, type Series } from './series.ts';
import { type Box, colourAt, colourNamed, fit, round, text, widthOf } from './svg.ts';
import { timeAxis } from './time-series.ts';
import { show } from './units.ts';

/** The last value of each series on the colour of its threshold, over its course. */
export function drawStat(panel: Panel, series: readonly Series[], box: Box): string {
  const { unit, decimals, thresholds, mappings = [] } = panel.fieldConfig?.defaults ?? {};
  const named = (panel.targets ?? []).length > 1 || (panel.targets?.[0]?.legendFormat ?? '').includes('{{');
  const width = box.width / Math.max(1, series.length);
  return series
    .map((each, index) => {
      const value = lastOf(each);
      const mapped = value === undefined ? undefined : mappings[0]?.options[String(value)];
      const shown = value === undefined ? '–' : (mapped?.text ?? show(value, unit, decimals));
      const colour =
        mapped === undefined ? colourAt(thresholds?.steps ?? [], value ?? 0) : colourNamed(mapped.color);
      const x = box.x + index * width;
      const tile = { x, y: box.y, width: width - 3, height: box.height };
      const size = Math.min(24, (tile.width * 0.82) / Math.max(1, widthOf(shown, 1)));
      const middle = x + tile.width / 2;
      return [
        `<rect x="${round(x)}" y="${round(box.y)}" width="${round(tile.width)}" height="${round(box.height)}" rx="3" fill="${colour}"/>`,
        spark(each, tile),
        `<text class="value" x="${round(middle)}" y="${round(box.y + box.height / 2 + (named ? 12 : 6))}" font-size="${round(size)}" text-anchor="middle">${escapeText(shown)}</text>`,
        named
          ? text(fit(each.name, tile.width - 6, 10), {
              x: middle,
              y: box.y + 16,
              kind: 'name',
              anchor: 'middle',
            })
          : '',
      ].join('');
    })
    .join('\n');
}

function spark({ values }: Series, { x, y, width, height }: Box): string {
  const known = values.filter((value) => value !== undefined);
  const low = Math.min(...known);
  const span = Math.max(...known) - low;
  if (known.length < 2 || span === 0) return '';
  const points = values.flatMap((value, index) =>
    value === undefined
      ? []
      : [
          `${round(x + (width * index) / (values.length - 1))},${round(y + height - 2 - (height * 0.4 * (value - low)) / span)}`,
        ],
  );
  return `<polyline points="${points.join(' ')}" stroke="#fff" stroke-opacity="0.45"/>`;
}

/** One band for each series, in the colours and words of its states. */
export function drawStates(panel: Panel, series: readonly Series[], range: Range, box: Box): string {
  const options = panel.fieldConfig?.defaults.mappings?.[0]?.options ?? {};
  const plot = { x: box.x + 74, y: box.y + 6, width: box.width - 84, height: box.height - 26 };
  const height = Math.min(46, plot.height / Math.max(1, series.length));
  const bands = series.map(({ name, values }, row) => {
    const y = plot.y + row * height;
    const step = plot.width / Math.max(1, values.length);
    const stretches: Array<{ from: number; to: number; value: number }> = [];
    for (const [index, value] of values.entries()) {
      if (value === undefined) continue;
      const last = stretches.at(-1);
      if (last?.to === index && last.value === value) last.to = index + 1;
      else stretches.push({ from: index, to: index + 1, value });
    }
    const cells = stretches.map(({ from, to, value }) => {
      const state = options[String(value)];
      const width = (to - from) * step;
      return (
        `<rect x="${round(plot.x + from * step)}" y="${round(y + height * 0.1)}" width="${round(width)}" height="${round(height * 0.8)}" fill="${colourNamed(state?.color ?? 'text')}" fill-opacity="0.7"/>` +
        (width > 60
          ? `<text class="value" x="${round(plot.x + from * step + 8)}" y="${round(y + height / 2 + 4)}">${escapeText(state?.text ?? String(value))}</text>`
          : '')
      );
    });
    return `${text(fit(name, 68, 10), { x: plot.x - 6, y: y + height / 2 + 4, anchor: 'end' })}${cells.join('')}`;
  });
  return `${bands.join('\n')}${timeAxis(range, { ...plot, height: plot.height })}`;
}

/** The buckets of a histogram over time. Prometheus counts each bucket together with the smaller ones. */
export function drawHeatmap(series: readonly Series[], range: Range, box: Box): string {
  const buckets = series
    .map((each) => ({ ...each, bound: Number(each.labels['le'] === '+Inf' ? Infinity : each.labels['le']) }))
    .toSorted((a, b) => a.bound - b.bound);
  const plot = { x: box.x + 74, y: box.y + 6, width: box.width - 84, height: box.height - 26 };
  const height = plot.height / Math.max(1, buckets.length);
  const cells = buckets.map(({ values }, row) =>
    values.map((value, index) => Math.max(0, (value ?? 0) - (buckets[row - 1]?.values[index] ?? 0))),
  );
  const highest = Math.max(...cells.flat(), 1e-9);
  const rows = buckets.map(({ name }, row) => {
    const y = plot.y + plot.height - (row + 1) * height;
    const step = plot.width / Math.max(1, cells[row]?.length ?? 1);
    const squares = (cells[row] ?? []).map((value, index) =>
      value < 1e-9
        ? ''
        : `<rect x="${round(plot.x + index * step)}" y="${round(y)}" width="${round(step - 0.6)}" height="${round(height - 0.6)}" fill="#e0752d" fill-opacity="${(0.12 + 0.88 * Math.sqrt(value / highest)).toFixed(2)}"/>`,
    );
    const isNamed = row % 2 === 0 || buckets.length < 12;
    const label = text(escapeText(name), { x: plot.x - 6, y: y + height / 2 + 3, anchor: 'end' });
    return `${isNamed ? label : ''}${squares.join('')}`;
  });
  return `${rows.join('')}${timeAxis(range, plot)}`;
}

/** What is read from Loki is not drawn: its query stands in its place. */
export function drawQuery(panel: Panel, box: Box): string {
  const lines = (panel.targets ?? []).flatMap(({ expr }) => wrap(expr, Math.floor((box.width - 24) / 6.2)));
  return [
    text(panel.type === 'logs' ? 'Log lines from Loki, newest first:' : 'A table of counts from Loki:', {
      x: box.x + 12,
      y: box.y + 22,
      kind: 'soft',
    }),
    ...lines.map(
      (line, index) =>
        `<text class="code" x="${box.x + 12}" y="${box.y + 42 + 15 * index}">${escapeText(line)}</text>`,
    ),
  ].join('');
}

function wrap(query: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of query.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < columns)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
