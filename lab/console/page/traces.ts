import type { TraceList, TraceSummary } from '../api-types.ts';
import type { Field } from './filter-form.ts';
import { count, duration, named, shortId } from './format.ts';
import { fill, h, setText } from './h.ts';
import { hasKeyboard } from './key-hints.ts';
import { createHeldButton, createListView } from './list-view.ts';
import { createUpload } from './trace-upload.ts';
import { type Column, createSortHead } from './sort-head.ts';
import { createSelection } from './selection.ts';
import { timeCell } from './time-cell.ts';
import type { CreateView } from './view.ts';

/** Maximum number of traces. */
const most = 100;

const fields: readonly Field[] = [
  {
    name: 'status',
    label: 'Status',
    options: [
      ['', 'any'],
      ['failed', 'failed'],
      ['ok', 'not failed'],
      ['2xx', '2xx'],
      ['4xx', '4xx'],
      ['5xx', '5xx'],
    ],
  },
  { name: 'longer', label: 'At least, ms', type: 'number', width: 7 },
  { name: 'route', label: 'Route', placeholder: '/orders', width: 12 },
  { name: 'service', label: 'Service', placeholder: 'orders', width: 12 },
  { name: 'order', label: 'Order', placeholder: 'order id', width: 15 },
  { name: 'text', label: 'Text', placeholder: 'in names and attributes', width: 24 },
];

/** The newest traces as they arrive. The list holds still while a row is selected, or the pointer or the focus is in it. */
export const tracesView: CreateView = (address, page) => {
  const rows = h('ul', { class: 'rows traces' });
  const held = createHeldButton(() => selection.clear());
  const empty = h('p', { class: 'empty' }, 'Waiting for traces.');
  const selection = createSelection(rows, (key) => {
    if (key === '') show();
  });
  /** The newest traces that match, newest first. */
  let newest = new Map<string, TraceSummary>();
  let shown: TraceSummary[] = [];
  let revision = 0;
  let kept = 0;
  const head = createSortHead<TraceSummary>('traces', columns, { address, page }, show);

  function show(): void {
    const known = new Set(shown.map(({ traceId }) => traceId));
    const isHeld = known.has(selection.key) || (shown.length > 0 && rows.matches(':hover, :focus-within'));
    // A trace that is already shown may still grow.
    shown = head.sorted(
      isHeld ? shown.map((trace) => newest.get(trace.traceId) ?? trace) : [...newest.values()],
    );
    const waiting = isHeld ? [...newest.keys()].filter((traceId) => !known.has(traceId)).length : 0;
    held.show(waiting, selection.key !== '' && hasKeyboard() ? 'esc to show' : undefined);
    const longest = Math.max(...shown.map((trace) => trace.duration), 1);
    showRows(longest);
    selection.mark();
    empty.hidden = shown.length > 0;
    setText(
      empty,
      newest.size === 0 && revision > 0 ? 'No trace matches these filters.' : 'Waiting for traces.',
    );
  }

  /** The rows stay where they are, and each shows another trace, because several new ones a second would move all of them. */
  function showRows(longest: number): void {
    while (rows.children.length > shown.length) rows.lastElementChild?.remove();
    for (const [index, trace] of shown.entries()) {
      const known = rows.children[index];
      const row = known instanceof HTMLElement ? known : h('li', {});
      fillRow(row, trace, longest);
      if (row !== known) rows.append(row);
    }
  }

  return createListView<TraceList>(address, page, {
    title: 'Traces',
    path: 'traces',
    fields,
    limit: most,
    selection,
    held: held.element,
    tool: createUpload(page),
    content: [head.element, rows, empty],
    cursor: () => revision,
    counted: () => `${count(shown.length)} of ${count(kept)} kept`,
    reset() {
      newest.clear();
      shown = [];
      revision = 0;
      selection.clear();
    },
    take(list) {
      revision = list.revision;
      kept = list.kept;
      newest = merge(newest, list.traces);
      show();
      return list.partial
        ? 'The text is too long to search in full: only the newest traces were searched.'
        : '';
    },
    release: () => selection.clear(),
    open: (traceId) => page.go(`/traces/${traceId}`),
  });
};

function merge(
  known: ReadonlyMap<string, TraceSummary>,
  fresh: readonly TraceSummary[],
): Map<string, TraceSummary> {
  const all = new Map(known);
  for (const trace of fresh) all.set(trace.traceId, trace);
  // The newest by arrival: otherwise, a process whose clock is ahead would hide all others.
  const newest = [...all.values()].toSorted((a, b) => b.revision - a.revision).slice(0, most);
  const inOrder = newest.toSorted((a, b) => b.start - a.start);
  return new Map(inOrder.map((trace) => [trace.traceId, trace]));
}

const columns: ReadonlyArray<Column<TraceSummary>> = [
  { name: 'start', label: 'Start', compare: (a, b) => a.start - b.start },
  { name: 'name', label: 'Name', compare: (a, b) => a.name.localeCompare(b.name) },
  { name: 'status', label: 'Status', compare: (a, b) => severityOf(a) - severityOf(b) },
  { name: 'duration', label: 'Duration', compare: (a, b) => a.duration - b.duration },
  { name: 'spans', label: 'Spans', compare: (a, b) => a.spans - b.spans },
  {
    name: 'services',
    label: 'Services',
    compare: (a, b) => a.services.join().localeCompare(b.services.join()),
  },
  {
    name: 'order',
    label: 'Order',
    compare: (a, b) => (a.orderIds[0] ?? '').localeCompare(b.orderIds[0] ?? ''),
  },
];

/** Failed traces are worse than any status. */
function severityOf({ failed, httpStatus }: TraceSummary): number {
  return (httpStatus ?? 0) + (failed ? 1000 : 0);
}

const filled = new WeakMap<Element, string>();

function fillRow(row: HTMLElement, trace: TraceSummary, longest: number): void {
  const share = Math.sqrt(trace.duration / longest);
  row.style.setProperty('--share', `${(share * 100).toFixed(1)}%`);
  // Most rows have not changed since the last second.
  const content = `${trace.traceId} ${trace.revision}`;
  if (filled.get(row) === content) return;
  filled.set(row, content);
  row.dataset['key'] = trace.traceId;
  const [orderId] = trace.orderIds;
  // The link keeps its focus while the texts change.
  const link = row.querySelector('a') ?? h('a', { class: 'row' });
  link.href = `/traces/${trace.traceId}`;
  fill(
    link,
    timeCell(trace.start),
    h('span', { class: 'name' }, named(trace.name)),
    statusOf(trace),
    h('span', { class: 'duration' }, h('i', { class: 'measure' }), duration(trace.duration)),
    h('span', { class: 'number' }, trace.spans),
    h('span', { class: 'services' }, trace.services.join(', ')),
    h('span', { class: 'id', title: orderId }, orderId === undefined ? '' : shortId(orderId)),
  );
  if (link.parentElement !== row) row.append(link);
}

/** How a trace ended: the status of its answer, and whether any span failed on the way. */
export function statusOf({ failed, httpStatus }: Pick<TraceSummary, 'failed' | 'httpStatus'>): HTMLElement {
  if (httpStatus === null)
    return h('span', { class: `status ${failed ? 'bad' : 'ok'}` }, failed ? 'failed' : 'ok');
  const isBad = httpStatus >= 500;
  const tone = isBad ? 'bad' : failed || httpStatus >= 400 ? 'warn' : 'ok';
  return h('span', { class: `status ${tone}` }, failed && !isBad ? `${httpStatus}, errors` : httpStatus);
}
