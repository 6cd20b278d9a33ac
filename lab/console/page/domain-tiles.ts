import { money, wholeUnits } from '../../report/money.ts';
import { count, duration } from './format.ts';
import { none, now, type Tile } from './tile.ts';

/** The figures of orders in the latest second, between those of requests and of the process. */
export const domainTiles: readonly Tile[] = [
  {
    title: 'Pending',
    show(live) {
      const [pending, oldest] = [now(live, 'pending'), now(live, 'oldest')];
      if (pending === null) return undefined;
      if (pending === 0) return { value: '0', beside: 'none waiting' };
      return {
        value: count(pending),
        beside: oldest === null ? '' : `oldest ${duration(oldest * 1000)}`,
        tone: 'warn',
      };
    },
  },
  {
    title: 'Revenue',
    show({ latest }) {
      const [largest, ...others] = Object.entries(latest?.revenue ?? {}).toSorted(
        ([currency, minor], [otherCurrency, otherMinor]) =>
          wholeUnits(otherMinor, otherCurrency) - wholeUnits(minor, currency),
      );
      if (latest?.service !== 'up') return undefined;
      if (!largest) return { value: none, beside: 'no paid orders yet' };
      const paid = latest.orders['paid'] ?? 0;
      return {
        value: money(largest[1], largest[0], true),
        beside:
          others.map(([currency, minor]) => money(minor, currency, true)).join('  ') ||
          `${count(paid)} paid ${paid === 1 ? 'order' : 'orders'}`,
      };
    },
  },
];
