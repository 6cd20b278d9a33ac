import { escapeText } from '../../../src/http/html-text.ts';
import type { FiredAlert, ExperimentResult, TimelinePoint } from '../experiment-run.ts';

const width = 760;
const margin = { left: 52, right: 118, top: 20, bottom: 24 };
const panelHeight = 92;
const gap = 22;
const stripHeight = 12;
const inner = width - margin.left - margin.right;
const latencyTop = margin.top + panelHeight + gap;
const stripTop = latencyTop + panelHeight + gap - 6;
const height = stripTop + stripHeight + margin.bottom + 6;

const answerSeries = ['paid', 'declined', 'pending', 'refused', 'lost'] as const;
const answerNames = {
  paid: '201 paid',
  declined: '402 declined',
  pending: '202 pending',
  refused: 'refused',
  lost: 'no answer',
};

/**
 * Answers a second, latency and breaker state over the seconds of a run, with the fault shaded and the alerts marked. The
 * page defines the colours.
 */
export function plotResult(
  { title, timeline = [], moments, alerts = [] }: ExperimentResult,
  scale: number,
): string {
  const seconds = Math.max(timeline.length, 1);
  const x = (at: number) => margin.left + (inner * at) / seconds;
  const shade =
    moments === undefined
      ? ''
      : `<rect class="fault" x="${x(moments.faultSet)}" width="${(x(moments.faultCleared) - x(moments.faultSet)).toFixed(1)}" y="${margin.top}" height="${stripTop + stripHeight - margin.top}"/>` +
        `<text class="note" x="${x(moments.faultSet) + 3}" y="${margin.top + 10}">fault</text>`;
  const recovered =
    moments?.recovered === undefined
      ? ''
      : `<line class="recovered" x1="${x(moments.recovered)}" x2="${x(moments.recovered)}" y1="${margin.top}" y2="${stripTop}"/>`;
  return `<svg viewBox="0 0 ${width} ${height}" role="img" class="plot">
<title>${escapeText(title)}: answers a second, latency and breaker over time</title>
${shade}${recovered}
${answersPanel(timeline, x)}
${latencyPanel(timeline, x)}
${breakerStrip(timeline, x)}
${moments === undefined ? '' : alertMarks(alerts, (minutes) => x(moments.faultSet + (minutes * 60) / scale))}
${secondsAxis(seconds, x)}
</svg>`;
}

function answersPanel(timeline: readonly TimelinePoint[], x: (at: number) => number): string {
  const top = roundUp(Math.max(1, ...timeline.flatMap((point) => answerSeries.map((name) => point[name]))));
  const y = (value: number) => margin.top + panelHeight * (1 - value / top);
  const shown = answerSeries.filter((name) => timeline.some((point) => point[name] > 0));
  const lines = shown.map((name) =>
    polyline(
      name,
      timeline.map((point) => [x(point.at + 0.5), y(point[name])]),
    ),
  );
  return `${grid([0, top / 2, top], y, (value) => String(value))}${lines.join('')}${legend(
    shown.map((name) => [name, answerNames[name]]),
    margin.top,
  )}<text class="axis" x="${margin.left}" y="${margin.top - 7}">answers a second</text>`;
}

function latencyPanel(timeline: readonly TimelinePoint[], x: (at: number) => number): string {
  const decades = [1, 10, 100, 1000, 10_000];
  const y = (value: number) =>
    latencyTop + panelHeight * (1 - Math.log10(Math.min(10_000, Math.max(1, value))) / 4);
  const lines = (['p50', 'p99'] as const).map((name) =>
    polyline(
      name,
      timeline.flatMap((point) => {
        const value = point[name];
        return value === undefined ? [] : [[x(point.at + 0.5), y(value)] as const];
      }),
    ),
  );
  return `${grid(decades, y, (value) => (value < 1000 ? `${value} ms` : `${value / 1000} s`))}${lines.join('')}${legend(
    [
      ['p99', 'p99'],
      ['p50', 'p50'],
    ],
    latencyTop,
  )}<text class="axis" x="${margin.left}" y="${latencyTop - 7}">latency of all answers</text>`;
}

function breakerStrip(timeline: readonly TimelinePoint[], x: (at: number) => number): string {
  const cells = timeline.map(
    ({ at, circuit }) =>
      `<rect class="circuit ${circuit ?? 'unknown'}" x="${x(at).toFixed(1)}" width="${(x(at + 1) - x(at) + 0.3).toFixed(1)}" y="${stripTop}" height="${stripHeight}"/>`,
  );
  return `${cells.join('')}<text class="axis" x="${margin.left + inner + 8}" y="${stripTop + 10}">breaker</text>`;
}

function alertMarks(alerts: readonly FiredAlert[], at: (minutes: number) => number): string {
  return alerts
    .filter(({ afterMinutes }) => afterMinutes >= 0)
    .map(({ alert, afterMinutes, expected }) => {
      const left = at(afterMinutes).toFixed(1);
      return `<path class="alert ${expected ? 'expected' : ''}" d="M${left} ${stripTop - 2}l-4 -8h8z"><title>${escapeText(alert)} fires after ${afterMinutes} min</title></path>`;
    })
    .join('');
}

function secondsAxis(seconds: number, x: (at: number) => number): string {
  const step = [1, 2, 5, 10, 20, 60, 120, 600].find((each) => seconds / each <= 10) ?? 3600;
  return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, index) => index * step)
    .map((at) => `<text class="axis" x="${x(at)}" y="${height - 10}" text-anchor="middle">${at} s</text>`)
    .join('');
}

function grid(
  values: readonly number[],
  y: (value: number) => number,
  label: (value: number) => string,
): string {
  return values
    .map(
      (value) =>
        `<line class="grid" x1="${margin.left}" x2="${margin.left + inner}" y1="${y(value).toFixed(1)}" y2="${y(value).toFixed(1)}"/>` +
        `<text class="axis" x="${margin.left - 6}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${label(value)}</text>`,
    )
    .join('');
}

function polyline(name: string, points: ReadonlyArray<readonly [number, number]>): string {
  return `<polyline class="line ${name}" points="${points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ')}"/>`;
}

function legend(entries: ReadonlyArray<readonly [string, string]>, top: number): string {
  return entries
    .map(
      ([name, label], index) =>
        `<text class="legend ${name}" x="${margin.left + inner + 8}" y="${top + 10 + 15 * index}">${label}</text>`,
    )
    .join('');
}

/** The next 1, 2 or 5 times a power of ten. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10) * power;
}
