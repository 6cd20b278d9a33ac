import type { LogList, NumberedLog, Origin } from '../api-types.ts';
import { call, messageOf } from './api.ts';
import { count, numberOf, said, shortId, text } from './format.ts';
import { copyButton } from './copy-button.ts';
import type { Field } from './filter-form.ts';
import { h, reconcile, setText } from './h.ts';
import { hasKeyboard } from './key-hints.ts';
import { createHeldButton, createListView } from './list-view.ts';
import { type Column, createSortHead } from './sort-head.ts';
import { createSelection } from './selection.ts';
import { originOf, valuesTable } from './span-detail.ts';
import { timeCell } from './time-cell.ts';
import type { CreateView } from './view.ts';

/** Maximum number of lines; older ones leave at the top. */
const most = 200;
/** Lines after the one that an address names. */
const after = most / 2;

const fields: readonly Field[] = [
  {
    name: 'level',
    label: 'At least',
    options: [
      ['', 'any'],
      ['debug', 'debug'],
      ['info', 'info'],
      ['warn', 'warn'],
      ['error', 'error'],
      ['fatal', 'fatal'],
    ],
  },
  { name: 'service', label: 'Service', placeholder: 'orders', width: 14 },
  { name: 'event', label: 'Event', placeholder: 'payment.retry', width: 20 },
  { name: 'order', label: 'Order', placeholder: 'order id', width: 18 },
  { name: 'trace', label: 'Trace', placeholder: 'trace id', width: 18 },
  { name: 'text', label: 'Text', placeholder: 'in the line and its fields', width: 24 },
];

/** Log lines as they arrive, the newest at the bottom. The list follows them while its end is visible. */
export const logsView: CreateView = (address, page) => {
  const rows = h('ul', { class: 'rows logs', tabindex: 0, 'aria-label': 'Log lines' });
  const held = createHeldButton(follow);
  const empty = h('p', { class: 'empty' }, 'Waiting for log lines.');
  const selection = createSelection(rows, (key) => {
    if (key !== '') following = false;
  });
  let lines: NumberedLog[] = [];
  let last = 0;
  let following = true;
  let unseen = 0;
  let kept = 0;
  /** The line of the address, around which the list stands still until the user follows the newest. */
  let wanted = lineOfAddress(address.query.get('line') ?? '');
  const head = createSortHead<NumberedLog>('logs', columns, { address, page }, () => {
    following = head.isUsual();
    show();
    if (!following) rows.scrollTop = 0;
  });
  following = head.isUsual() && wanted === undefined;

  function show(): void {
    held.show(following ? 0 : unseen, hasKeyboard() ? 'esc to follow' : undefined);
    // The newest by arrival: otherwise, a process whose clock is ahead would hide all others.
    lines = following ? lines.slice(-most) : lines.slice(0, 4 * most);
    // While the user reads, the line must not move away.
    if (following || !head.isUsual()) draw();
  }

  function draw(): void {
    // Each process sends its lines in batches of its own, so they arrive out of order.
    const inOrder = head.sorted(lines.toSorted((a, b) => a.time - b.time));
    reconcile(rows, inOrder, { key: ({ number }) => String(number), create: (line) => lineOf(line, note) });
    selection.mark();
    empty.hidden = lines.length > 0;
    setText(empty, kept === 0 ? 'Waiting for log lines.' : 'No line matches these filters.');
    if (following) rows.scrollTop = rows.scrollHeight;
  }

  /** A copy of the address opens the line that is open. */
  const note = (line: NumberedLog | undefined) =>
    page.choose({ line: line === undefined ? '' : `${line.number}-${line.time}` });

  function takeAround({ number, time }: NonNullable<typeof wanted>, list: LogList): void {
    const isFirst = last === 0;
    last = list.last;
    kept = list.kept;
    unseen += list.skipped;
    if (!isFirst) return show();
    lines = list.lines;
    // It may be gone, and another console has other lines.
    if (!lines.some((each) => each.number === number && each.time === time)) return follow();
    show();
    draw();
    toggle(rows, String(number));
  }

  function follow(): void {
    if (wanted !== undefined) {
      wanted = undefined;
      lines = [];
      last = 0;
    }
    note(undefined);
    following = true;
    unseen = 0;
    selection.clear();
    show();
  }

  rows.addEventListener('scroll', () => {
    if (!head.isUsual() || wanted !== undefined) return;
    const atEnd = rows.scrollHeight - rows.scrollTop - rows.clientHeight < 24;
    if (atEnd && !following && selection.key === '') follow();
    else if (!atEnd) following = false;
  });
  rows.addEventListener('click', () => {
    following = false;
  });
  // A line that has the focus must not leave.
  rows.addEventListener('focusin', ({ target }) => {
    if (target !== rows) following = false;
  });
  return createListView<LogList>(address, page, {
    title: 'Logs',
    path: 'logs',
    fields,
    limit: most,
    more: () => (wanted === undefined ? {} : { upTo: wanted.number + after }),
    selection,
    held: held.element,
    content: [head.element, rows, empty],
    cursor: () => last,
    counted: () => `${count(rows.children.length)} of ${count(kept)} kept`,
    reset() {
      lines = [];
      last = 0;
      follow();
      following = head.isUsual();
    },
    take(list) {
      if (wanted !== undefined) {
        takeAround(wanted, list);
        return '';
      }
      last = list.last;
      kept = list.kept;
      if (!following && head.isUsual()) unseen += list.lines.length + list.skipped;
      lines = [...lines, ...list.lines];
      show();
      return list.skipped > 0
        ? `${numberOf(list.skipped, 'line')} that arrived meanwhile ${list.skipped === 1 ? 'is' : 'are'} not shown. Narrow the filters to see all.`
        : '';
    },
    release: follow,
    open: (key) => toggle(rows, key),
  });
};

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

