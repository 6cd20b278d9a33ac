import type { OrderLife, PlacedOrder } from '../domain-types.ts';
import { type Step, stories, type Story } from '../../tours/stories.ts';
import { call, messageOf } from './api.ts';
import { attempts, pending } from './domain-plots.ts';
import { breakerBands, createBand, faultBand } from './band.ts';
import { duration } from './format.ts';
import { fill, h, setText } from './h.ts';
import type { Live } from './live.ts';
import { answerLines, createPlotTable, latencyScale, p50, p99, rateScale } from './plot-table.ts';
import type { PlotOptions } from './plot.ts';
import type { CreateView, Page } from './view.ts';

/** Orders a second while a story is told, and the overload of one of them. */
const usualRate = 10;
const overload = { rate: 350, latencyMs: 400 };
/** Milliseconds that the plots show. */
const shown = 2 * 60_000;
/** Milliseconds between two looks at an order that is not settled. */
const settlementPause = 1000;
const settlementTime = 60_000;

const plotRows: readonly PlotOptions[] = [
  { title: 'Requests', height: 90, ...rateScale, lines: answerLines },
  { title: 'Latency', height: 110, ...latencyScale, lines: [p50, p99] },
  attempts,
  pending,
];

/** The stories of `npm run tour`, step by step beside the plots. Leaving the view takes its faults and its traffic back. */
export function toursView(live: Live): CreateView {
  return (address, page) => {
    const story = stories.find(({ name }) => name === address.id);
    return {
      title: story?.title ?? 'Tours',
      element: h(
        'div',
        { class: 'page' },
        h('div', { class: 'heading' }, h('h1', {}, story?.title ?? 'Tours')),
        story
          ? h('div', { class: 'tour' }, createGuide(story, page), createPlots(live, page))
          : h(
              'div',
              { class: 'scenarios' },
              ...stories.map(({ name, title, steps }) =>
                h(
                  'a',
                  { class: 'scenario story', href: `/tours/${name}` },
                  h('strong', {}, title),
                  h('span', {}, `${steps.length} steps. ${steps[0]?.text ?? ''}`),
                ),
              ),
            ),
      ),
      up: story === undefined ? undefined : '/tours',
    };
  };
}

function createPlots(live: Live, page: Page): HTMLElement {
  const faults = createBand('Faults');
  const breakers = h('div', { class: 'bands' });
  const plots = createPlotTable(plotRows, page);
  live.subscribe(() => {
    const to = live.latest?.now ?? Date.now();
    const range = page.range.current ?? { from: to - shown, to };
    const data = { times: live.times, columns: live.columns, faults: live.latest?.faults ?? [], ...range };
    faults.update(faultBand(data), data);
    breakerBands(breakers, data);
    plots.update(data);
  }, page.signal);
  return h('div', { class: 'plots' }, faults.element, breakers, ...plots.elements);
}

/** The steps. Each button takes the next one; what a step has found stands below it. */
function createGuide({ steps }: Story, page: Page): HTMLElement {
  const items = steps.map(({ text }) => {
    const found = h('p', { class: 'muted', role: 'status' });
    return { item: h('li', {}, h('p', {}, text), found), found };
  });
  const next = h('button', { type: 'button', class: 'primary', on: { click: () => void go() } }, 'Start');
  let at = -1;
  /** Whether there may be something to take back. */
  let isBegun = false;
  /** The order that later steps refer to. */
  let orderId = '';
  const leave = () => void (isBegun && takeBack());
  page.signal.addEventListener('abort', leave);
  addEventListener('pagehide', leave, { signal: page.signal });

  async function go(): Promise<void> {
    next.disabled = true;
    const before = at;
    at += 1;
    const step = steps[at];
    isBegun = true;
    const place = items[at];
    for (const [index, { item }] of items.entries()) item.classList.toggle('current', index === at);
    try {
      if (step && place) await take(step, place.found);
      else await end();
      page.notify('');
    } catch (error) {
      page.notify(messageOf(error));
      // The button tries the same step again.
      at = before;
    }
    if (at < steps.length)
      setText(next, at === -1 ? 'Start' : at + 1 === steps.length ? 'End: take everything back' : 'Next');
    else {
      at = -1;
      setText(next, 'Start again');
    }
    next.disabled = false;
  }

  async function take(step: Step, found: HTMLElement): Promise<void> {
    switch (step.kind) {
      case 'read':
        return;
      case 'faults': {
        const isEmpty = Object.keys(step.settings).length === 0;
        await (isEmpty ? set('DELETE', '/api/faults') : set('PUT', '/api/faults', step.settings));
        setText(found, isEmpty ? 'All faults are taken back.' : `Set: ${JSON.stringify(step.settings)}`);
        return;
      }
      case 'watch':
        await set('PUT', '/api/traffic', { rate: usualRate });
        if (step.load === 'overload') {
          await set('PUT', '/api/faults', { latencyMs: overload.latencyMs });
          await set('POST', '/api/traffic/burst', { rate: overload.rate, seconds: step.seconds });
        }
        setText(found, `Watch the plots for about ${step.seconds} seconds, then go on.`);
        return;
      case 'order': {
        const placed = await call<PlacedOrder>('POST', '/api/orders', { paymentToken: step.token });
        orderId = placed.orderId;
        const answer = `${placed.httpStatus} ${placed.status} after ${duration(placed.duration)}. `;
        fill(found, answer, ...linksTo(placed));
        return;
      }
      case 'settled':
        if (orderId !== '') await untilSettled(found);
        return;
      case 'look':
        setText(
          found,
          `With the stack (npm run stack:native): Grafana, dashboard ${step.dashboard}, panel "${step.panel}".`,
        );
        return;
      default:
        step satisfies never;
    }
  }

  /** What takes effect after the tour was left is taken back, too. */
  async function set(method: 'PUT' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<void> {
    if (page.signal.aborted) return;
    await call(method, path, body);
    if (page.signal.aborted) await takeBack();
  }

  async function end(): Promise<void> {
    await Promise.all(settings.map((path) => call('DELETE', path)));
    isBegun = false;
  }

  async function untilSettled(found: HTMLElement): Promise<void> {
    const deadline = Date.now() + settlementTime;
    const path = `/api/orders/${encodeURIComponent(orderId)}`;
    while (!page.signal.aborted && Date.now() < deadline) {
      const { order } = await call<OrderLife>('GET', path);
      setText(found, `The order is ${order?.status ?? 'not known'}.`);
      if (order !== undefined && order.status !== 'pending') return;
      await new Promise((resolve) => setTimeout(resolve, settlementPause));
    }
  }

  return h(
    'section',
    { class: 'steps', 'aria-label': 'Steps' },
    h('ol', {}, ...items.map(({ item }) => item)),
    next,
  );
}

function linksTo({ orderId, traceId }: PlacedOrder): Array<Node | string> {
  return [
    ...(orderId === ''
      ? []
      : [h('a', { href: `/orders/${encodeURIComponent(orderId)}`, target: '_blank' }, 'Its life'), ' ']),
    ...(traceId === '' ? [] : [h('a', { href: `/traces/${traceId}`, target: '_blank' }, 'its trace')]),
  ];
}

/** What a tour sets. */
const settings = ['/api/faults', '/api/traffic'];

/** Also while the page is being closed, which ends ordinary requests. */
async function takeBack(): Promise<void> {
  await Promise.all(settings.map((path) => fetch(path, { method: 'DELETE', keepalive: true })));
}
