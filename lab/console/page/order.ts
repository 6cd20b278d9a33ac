import type { OrderLife } from '../domain-types.ts';
import { call, messageOf, repeat } from './api.ts';
import { money } from '../../report/money.ts';
import { elapsed, text } from './format.ts';
import { fill, h } from './h.ts';
import { isAccepted, momentRow, tracesCard } from './life.ts';
import { lifeOf } from './order-moments.ts';
import { toneOf } from './orders.ts';
import type { CreateView } from './view.ts';

const interval = 1500;

/** The life of one order, from every source that knows about it. */
export const orderView: CreateView = (address, page) => {
  const id = address.id;
  const input = h('input', {
    name: 'id',
    value: id,
    placeholder: 'order id',
    'aria-label': 'Order id',
    autocomplete: 'off',
    spellcheck: 'false',
    style: { width: '40ch' },
  });
  const form = h(
    'form',
    {
      class: 'controls',
      role: 'search',
      'aria-label': 'Order',
      on: {
        submit: (event) => {
          event.preventDefault();
          if (input.value.trim() !== '') page.go(`/orders/${encodeURIComponent(input.value.trim())}`);
        },
      },
    },
    input,
    h('button', { type: 'submit', class: 'primary' }, 'Show'),
  );
  const body = h('div', { class: 'order' });
  let shown = '';

  async function load(): Promise<void> {
    try {
      const life = await call<OrderLife>('GET', `/api/orders/${encodeURIComponent(id)}`);
      page.notify('');
      const content = JSON.stringify(life);
      if (content !== shown) fill(body, ...contentOf(life));
      shown = content;
    } catch (error) {
      page.notify(messageOf(error));
    }
  }

  repeat(load, interval, page.signal);
  return {
    title: 'Order',
    element: h('div', { class: 'page' }, h('div', { class: 'heading' }, h('h1', {}, 'Order'), form), body),
    onKey(key) {
      if (key !== 'Escape') return false;
      page.back('/orders');
      return true;
    },
  };
};

function contentOf(life: OrderLife): HTMLElement[] {
  const moments = lifeOf(life);
  const start = moments[0]?.time ?? 0;
  return [
    h('div', { class: 'columns' }, orderCard(life), chargeCard(life), tracesCard(life)),
    h('h2', {}, 'Life'),
    moments.length === 0
      ? h('p', { class: 'empty' }, 'No source knows this order.')
      : h('ol', { class: 'life' }, ...moments.map((moment) => momentRow(moment, start))),
  ];
}

function orderCard({ order, orderMissing, traces }: OrderLife): HTMLElement {
  if (!order)
    return h('section', { class: 'card' }, h('h2', {}, 'Order'), h('p', { class: 'muted' }, orderMissing));
  const took = Date.parse(order.updatedAt) - Date.parse(order.createdAt);
  return h(
    'section',
    { class: 'card' },
    h('h2', {}, 'Order'),
    h('p', { class: `figure ${toneOf(order.status)}` }, order.status),
    h('p', {}, money(order.totalMinor, order.currency)),
    h(
      'p',
      { class: 'muted' },
      order.status === 'pending' ? 'not decided yet' : `decided after ${elapsed(took)}`,
    ),
    traces.some(isAccepted) &&
      order.status !== 'pending' &&
      h('p', { class: 'muted' }, 'The client got 202, pending at that time; settlement decided later.'),
  );
}

function chargeCard({ charge, chargeMissing }: OrderLife): HTMLElement {
  if (!charge)
    return h(
      'section',
      { class: 'card' },
      h('h2', {}, "Gateway's ledger"),
      h('p', { class: 'muted' }, chargeMissing),
    );
  const { status, attempts, captures } = charge;
  return h(
    'section',
    { class: 'card' },
    h('h2', {}, "Gateway's ledger"),
    h('p', { class: `figure ${toneOf(text(status))}` }, text(status)),
    h('p', {}, `${text(attempts)} charge ${attempts === 1 ? 'request' : 'requests'}`),
    h('p', { class: Number(captures) > 1 ? 'status bad' : 'muted' }, chargedSentence(Number(captures))),
  );
}

function chargedSentence(captures: number): string {
  if (captures === 0) return 'the card was never charged';
  return captures === 1 ? 'the card was charged once' : `the card was charged ${captures} times`;
}
