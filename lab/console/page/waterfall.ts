import type { LogRecord, SpanRecord, TraceDetail } from '../api-types.ts';
import { httpStatusIn } from '../http-status.ts';
import { type CriticalPart, criticalPath } from './critical-path.ts';
import { duration, elapsed, named, said } from './format.ts';
import { h } from './h.ts';
import { createSelection } from './selection.ts';
import { mainTree, type SpanTree, toSpanTrees } from './span-tree.ts';

export interface Waterfall {
  element: HTMLElement;
  /** The id of the selected span; empty if none is selected. */
  selected(): string;
  select(spanId: string): void;
  /** @returns whether there was a selection to clear */
  clear(): boolean;
  onKey(key: string): boolean;
}

/** The position of a time, in per cent of the trace's duration. */
type Place = (time: number) => number;

/** Pixels by which a child is indented, and the deepest one: what remains of the column is for names. */
const indent = 14;
const deepest = 160;

const services = ['--blue', '--teal', '--violet', '--amber', '--green'];

/** The spans of a trace over time, each with its events, its log lines and its part of the critical path. */
export function createWaterfall(
  trace: TraceDetail,
  onSelect: (span: SpanRecord | undefined, key: string) => void,
): Waterfall {
  const start = Math.min(...trace.spans.map((span) => span.start));
  const end = Math.max(...trace.spans.map((span) => span.end));
  const place: Place = (time) => Math.min(Math.max(((time - start) / (end - start || 1)) * 100, 0), 100);
  const trees = toSpanTrees(trace.spans);
  const root = mainTree(trees);
  const parts = Map.groupBy(root ? criticalPath(root) : [], ({ spanId }) => spanId);
  const logs = Map.groupBy(trace.logs, ({ spanId }) => spanId);
  const known = new Set(trace.spans.map(({ spanId }) => spanId));
  const colours = new Map(
    [...new Set(trace.spans.map(({ service }) => service))].map((service, index) => [
      service,
      services[index % services.length] ?? '--blue',
    ]),
  );

  const step = Math.min(indent, deepest / Math.max(...trees.map(levelsOf), 1));

  /** A span, and below it its children and log lines in chronological order. */
  function rowsOf({ span, children }: SpanTree, depth: number): HTMLElement[] {
    const colour = colours.get(span.service) ?? '--blue';
    const row = spanRow(span, depth * step, { place, start, parts: parts.get(span.spanId) ?? [], colour });
    const below = [
      ...children.map((child) => ({ time: child.span.start, rows: () => rowsOf(child, depth + 1) })),
      ...(logs.get(span.spanId) ?? []).map((line, index) => ({
        time: line.time,
        rows: () => [logRow(line, `${span.spanId}-${index}`, { left: (depth + 1) * step, place, start })],
      })),
    ];
    return [row, ...below.toSorted((a, b) => a.time - b.time).flatMap(({ rows: made }) => made())];
  }

  const rows = h(
    'ul',
    { class: 'spans', tabindex: 0, 'aria-label': 'Spans' },
    ...trees.flatMap((tree) => rowsOf(tree, 0)),
    ...trace.logs
      .filter(({ spanId }) => !known.has(spanId))
      .map((line, index) => logRow(line, `elsewhere-${index}`, { left: step, place, start })),
  );
  const spanOf = (key: string) => trace.spans.find(({ spanId }) => spanId === key.split('-')[0]);
  const selection = createSelection(rows, (key) => onSelect(spanOf(key), key));
  rows.addEventListener('click', (event) => {
    const row = event.target instanceof Element ? event.target.closest('li') : null;
    if (row?.dataset['key'] !== undefined) selection.select(row.dataset['key']);
  });

  return {
    element: h('div', { class: 'waterfall' }, ruler(end - start), rows, legendOf(colours)),
    selected: () => selection.key,
    select(spanId) {
      if (spanId !== '') selection.select(spanId);
    },
    clear() {
      const had = selection.key !== '';
      if (had) selection.clear();
      return had;
    },
    onKey: (key) => selection.move(key),
  };
}

/** The levels below a span. */
function levelsOf({ children }: SpanTree): number {
  return children.reduce((most, child) => Math.max(most, 1 + levelsOf(child)), 0);
}

/** @param indented pixels */
function spanRow(
  span: SpanRecord,
  indented: number,
  {
    place,
    start,
    parts,
    colour,
  }: { place: Place; start: number; parts: readonly CriticalPart[]; colour: string },
): HTMLElement {
  const isFailed = span.failed;
  const status = httpStatusIn(span.attributes);
  const answer = typeof status === 'number' ? status : undefined;
  const left = place(span.start);
  const width = place(span.end) - left;
  return h(
    'li',
    { class: `span${isFailed ? ' failed' : ''}`, 'data-key': span.spanId, tabindex: -1 },
    h(
      'div',
      { class: 'what', style: { 'padding-left': `${indented}px` } },
      h('i', { class: 'service', style: { background: `var(${colour})` }, title: span.service }),
      h('span', { class: 'name' }, named(span.name)),
      h('span', { class: 'kind' }, span.kind.toLowerCase()),
      isFailed && h('span', { class: 'status bad', title: span.message }, span.message || 'failed'),
      !isFailed && answer !== undefined && answer >= 400 && h('span', { class: 'status warn' }, answer),
    ),
    h(
      'div',
      { class: 'track' },
      h('span', {
        class: `bar${left + width > 70 ? ' at-end' : ''}`,
        style: { left: `${left}%`, width: `${width}%`, background: `var(${isFailed ? '--red' : colour})` },
      }),
      ...parts.map(({ from, to }) =>
        h('span', {
          class: 'critical',
          title: 'critical path',
          style: { left: `${place(from)}%`, width: `${place(to) - place(from)}%` },
        }),
      ),
      ...span.events.map((event) =>
        h('span', {
          class: 'event',
          title: `${named(event.name)}, ${duration(event.time - start)}`,
          style: { left: `${place(event.time)}%` },
        }),
      ),
    ),
    h('span', { class: 'duration' }, duration(span.end - span.start)),
  );
}

function logRow(
  line: LogRecord,
  key: string,
  { left, place, start }: { left: number; place: Place; start: number },
): HTMLElement {
  return h(
    'li',
    { class: 'line', 'data-key': key },
    h(
      'div',
      { class: 'what', style: { 'padding-left': `${left}px` } },
      h('span', { class: `level ${line.level}` }, line.level),
      h('span', { class: 'name', title: line.event }, said(line)),
    ),
    h(
      'div',
      { class: 'track' },
      h('span', { class: `moment ${line.level}`, style: { left: `${place(line.time)}%` } }),
    ),
    h('span', { class: 'duration' }, `+${elapsed(line.time - start)}`),
  );
}

function ruler(length: number): HTMLElement {
  const marks = [0, 0.25, 0.5, 0.75, 1];
  return h(
    'div',
    { class: 'ruler', 'aria-hidden': true },
    h('span', {}),
    h(
      'div',
      { class: 'track' },
      ...marks.map((share) => h('span', { style: { left: `${share * 100}%` } }, duration(length * share))),
    ),
    h('span', {}),
  );
}

function legendOf(colours: ReadonlyMap<string, string>): HTMLElement {
  return h(
    'ul',
    { class: 'legend' },
    ...[...colours].map(([service, colour]) =>
      h('li', {}, h('i', { style: { background: `var(${colour})` } }), service),
    ),
    h('li', {}, h('i', { class: 'critical' }), 'critical path'),
    h('li', {}, h('i', { class: 'event' }), 'event'),
  );
}
