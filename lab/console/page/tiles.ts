import { bytes, count, percent, rate, seconds } from './format.ts';
import { h, setAttribute, setText } from './h.ts';
import type { Live } from './live.ts';
import { mainBreaker, success } from './domain-figures.ts';
import { domainTiles } from './domain-tiles.ts';
import { none, now, type Readings, type Shown, type Tile } from './tile.ts';

const tiles: readonly Tile[] = [
  {
    title: 'Requests',
    show(live) {
      const requests = requestsOf(live);
      if (requests === null) return undefined;
      return { value: `${rate(requests)}/s`, beside: `${rate(now(live, success) ?? 0)}/s ${success}` };
    },
  },
  {
    title: 'Server errors',
    show(live) {
      const [requests, failed, shed] = [requestsOf(live), now(live, 'failed'), now(live, 'shed')];
      if (requests === null || failed === null) return undefined;
      if (requests === 0) return { value: none, beside: 'no requests' };
      return {
        value: percent(failed / requests),
        beside: `${rate(shed ?? 0)}/s shed`,
        ...(failed > 0 && { tone: 'bad' }),
      };
    },
  },
  {
    title: 'Latency p99',
    show(live) {
      const [p99, p50] = [now(live, 'p99'), now(live, 'p50')];
      if (p99 === null || p50 === null)
        return requestsOf(live) === null ? undefined : { value: none, beside: 'no requests' };
      return {
        value: seconds(p99),
        beside: `p50 ${seconds(p50)}`,
        ...(p99 > objective && { tone: 'warn' }),
      };
    },
  },
  {
    title: 'In flight',
    show(live) {
      const [inFlight, limit] = [now(live, 'inFlight'), now(live, 'limit')];
      if (inFlight === null) return undefined;
      return { value: count(inFlight), beside: limit === null ? 'no limit' : `limit ${count(limit)}` };
    },
  },
  {
    title: 'Breaker',
    show(live) {
      const state = now(live, `breaker:${mainBreaker}`);
      const rejected = now(live, 'rejected') ?? 0;
      const known = state === null ? undefined : breakerStates[state];
      return known && { ...known, beside: rejected > 0 ? `${rate(rejected)}/s rejected` : mainBreaker };
    },
  },
  ...domainTiles,
  {
    title: 'Process',
    show(live) {
      const [cpu, memory] = [now(live, 'cpu'), now(live, 'memory')];
      return cpu === null
        ? undefined
        : { value: `${percent(cpu)} CPU`, beside: memory === null ? '' : bytes(memory) };
    },
  },
];

/** The latency objective in seconds: 99 % of placements are faster. */
const objective = 0.3;

const breakerStates = [
  { value: 'closed', tone: 'ok' },
  { value: 'half-open', tone: 'warn' },
  { value: 'open', tone: 'bad' },
] as const;

/** The texts of the tiles by title. */
export function tileTexts(live: Readings): Map<string, Shown> {
  return new Map(
    tiles.map(({ title, show }) => [title, show(live) ?? { value: none, beside: 'no reading' }]),
  );
}

/** The figures of the latest second. */
export function createTiles(): { element: HTMLElement; update(live: Live): void } {
  const shown = tiles.map(({ title }) => ({
    value: h('dd', { class: 'figure' }, '–'),
    beside: h('dd', { class: 'beside' }, ' '),
    title,
  }));
  const element = h(
    'dl',
    { class: 'tiles' },
    ...shown.map(({ title, value, beside }) => h('div', {}, h('dt', {}, title), value, beside)),
  );
  return {
    element,
    update(live) {
      const texts = tileTexts(live);
      for (const place of shown) {
        const { value = none, beside = '', tone } = texts.get(place.title) ?? {};
        setText(place.value, value);
        place.value.className = `figure ${tone ?? ''}`;
        setText(place.beside, beside || ' ');
        setAttribute(place.beside, 'title', beside);
      }
    },
  };
}

function requestsOf(live: Readings): number | null {
  const answers = ['ok', 'client', 'shed', 'failed'].map((column) => now(live, column));
  return answers.reduce((sum, each) => (sum === null || each === null ? null : sum + each));
}
