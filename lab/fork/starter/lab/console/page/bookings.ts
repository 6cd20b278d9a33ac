import type { BookingList, ListedBooking } from '../domain-types.ts';
import { clock, count, elapsed, shortId } from './format.ts';
import { h, reconcile } from './h.ts';
import { createHeldButton, createListView } from './list-view.ts';
import { createSelection } from './selection.ts';
import { type Column, createSortHead } from './sort-head.ts';
import type { CreateView } from './view.ts';

/** Maximum number of bookings. */
const most = 50;

const columns: ReadonlyArray<Column<ListedBooking>> = [
  { name: 'created', label: 'Created', compare: (a, b) => a.createdAt.localeCompare(b.createdAt) },
  { name: 'status', label: 'Status', compare: (a, b) => a.status.localeCompare(b.status) },
  { name: 'reference', label: 'Reference', compare: (a, b) => a.reference.localeCompare(b.reference) },
  { name: 'quantity', label: 'Quantity', compare: (a, b) => a.quantity - b.quantity },
  { name: 'settled', label: 'Decided after', compare: (a, b) => tookOf(a) - tookOf(b) },
  { name: 'id', label: 'Booking', compare: (a, b) => a.id.localeCompare(b.id) },
];

/** The newest bookings. The list holds still while a row is selected. */
export const bookingsView: CreateView = (address, page) => {
  const rows = h('ul', { class: 'rows bookings' });
  const empty = h('p', { class: 'empty' }, 'Waiting for bookings.');
  const held = createHeldButton(() => selection.clear());
  const selection = createSelection(rows, (key) => {
    if (key === '') show();
  });
  const head = createSortHead<ListedBooking>('bookings', columns, { address, page }, show);
  let newest: ListedBooking[] = [];
  let shown: ListedBooking[] = [];

  function show(): void {
    const known = new Set(shown.map(({ id }) => id));
    const isHeld = known.has(selection.key);
    const now = new Map(newest.map((booking) => [booking.id, booking]));
    // A booking that is already shown may be decided meanwhile.
    shown = head.sorted(isHeld ? shown.map((booking) => now.get(booking.id) ?? booking) : newest);
    held.show(isHeld ? newest.filter(({ id }) => !known.has(id)).length : 0);
    reconcile(rows, shown, {
      key: ({ id }) => id,
      create: (booking) => fill(h('li', {}), booking),
      update: (row, booking) => void fill(row, booking),
    });
    selection.mark();
  }

  return createListView<BookingList>(address, page, {
    title: 'Bookings',
    path: 'bookings',
    fields: [],
    limit: most,
    hasRange: false,
    selection,
    held: held.element,
    content: [head.element, rows, empty],
    cursor: () => undefined,
    counted: () => `${count(shown.length)} newest, of the console's API key`,
    reset: () => selection.clear(),
    take({ bookings, unavailable = '' }) {
      newest = bookings;
      show();
      empty.hidden = shown.length > 0;
      return unavailable;
    },
    release: () => selection.clear(),
    open: (id) => page.go(`/bookings/${id}`),
  });
};

const filled = new WeakMap<Element, string>();

function fill(row: HTMLElement, booking: ListedBooking): HTMLElement {
  const content = JSON.stringify(booking);
  if (filled.get(row) === content) return row;
  filled.set(row, content);
  const { id, status, reference, quantity, reason, createdAt } = booking;
  // The link keeps its focus while the texts change.
  const link =
    row.querySelector('a') ?? h('a', { class: 'row', href: `/bookings/${encodeURIComponent(id)}` });
  link.replaceChildren(
    h('span', { class: 'time' }, clock(Date.parse(createdAt))),
    h('span', { class: `status ${toneOf(status)}`, title: reason ?? '' }, status),
    h('span', { class: 'services' }, reference),
    h('span', { class: 'number' }, count(quantity)),
    h('span', { class: 'number' }, status === 'pending' ? '–' : elapsed(tookOf(booking))),
    h('span', { class: 'id', title: id }, shortId(id)),
  );
  if (link.parentElement !== row) row.append(link);
  return row;
}

/** Milliseconds from creating it to its last change. */
export function tookOf({ createdAt, updatedAt }: ListedBooking): number {
  return Date.parse(updatedAt) - Date.parse(createdAt);
}

export function toneOf(status: string): 'ok' | 'warn' | 'bad' {
  if (status === 'confirmed') return 'ok';
  return status === 'pending' ? 'warn' : 'bad';
}
