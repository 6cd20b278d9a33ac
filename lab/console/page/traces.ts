import type { TraceList, TraceSummary } from '../api-types.ts';
import { call, query, repeat } from './api.ts';
import { createFilterForm } from './filter-form.ts';
import { clock, duration, shortId } from './format.ts';
import { h, reconcile } from './h.ts';
import { createSelection } from './selection.ts';
import type { CreateView } from './view.ts';

const interval = 1000;
const most = 100;

/** The newest traces, as they come. The list holds still while a row is selected, or the pointer is over it. */
export const tracesView: CreateView = (address, page) => {
  const rows = h('ul', { class: 'rows traces' });
  const held = h('button', {
    type: 'button',
    class: 'held',
    hidden: true,
    on: { click: () => selection.clear() },
  });
  const empty = h('p', { class: 'empty' }, 'Waiting for traces.');
  const selection = createSelection(rows, (key) => {
    if (key === '') show();
  });
  const traces = new Map<string, TraceSummary>();
  let shownTraces: TraceSummary[] = [];
  let revision = 0;
  let partial = false;

  const filters = createFilterForm(
    [
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
      { name: 'route', label: 'Route', placeholder: '/orders', width: 14 },
      { name: 'order', label: 'Order', placeholder: 'order id', width: 18 },
      { name: 'text', label: 'Text', placeholder: 'in names and attributes', width: 24 },
    ],
    address.query,
    (values) => {
      page.note(`/traces${query(values)}`);
      traces.clear();
      shownTraces = [];
      revision = 0;
      selection.clear();
      void load();
    },
  );

  async function load(): Promise<void> {
    const values = filters.values();
    try {
      const list = await call<TraceList>(
        'GET',
        `/api/traces${query({ ...values, after: revision, limit: most })}`,
      );
      page.tell('');
      // Somebody has changed the filters in the meantime.
      if (query(values) !== query(filters.values())) return;
      revision = list.revision;
      partial = list.partial;
      for (const trace of list.traces) traces.set(trace.traceId, trace);
      const newest = [...traces.values()].toSorted((a, b) => b.start - a.start).slice(0, most);
      traces.clear();
      for (const trace of newest) traces.set(trace.traceId, trace);
      show();
    } catch (error) {
      page.tell(error instanceof Error ? error.message : String(error));
    }
  }

  function show(): void {
    const newest = [...traces.values()];
    const known = new Set(shownTraces.map(({ traceId }) => traceId));
    const isHeld = known.has(selection.key) || (shownTraces.length > 0 && rows.matches(':hover'));
    // What is shown already may still grow.
    shownTraces = isHeld ? shownTraces.map((trace) => traces.get(trace.traceId) ?? trace) : newest;
    const waiting = isHeld ? newest.filter(({ traceId }) => !known.has(traceId)).length : 0;
    held.hidden = waiting === 0;
    held.textContent = `${waiting} newer${selection.key === '' ? '' : ' — esc to show'}`;
    const longest = Math.max(...shownTraces.map((trace) => trace.duration), 1);
    reconcile(rows, shownTraces, {
      key: ({ traceId }) => traceId,
      create(trace) {
        const row = h('li', {});
        fill(row, trace, longest);
        return row;
      },
      update: (row, trace) => fill(row, trace, longest),
    });
    selection.mark();
    empty.hidden = shownTraces.length > 0;
    empty.textContent =
      traces.size === 0 && revision > 0 ? 'No trace that is kept is like that.' : 'Waiting for traces.';
    if (partial) page.tell('Only the newest traces were searched: there is a lot of text.');
  }

  repeat(load, interval, page.signal);
  return {
    title: 'Traces',
    element: h(
      'div',
      { class: 'list' },
      h('h1', { class: 'unseen' }, 'Traces'),
      h('div', { class: 'bar' }, filters.element, held),
      head(),
      rows,
      empty,
    ),
    onKey(key) {
      if (key === 'Escape') selection.clear();
      else if (key === 'Enter' && selection.key !== '') page.go(`/traces/${selection.key}`);
      else return selection.move(key);
      return true;
    },
  };
};

function head(): HTMLElement {
  const titles = ['Start', 'Name', 'Status', 'Duration', 'Spans', 'Services', 'Order'];
  return h(
    'div',
    { class: 'head traces', 'aria-hidden': true },
    ...titles.map((title) => h('span', {}, title)),
  );
}

const filled = new WeakMap<Element, string>();

function fill(row: HTMLElement, trace: TraceSummary, longest: number): void {
  const share = Math.sqrt(trace.duration / longest);
  row.style.setProperty('--share', `${(share * 100).toFixed(1)}%`);
  // Most rows are what they were a second ago.
  if (filled.get(row) === String(trace.revision)) return;
  filled.set(row, String(trace.revision));
  const [orderId] = trace.orderIds;
  row.replaceChildren(
    h(
      'a',
      { class: 'row', href: `/traces/${trace.traceId}` },
      h('span', { class: 'time' }, clock(trace.start)),
      h('span', { class: 'name' }, trace.name),
      statusOf(trace),
      h('span', { class: 'duration' }, h('i', { class: 'measure' }), duration(trace.duration)),
      h('span', { class: 'number' }, trace.spans),
      h('span', { class: 'services' }, trace.services.join(', ')),
      h('span', { class: 'id', title: orderId }, orderId === undefined ? '' : shortId(orderId)),
    ),
  );
}

/** How a trace ended, in a word: the status of its answer, and whether something on the way to it failed. */
export function statusOf({ failed, httpStatus }: Pick<TraceSummary, 'failed' | 'httpStatus'>): HTMLElement {
  if (httpStatus === null)
    return h('span', { class: `status ${failed ? 'bad' : 'ok'}` }, failed ? 'failed' : 'ok');
  const isBad = httpStatus >= 500;
  const tone = isBad ? 'bad' : failed || httpStatus >= 400 ? 'warn' : 'ok';
  return h('span', { class: `status ${tone}` }, failed && !isBad ? `${httpStatus}, errors` : httpStatus);
}
