import type { LogList, NumberedLog } from '../api-types.ts';
import { call, query, repeat } from './api.ts';
import { createFilterForm } from './filter-form.ts';
import { clock, count, shortId, text } from './format.ts';
import { h, reconcile } from './h.ts';
import { createSelection } from './selection.ts';
import { valuesTable } from './span-detail.ts';
import type { CreateView } from './view.ts';

const interval = 1000;
/** Lines that are shown; what is older leaves at the top. */
const most = 200;

/** Log lines as they come, the newest below. The list follows them while its end is in sight. */
export const logsView: CreateView = (address, page) => {
  const rows = h('ul', { class: 'rows logs', tabindex: 0, 'aria-label': 'Log lines' });
  const held = h('button', { type: 'button', class: 'held', hidden: true, on: { click: () => follow() } });
  const selection = createSelection(rows);
  let lines: NumberedLog[] = [];
  let last = 0;
  let following = true;
  let unseen = 0;

  const filters = createFilterForm(
    [
      {
        name: 'level',
        label: 'At least',
        options: [
          ['', 'any'],
          ['debug', 'debug'],
          ['info', 'info'],
          ['warn', 'warn'],
          ['error', 'error'],
        ],
      },
      { name: 'event', label: 'Event', placeholder: 'payment.retry', width: 20 },
      { name: 'order', label: 'Order', placeholder: 'order id', width: 18 },
      { name: 'trace', label: 'Trace', placeholder: 'trace id', width: 18 },
      { name: 'text', label: 'Text', placeholder: 'in the line and its fields', width: 24 },
    ],
    address.query,
    (values) => {
      page.note(`/logs${query(values)}`);
      lines = [];
      last = 0;
      follow();
      void load();
    },
  );

  async function load(): Promise<void> {
    const values = filters.values();
    try {
      const list = await call<LogList>('GET', `/api/logs${query({ ...values, after: last, limit: most })}`);
      if (query(values) !== query(filters.values())) return;
      last = list.last;
      if (!following) unseen += list.lines.length + list.skipped;
      // Each process sends its lines in batches of its own.
      lines = [...lines, ...list.lines].toSorted((a, b) => a.time - b.time);
      page.tell(
        list.skipped > 0 ? `${count(list.skipped)} lines of this second are left out: narrow it down.` : '',
      );
      show();
    } catch (error) {
      page.tell(error instanceof Error ? error.message : String(error));
    }
  }

  function show(): void {
    held.hidden = following || unseen === 0;
    held.textContent = `${count(unseen)} newer — esc to follow`;
    // Whoever reads must not lose the line from under the eyes.
    if (!following) {
      lines = lines.slice(0, 4 * most);
      return;
    }
    lines = lines.slice(-most);
    reconcile(rows, lines, { key: ({ number }) => String(number), create: lineOf });
    selection.mark();
    rows.scrollTop = rows.scrollHeight;
  }

  function follow(): void {
    following = true;
    unseen = 0;
    selection.clear();
    show();
  }

  rows.addEventListener('scroll', () => {
    const atEnd = rows.scrollHeight - rows.scrollTop - rows.clientHeight < 24;
    if (atEnd && !following && selection.key === '') follow();
    else if (!atEnd) following = false;
  });
  rows.addEventListener('click', () => {
    following = false;
  });
  repeat(load, interval, page.signal);
  return {
    title: 'Logs',
    element: h(
      'div',
      { class: 'list' },
      h('h1', { class: 'unseen' }, 'Logs'),
      h('div', { class: 'bar' }, filters.element, held),
      rows,
    ),
    onKey(key) {
      if (key === 'Escape') follow();
      else if (key === 'Enter' && selection.key !== '') toggle(rows, selection.key);
      else {
        if (key === 'j' || key === 'k') following = false;
        return selection.move(key);
      }
      return true;
    },
  };
};

function toggle(rows: Element, key: string): void {
  const row = [...rows.children].find((each) => each instanceof HTMLElement && each.dataset['key'] === key);
  const details = row?.querySelector('details');
  if (details) details.open = !details.open;
}

/** Fields that say most about a line, in this order. */
const telling = [
  'method',
  'route',
  'status',
  'duration_ms',
  'order_status',
  'payment_outcome',
  'reason',
  'attempt',
  'fault',
  'from',
  'to',
];

function lineOf(line: NumberedLog): HTMLElement {
  const fields = telling.filter(
    (name) => ![undefined, 'none'].some((nothing) => line.attributes[name] === nothing),
  );
  return h(
    'li',
    { class: line.level },
    h(
      'details',
      {},
      h(
        'summary',
        { class: 'row' },
        h('span', { class: 'time' }, clock(line.time)),
        h('span', { class: `level ${line.level}` }, line.level),
        h('span', { class: 'services' }, line.service),
        h(
          'span',
          { class: 'name' },
          line.text,
          ...fields.map((name) =>
            h('span', { class: 'field' }, h('i', {}, name), ` ${text(line.attributes[name])}`),
          ),
        ),
        h(
          'span',
          { class: 'ids' },
          line.orderId !== '' &&
            h(
              'a',
              { href: `/orders/${encodeURIComponent(line.orderId)}`, title: `order ${line.orderId}` },
              shortId(line.orderId),
            ),
          line.traceId !== '' &&
            h(
              'a',
              { href: `/traces/${line.traceId}?span=${line.spanId}`, title: `trace ${line.traceId}` },
              'trace',
            ),
        ),
      ),
      h(
        'div',
        { class: 'opened' },
        line.event !== '' && h('p', { class: 'muted' }, `event ${line.event}`),
        valuesTable(line.attributes),
      ),
    ),
  );
}
