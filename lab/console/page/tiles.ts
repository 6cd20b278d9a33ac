import { money, wholeUnits } from '../../report/money.ts';
import { bytes, count, duration, percent, rate, seconds } from './format.ts';
import { h } from './h.ts';
import type { Live } from './live.ts';

interface Tile {
  title: string;
  show(live: Live): { value: string; beside: string; tone?: 'bad' | 'warn' | 'ok' };
}

const tiles: readonly Tile[] = [
  {
    title: 'Requests',
    show: (live) => ({ value: `${rate(requestsOf(live))}/s`, beside: `${rate(now(live, 'paid'))}/s paid` }),
  },
  {
    title: 'Server errors',
    show(live) {
      const failed = now(live, 'failed');
      const share = failed / (requestsOf(live) || 1);
      return {
        value: percent(share),
        beside: `${rate(now(live, 'shed'))}/s shed`,
        ...(failed > 0 && { tone: 'bad' as const }),
      };
    },
  },
  {
    title: 'Latency p99',
    show(live) {
      const [p99, p50] = [nowOrNull(live, 'p99'), nowOrNull(live, 'p50')];
      const isSlow = p99 !== null && p99 > objective;
      return {
        value: p99 === null ? '–' : seconds(p99),
        beside: p50 === null ? 'no requests' : `p50 ${seconds(p50)}`,
        ...(isSlow && { tone: 'warn' as const }),
      };
    },
  },
  {
    title: 'In flight',
    show(live) {
      const limit = nowOrNull(live, 'limit');
      return {
        value: count(now(live, 'inFlight')),
        beside: limit === null ? 'no limit' : `limit ${count(limit)}`,
      };
    },
  },
  {
    title: 'Breaker',
    show(live) {
      const state = nowOrNull(live, 'breaker:payment');
      const rejected = now(live, 'rejected');
      const known = state === null ? undefined : breakerStates[state];
      return {
        value: known?.label ?? '–',
        beside: rejected > 0 ? `${rate(rejected)}/s rejected` : 'payment',
        ...(known?.tone && { tone: known.tone }),
      };
    },
  },
  {
    title: 'Pending',
    show(live) {
      const oldest = now(live, 'oldest');
      const pending = now(live, 'pending');
      return {
        value: count(pending),
        beside: pending > 0 ? `oldest ${duration(oldest * 1000)}` : 'none waiting',
        ...(pending > 0 && { tone: 'warn' as const }),
      };
    },
  },
  {
    title: 'Revenue',
    show(live) {
      const [largest, ...others] = Object.entries(live.latest?.revenue ?? {}).toSorted(
        ([currency, minor], [otherCurrency, otherMinor]) =>
          wholeUnits(otherMinor, otherCurrency) - wholeUnits(minor, currency),
      );
      return {
        value: largest ? money(largest[1], largest[0], true) : '–',
        beside: others.map(([currency, minor]) => money(minor, currency, true)).join('  ') || 'no orders yet',
      };
    },
  },
  {
    title: 'Process',
    show(live) {
      const [cpu, memory] = [nowOrNull(live, 'cpu'), nowOrNull(live, 'memory')];
      return {
        value: cpu === null ? '–' : `${percent(cpu)} CPU`,
        beside: memory === null ? '' : bytes(memory),
      };
    },
  },
];

/** The latency objective in seconds: 99 % of placements are faster. */
const objective = 0.3;

const breakerStates = [
  { label: 'closed', tone: 'ok' },
  { label: 'half-open', tone: 'warn' },
  { label: 'open', tone: 'bad' },
] as const;

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
      for (const [index, tile] of tiles.entries()) {
        const { value, beside, tone } = tile.show(live);
        const place = shown[index];
        if (!place) continue;
        place.value.textContent = value;
        place.value.className = `figure ${tone ?? ''}`;
        place.beside.textContent = beside || ' ';
        place.beside.title = beside;
      }
    },
  };
}

function nowOrNull({ columns }: Live, column: string): number | null {
  return columns.get(column)?.at(-1) ?? null;
}

function now(live: Live, column: string): number {
  return nowOrNull(live, column) ?? 0;
}

function requestsOf(live: Live): number {
  return now(live, 'ok') + now(live, 'client') + now(live, 'shed') + now(live, 'failed');
}