const columns: ReadonlyArray<Column<NumberedLog>> = [
  { name: 'time', label: 'Time', compare: (a, b) => a.time - b.time },
  { name: 'level', label: 'Level', compare: (a, b) => levels.indexOf(a.level) - levels.indexOf(b.level) },
  { name: 'service', label: 'Service', compare: (a, b) => a.service.localeCompare(b.service) },
  { name: 'text', label: 'Line', compare: (a, b) => a.text.localeCompare(b.text) },
];

function toggle(rows: Element, key: string): void {
  const row = [...rows.children].find((each) => each instanceof HTMLElement && each.dataset['key'] === key);
  row?.querySelector<HTMLElement>('button.name')?.click();
  row?.scrollIntoView({ block: 'nearest' });
}

/** Number and time, since another console counts from the beginning. */
function lineOfAddress(written: string): Pick<NumberedLog, 'number' | 'time'> | undefined {
  const [, number, time] = /^(\d{1,15})-([\d.]+)$/.exec(written) ?? [];
  return number === undefined ? undefined : { number: Number(number), time: Number(time) };
}

/** The most informative fields of a line, in the order in which it shows them. */
const summaryFields = [
  'method',
  'route',
  'status',
  'duration_ms',
  'order_status',
  'payment_outcome',
  'db_condition',
  'condition',
  'reason',
  'attempt',
  'fault',
  'from',
  'to',
];

/** @param onToggle takes the line when it is opened, and nothing when it is closed */
function lineOf(line: NumberedLog, onToggle: (line: NumberedLog | undefined) => void): HTMLElement {
  const shown = summaryFields.filter(
    (name) => ![undefined, 'none'].some((nothing) => line.attributes[name] === nothing),
  );
  const name = h(
    'button',
    { type: 'button', class: 'name', 'aria-expanded': 'false' },
    said(line),
    ...shown.map((field) =>
      h('span', { class: 'field' }, h('i', {}, field), ` ${text(line.attributes[field])}`),
    ),
  );
  const item = h(
    'li',
    { class: line.level },
    h(
      'div',
      { class: 'row', on: { click: toggleFields } },
      timeCell(line.time),
      h('span', { class: `level ${line.level}` }, line.level),
      h('span', { class: 'services' }, line.service),
      name,
      h('span', { class: 'ids' }, ...linksOf(line)),
    ),
  );

  function toggleFields(event: Event): void {
    if (event.target instanceof Element && event.target.closest('a')) return;
    const isOpen = item.classList.toggle('open');
    name.setAttribute('aria-expanded', String(isOpen));
    onToggle(isOpen ? line : undefined);
    if (isOpen) item.append(fieldsOf(line));
    else item.lastElementChild?.remove();
  }
  return item;
}

function linksOf({ orderId, traceId, spanId }: NumberedLog): Array<HTMLElement | false> {
  return [
    orderId !== '' &&
      h('a', { href: `/orders/${encodeURIComponent(orderId)}`, title: `order ${orderId}` }, shortId(orderId)),
    traceId !== '' &&
      h('a', { href: `/traces/${traceId}?span=${spanId}`, title: `trace ${traceId}` }, 'trace'),
  ];
}

function fieldsOf(line: NumberedLog): HTMLElement {
  const maker = h('div', {});
  let origin: Origin | undefined;
  /** Only of a line that is opened, because most lines have the same one. */
  async function loadOrigin(number: number): Promise<void> {
    try {
      origin = await call<Origin>('GET', `/api/origins/${number}`);
      maker.replaceChildren(...originOf(origin));
    } catch (error) {
      setText(maker, messageOf(error));
    }
  }
  if (line.origin !== undefined) void loadOrigin(line.origin);
  return h(
    'div',
    { class: 'opened' },
    line.event !== '' && h('p', { class: 'muted' }, `event ${line.event}`),
    valuesTable(line.attributes),
    line.dropped !== undefined &&
      h('p', { class: 'muted' }, `${line.dropped} attributes or ends of texts are missing.`),
    maker,
    h(
      'p',
      {},
      copyButton('Copy as JSON', () => JSON.stringify({ ...line, origin })),
    ),
  );
}
