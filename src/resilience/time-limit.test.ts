import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Bounds, startTimeLimit } from './time-limit.ts';

/** Keeps the event loop busy, which has the same effect as a suspended process. */
function block(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

/** @returns the milliseconds from now until the limit */
function reached(bounds: Bounds): Promise<number> {
  const startedAt = performance.now();
  const { promise, resolve } = Promise.withResolvers<number>();
  startTimeLimit(bounds, () => resolve(performance.now() - startedAt));
  return promise;
}

describe('a time limit on a fake clock', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('a time limit on the clock takes a single timer, and no time limit takes none', async () => {
    startTimeLimit({}, () => {});
    expect(vi.getTimerCount()).toBe(0);
    const startedAt = performance.now();
    startTimeLimit({ elapsed: 1000 }, () => {});
    vi.advanceTimersToNextTimer();
    expect(performance.now() - startedAt).toBe(1000);
  });

  test.each<[string, Bounds, number]>([
    ['the time on the clock', { elapsed: 100 }, 100],
    ['the time that the process ran', { running: 100 }, 100],
    ['the shorter of both', { elapsed: 70, running: 100 }, 70],
    ['the shorter of both', { elapsed: 100, running: 70 }, 70],
    ['nothing', { elapsed: 0 }, 0],
    ['a deadline that has passed', { elapsed: -5, running: 100 }, 0],
  ])('a time limit is reached after %s: %o', async (_what, bounds, expected) => {
    const limit = reached(bounds);
    await vi.runAllTimersAsync();
    const took = await limit;
    expect(took).toBeGreaterThanOrEqual(expected);
    // The fake clock counts a millisecond for the turn of the event loop in which the sockets are read.
    expect(took).toBeLessThanOrEqual(expected + 1);
  });

  test('a time limit that is cleared is never reached', async () => {
    const onLimit = vi.fn<() => void>();
    startTimeLimit({ elapsed: 100, running: 50 }, onLimit).clear();
    const cleared = startTimeLimit({ running: 100 }, onLimit);
    await vi.advanceTimersByTimeAsync(80);
    cleared.clear();
    await vi.runAllTimersAsync();
    expect(onLimit).not.toHaveBeenCalled();
  });

  test('a time limit without a bound sets no timer', () => {
    startTimeLimit({}, () => {}).clear();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a time limit that passes while the process is blocked', () => {
  test('an answer that arrived during a pause is read before the time limit is reached', async () => {
    const server = createServer((socket) => socket.write('answer'));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const peers: Socket[] = [];
    server.on('connection', (socket) => peers.push(socket));

    const events: string[] = [];
    const client = connect(port, '127.0.0.1');
    await once(client, 'data');
    const done = Promise.withResolvers<void>();
    client.on('data', () => events.push('answer'));
    startTimeLimit({ elapsed: 20 }, () => {
      events.push('time limit');
      done.resolve();
    });
    peers[0]?.write('another answer');
    block(60);
    await done.promise;
    client.destroy();
    server.close();

    expect(events).toEqual(['answer', 'time limit']);
  });

  test('a time limit that is cleared by such an answer is not reached', async () => {
    const onLimit = vi.fn<() => void>();
    const limit = startTimeLimit({ elapsed: 10 }, onLimit);
    const { promise: looked, resolve } = Promise.withResolvers<void>();
    // Due at the same time, and therefore runs between the timer of the limit and its end.
    setTimeout(() => {
      limit.clear();
      setImmediate(() => setImmediate(resolve));
    }, 10);
    block(30);
    await looked;
    expect(onLimit).not.toHaveBeenCalled();
  });

  test('a pause uses up a third of a time limit on running time at most', async () => {
    const limit = reached({ running: 300 });
    block(900);
    expect(await limit).toBeGreaterThan(900 + 200 - 10);
  });

  test('a pause does not extend a time limit on the clock', async () => {
    const onLimit = vi.fn<() => void>();
    startTimeLimit({ elapsed: 300, running: 10_000 }, onLimit);
    block(900);
    // The turn that is under way, one in which its timer is due, and one in which the sockets were read.
    for (let turn = 0; turn < 3; turn += 1) await nextTurn();
    expect(onLimit).toHaveBeenCalledOnce();
  });
});
