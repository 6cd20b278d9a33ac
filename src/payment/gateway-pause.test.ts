import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createGatewayPause, type SharedPause } from './gateway-pause.ts';

const longest = 60_000;

function pauseOf(shared?: SharedPause, most = longest) {
  const happened: string[] = [];
  const pause = createGatewayPause({
    longest: most,
    shared,
    events: {
      paused: ({ duration, isShortened, learned }) =>
        happened.push(`paused ${duration}${isShortened ? ', shortened' : ''}, ${learned}`),
      resumed: () => happened.push('resumed'),
    },
  });
  return { pause, happened };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('the pause that the gateway asks for', () => {
  test('a pause stops every request until it is over, and reports its start and its end once', async () => {
    const { pause, happened } = pauseOf();
    expect([pause.admit(), pause.admit(), pause.remaining()]).toEqual([true, true, 0]);
    pause.answered(2000);
    pause.answered(2000);
    await vi.advanceTimersByTimeAsync(1990);
    expect([pause.admit(), pause.capacity()]).toEqual([false, 0]);
    expect(pause.remaining()).toBeCloseTo(10);
    await vi.advanceTimersByTimeAsync(10);
    expect(pause.admit()).toBe(true);
    expect(happened).toEqual(['paused 2000, here', 'resumed']);
  });

  test('a pause never lasts longer than the maximum, whatever the gateway asks for', async () => {
    const { pause, happened } = pauseOf();
    pause.answered(99_999_999_000);
    expect(pause.atMost(99_999_999_000)).toBe(longest);
    await vi.advanceTimersByTimeAsync(longest);
    expect(pause.admit()).toBe(true);
    expect(happened[0]).toBe('paused 60000, shortened, here');
  });

  test('a longest pause of 0 is none, here and for other replicas', async () => {
    const begun: number[] = [];
    const shared = {
      remaining: async () => 2000,
      begin: async (duration: number) => void begun.push(duration),
    };
    const { pause, happened } = pauseOf(shared, 0);
    pause.answered(2000);
    await pause.learn();
    expect([pause.admit(), pause.admit(), begun, happened]).toEqual([true, true, [], []]);
  });

  test('a pause is extended by a longer one, and never cut short by a shorter one', async () => {
    const { pause, happened } = pauseOf();
    pause.answered(5000);
    pause.answered(1000);
    expect(pause.remaining()).toBe(5000);
    pause.answered(8000);
    expect(pause.remaining()).toBe(8000);
    // A request that was on its way when the pause began.
    pause.answered(undefined);
    expect(pause.admit()).toBe(false);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(happened).toEqual(['paused 5000, here', 'paused 8000, here', 'resumed']);
  });

  test('a pause that is asked for again stays the same one, unless it lasts half a second longer', async () => {
    const { pause, happened } = pauseOf();
    pause.answered(1000);
    pause.answered(1499);
    expect(pause.remaining()).toBe(1000);
    pause.answered(1500);
    expect(pause.remaining()).toBe(1500);
    expect(happened).toEqual(['paused 1000, here', 'paused 1500, here']);
  });

  test('a pause may be short, and is over for a timer that fires 2 ms early', async () => {
    const { pause, happened } = pauseOf();
    pause.answered(300);
    await vi.advanceTimersByTimeAsync(297);
    expect(pause.admit()).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(pause.admit()).toBe(true);
    expect(happened).toEqual(['paused 300, here']);
  });

  test.each([undefined, 0])('no pause begins when the gateway asks for %o', (retryAfter) => {
    const { pause, happened } = pauseOf();
    pause.answered(retryAfter);
    expect([pause.admit(), happened.length]).toEqual([true, 0]);
  });

  test('one request alone asks whether a pause is over, and its answer lets the others go', async () => {
    const { pause } = pauseOf();
    pause.answered(1000);
    await vi.advanceTimersByTimeAsync(1000);
    expect(pause.capacity()).toBe(1);
    expect([pause.admit(), pause.admit(), pause.admit(), pause.capacity()]).toEqual([true, false, false, 0]);
    pause.answered(undefined);
    expect([pause.admit(), pause.admit()]).toEqual([true, true]);
  });

  test('a pause begins again when the request at its end is refused', async () => {
    const { pause } = pauseOf();
    pause.answered(1000);
    await vi.advanceTimersByTimeAsync(1000);
    expect(pause.admit()).toBe(true);
    pause.answered(1000);
    expect([pause.admit(), pause.remaining()]).toEqual([false, 1000]);
  });

  test('a request at the end of a pause that gets no answer holds up the others for a second only', async () => {
    const { pause } = pauseOf();
    pause.answered(1000);
    await vi.advanceTimersByTimeAsync(1000);
    expect(pause.admit()).toBe(true);
    await vi.advanceTimersByTimeAsync(999);
    expect(pause.admit()).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect([pause.admit(), pause.admit()]).toEqual([true, true]);
  });

  test('a request at the end of a pause that is not sent leaves it to the next one to ask', async () => {
    const { pause } = pauseOf();
    pause.answered(1000);
    await vi.advanceTimersByTimeAsync(1000);
    expect(pause.admit()).toBe(true);
    pause.notSent();
    expect([pause.capacity(), pause.admit(), pause.admit()]).toEqual([1, true, false]);
  });

  test('a request that is not sent begins no pause', () => {
    const { pause } = pauseOf();
    expect(pause.admit()).toBe(true);
    pause.notSent();
    expect([pause.admit(), pause.admit()]).toEqual([true, true]);
  });

  test('a pause that was closed leaves no timer behind', () => {
    const { pause } = pauseOf();
    pause.answered(1000);
    pause.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a pause that replicas share', () => {
  test('a replica learns of the pause of another one without asking the gateway', async () => {
    let until = 0;
    const begun: number[] = [];
    const shared: SharedPause = {
      remaining: async () => (until > performance.now() ? until - performance.now() : undefined),
      begin: async (duration) => {
        begun.push(duration);
        until = performance.now() + duration;
      },
    };
    const [here, there] = [pauseOf(shared), pauseOf(shared)];
    here.pause.answered(5000);
    await vi.advanceTimersByTimeAsync(1000);
    await here.pause.learn();
    await there.pause.learn();
    expect(there.pause.admit()).toBe(false);
    expect(there.pause.remaining()).toBeCloseTo(4000);
    await vi.advanceTimersByTimeAsync(3990);
    expect([here.pause.admit(), there.pause.admit()]).toEqual([false, false]);
    await vi.advanceTimersByTimeAsync(20);
    await there.pause.learn();
    expect([here.pause.admit(), there.pause.admit()]).toEqual([true, true]);
    expect(here.happened).toEqual(['paused 5000, here', 'resumed']);
    expect(there.happened).toEqual(['paused 4000, from_replica', 'resumed']);
    expect(begun).toEqual([5000]);
  });

  test('a replica that shares no pause learns of none', async () => {
    const { pause, happened } = pauseOf();
    await pause.learn();
    expect([pause.admit(), happened]).toEqual([true, []]);
  });

  test('a replica learns nothing from a pause that is just over', async () => {
    const { pause, happened } = pauseOf({ remaining: async () => 0, begin: async () => {} });
    await pause.learn();
    expect([pause.admit(), pause.admit(), happened]).toEqual([true, true, []]);
  });
});
