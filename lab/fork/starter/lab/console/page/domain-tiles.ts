import { count, rate } from './format.ts';
import { now, type Tile } from './tile.ts';

/** The figures of bookings in the latest second, between those of requests and of the process. */
export const domainTiles: readonly Tile[] = [
  {
    title: 'Calls',
    show(live) {
      const calls = now(live, 'calls');
      return calls === null
        ? undefined
        : { value: count(calls), beside: `${rate(now(live, 'retries') ?? 0)}/s retries` };
    },
  },
  {
    title: 'Bookings',
    show(live) {
      if (live.latest?.service !== 'up') return undefined;
      const { confirmed = 0, rejected = 0 } = live.latest.bookings;
      return { value: count(confirmed), beside: `confirmed, ${count(rejected)} rejected` };
    },
  },
];
