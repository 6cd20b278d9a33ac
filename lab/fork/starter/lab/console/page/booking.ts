import type { BookingLife, ListedBooking } from '../domain-types.ts';
import { call, messageOf, repeat } from './api.ts';
import { tookOf, toneOf } from './bookings.ts';
import { count, elapsed } from './format.ts';
import { h } from './h.ts';
import { momentRow, tracesCard } from './life.ts';
import { type Moment, moment, timelineOf } from './moments.ts';
import type { CreateView } from './view.ts';

const interval = 1500;

/** The life of one booking, from the API, its traces and its log lines. */
export const bookingView: CreateView = ({ id }, page) => {
  const body = h('div', { class: 'booking' });
  let shown = '';

  async function load(): Promise<void> {
    try {
      const life = await call<BookingLife>('GET', `/api/bookings/${encodeURIComponent(id)}`);
      page.notify('');
      const content = JSON.stringify(life);
      if (content !== shown) body.replaceChildren(...contentOf(life));
      shown = content;
    } catch (error) {
      page.notify(messageOf(error));
    }
  }

  repeat(load, interval, page.signal);
  return {
    title: 'Booking',
    element: h(
      'div',
      { class: 'page' },
      h('div', { class: 'heading' }, h('h1', {}, 'Booking'), h('span', { class: 'id' }, id)),
      body,
    ),
    onKey(key) {
      if (key !== 'Escape') return false;
      page.back('/bookings');
      return true;
    },
  };
};

function contentOf(life: BookingLife): HTMLElement[] {
  const { booking, spans, logs } = life;
  const moments = timelineOf({ stored: booking ? momentsOf(booking) : [], elsewhere: [], spans, logs });
  const start = moments[0]?.time ?? 0;
  return [
    h('div', { class: 'columns' }, bookingCard(life), tracesCard(life)),
    h('h2', {}, 'Life'),
    moments.length === 0
      ? h('p', { class: 'empty' }, 'No source knows this booking.')
      : h('ol', { class: 'life' }, ...moments.map((each) => momentRow(each, start))),
  ];
}

function bookingCard({ booking, missing }: BookingLife): HTMLElement {
  if (!booking)
    return h('section', { class: 'card' }, h('h2', {}, 'Booking'), h('p', { class: 'muted' }, missing));
  const { status, reference, quantity, reason } = booking;
  return h(
    'section',
    { class: 'card' },
    h('h2', {}, 'Booking'),
    h('p', { class: `figure ${toneOf(status)}` }, status),
    h('p', {}, `${reference}, ${count(quantity)}`),
    h(
      'p',
      { class: 'muted' },
      status === 'pending' ? 'not decided yet' : `decided after ${elapsed(tookOf(booking))}`,
      reason !== null && `: ${reason}`,
    ),
  );
}

function momentsOf({ status, createdAt, updatedAt }: ListedBooking): Moment[] {
  const created = moment(
    'booking',
    Date.parse(createdAt),
    'pending',
    'stored, before the dependency is asked',
  );
  if (status === 'pending') return [created];
  return [created, { ...moment('booking', Date.parse(updatedAt), status), tone: toneOf(status) }];
}
