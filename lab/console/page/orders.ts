import { money, wholeUnits } from '../../report/money.ts';
import type { ListedOrder, OrderList } from '../domain-types.ts';
import type { Field } from './filter-form.ts';
import { count, duration, shortId } from './format.ts';
import { h, reconcile, setText } from './h.ts';
import { createHeldButton, createListView } from './list-view.ts';
import { createSelection } from './selection.ts';
import { type Column, createSortHead } from './sort-head.ts';
import { timeCell } from './time-cell.ts';
import type { CreateView } from './view.ts';

/** Maximum number of orders. */
const most = 50;

const statuses = ['pending', 'paid', 'declined', 'refused', 'cancelled'];

const fields: readonly Field[] = [
  {
    name: 'status',
    label: 'Status',
    options: [['', 'any'], ...statuses.map((each) => [each, each] as const)],
  },
  { name: 'client', label: 'Client', placeholder: 'of the API key', width: 18 },
  { name: 'customer', label: 'Customer', placeholder: 'cus_42', width: 18 },
];

const columns: ReadonlyArray<Column<ListedOrder>> = [
  { name: 'placed', label: 'Placed', compare: (a, b) => a.createdAt - b.createdAt },
  {
    name: 'status',
    label: 'Status',
    compare: (a, b) => statuses.indexOf(b.status) - statuses.indexOf(a.status),
  },
  { name: 'amount', label: 'Amount', compare: (a, b) => amountOf(a) - amountOf(b) },
  { name: 'age', label: 'Age', compare: (a, b) => a.age - b.age },
  {
    name: 'settled',
    label: 'Decided after',
    compare: (a, b) => (a.settledAfter ?? Infinity) - (b.settledAfter ?? Infinity),
  },
  { name: 'client', label: 'Client', compare: (a, b) => (a.client ?? '').localeCompare(b.client ?? '') },
  { name: 'customer', label: 'Customer', compare: (a, b) => a.customer.localeCompare(b.customer) },
  { name: 'id', label: 'Order', compare: (a, b) => a.id.localeCompare(b.id) },
];

function amountOf({ totalMinor, currency }: ListedOrder): number {
  return wholeUnits(totalMinor, currency);
}

/** The newest orders, those that are pending first. The list holds still while a row is selected, or the pointer or the focus is in it. */
export const ordersView: CreateView = (address, page) => {
  const rows = h('ul', { class: 'rows orders' });
  const empty = h('p', { class: 'empty' }, 'Waiting for orders.');
  const held = createHeldButton(() => selection.clear());
  const selection = createSelection(rows, (key) => {
    if (key === '') show();
  });
  const head = createSortHead<ListedOrder>('orders', columns, { address, page }, show);
  let newest: OrderList | undefined;
  let shown: ListedOrder[] = [];

  function show(): void {
    const known = new Set(shown.map(({ id }) => id));
    const orders = newest?.orders ?? [];
    const isHeld = shown.length > 0 && (known.has(selection.key) || rows.matches(':hover, :focus-within'));
    const now = new Map(orders.map((order) => [order.id, order]));
    // An order that is already shown may be decided meanwhile.
    shown = head.sorted(isHeld ? shown.map((order) => now.get(order.id) ?? order) : orders);
    held.show(isHeld ? orders.filter(({ id }) => !known.has(id)).length : 0);
    reconcile(rows, shown, {
      key: ({ id }) => id,
      create: (order) => fill(h('li', {}), order),
      update: (row, order) => void fill(row, order),
    });
    selection.mark();
    empty.hidden = shown.length > 0;
    setText(empty, newest?.unavailable ?? 'No order matches.');
  }

  return createListView<OrderList>(address, page, {
    title: 'Orders',
    path: 'orders',
    fields,
    limit: most,
    hasRange: false,
    selection,
    held: held.element,
    content: [head.element, rows, empty],
    cursor: () => undefined,
    counted: () =>
      `${count(shown.length)} newest, pending first${newest?.source === 'api' ? ", of the console's API key" : ''}`,
    reset() {
      shown = [];
      selection.clear();
    },
    take(list) {
      newest = list;
      show();
      return list.orders.length > 0 ? (list.unavailable ?? '') : '';
    },
    release: () => selection.clear(),
    open: (id) => page.go(`/orders/${id}`),
  });
};

const filled = new WeakMap<Element, string>();

function fill(row: HTMLElement, order: ListedOrder): HTMLElement {
  const { id, status, totalMinor, currency, age, settledAfter, client, customer, createdAt, reason } = order;
  const content = JSON.stringify(order);
  if (filled.get(row) === content) return row;
  filled.set(row, content);
  // The link keeps its focus while the texts change.
  const link = row.querySelector('a') ?? h('a', { class: 'row', href: `/orders/${encodeURIComponent(id)}` });
  link.replaceChildren(
    timeCell(createdAt),
    h('span', { class: `status ${toneOf(status)}`, title: reason ?? '' }, status),
    h('span', { class: 'number' }, money(totalMinor, currency)),
    h('span', { class: 'number' }, duration(age)),
    h('span', { class: 'number' }, settledAfter === null ? '–' : duration(settledAfter)),
    h('span', { class: 'services' }, client ?? '–'),
    h('span', { class: 'services' }, customer),
    h('span', { class: 'id', title: id }, shortId(id)),
  );
  if (link.parentElement !== row) row.append(link);
  return row;
}

/** Money that is taken, money that is waited for, and money that is not taken. */
export function toneOf(status: string): string {
  if (status === 'paid' || status === 'succeeded') return 'ok';
  return status === 'pending' ? 'warn' : 'bad';
}
