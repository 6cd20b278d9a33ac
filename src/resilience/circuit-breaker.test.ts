import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type BreakerPolicy, createCircuit } from './circuit-breaker.ts';

type Outcome = 'fine' | 'declined' | 'broken';

const policy: BreakerPolicy = { errorShare: 0.5, volume: 4, window: 10_000, openFor: 1000 };

function circuitOf(overrides: Partial<BreakerPolicy> = {}) {
  const changes: string[] = [];
  const circuit = createCircuit<Outcome>(
    { ...policy, ...overrides },
    (outcome) => outcome === 'broken',
    ({ from, to }) => changes.push(`${from} -> ${to}`),
  );
  let calls = 0;
  return {
    ...circuit,
    changes,
    calls: () => calls,
    fire: (outcome: Outcome | Promise<Outcome>) =>
      circuit.fire(async () => {
        calls += 1;
        return outcome;
      }),
    async fireAll(...outcomes: Outcome[]) {
      const answers = [];
      for (const outcome of outcomes) answers.push(await this.fire(outcome));
      return answers;
    },
  };
}

const opening: Outcome[] = ['broken', 'broken', 'broken', 'broken'];

async function halfOpen() {
  const circuit = circuitOf();
  await circuit.fireAll(...opening);
  await vi.advanceTimersByTimeAsync(policy.openFor);
  return circuit;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('a closed circuit', () => {
  test('a closed circuit returns the outcome of each call, good or bad', async () => {
    const circuit = circuitOf();
    expect(await circuit.fireAll('fine', 'declined', 'broken')).toEqual(['fine', 'declined', 'broken']);
    expect(circuit.state()).toBe('closed');
  });

  test('a closed circuit rethrows what a call throws', async () => {
    const circuit = circuitOf();
    const defect = new Error('defect');
    await expect(circuit.fire(Promise.reject(defect))).rejects.toBe(defect);
  });

  test('a closed circuit opens when calls throw', async () => {
    const circuit = circuitOf();
    const outcomes = await Promise.allSettled(
      opening.map(() => circuit.fire(Promise.reject(new Error('defect')))),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(opening.map(() => 'rejected'));
    expect(circuit.state()).toBe('open');
  });

  test('a closed circuit stays closed below the volume, even if every call failed', async () => {
    const circuit = circuitOf();
    await circuit.fireAll('broken', 'broken', 'broken');
    expect(circuit.state()).toBe('closed');
    expect(await circuit.fire('fine')).toBe('fine');
  });

  test('a closed circuit stays closed at the error share, and opens above it', async () => {
    const circuit = circuitOf();
    await circuit.fireAll('fine', 'fine', 'broken', 'broken');
    expect(circuit.state()).toBe('closed');
    await circuit.fire('broken');
    expect(circuit.state()).toBe('open');
    expect(circuit.changes).toEqual(['closed -> open']);
  });

  test('a closed circuit never opens on outcomes that do not count as failures', async () => {
    const circuit = circuitOf();
    await circuit.fireAll(...Array.from({ length: 100 }, (): Outcome => 'declined'));
    expect(circuit.changes).toEqual([]);
  });

  test('a closed circuit forgets calls that are older than its window', async () => {
    const circuit = circuitOf();
    await circuit.fireAll('broken', 'broken', 'broken');
    await vi.advanceTimersByTimeAsync(policy.window);
    await circuit.fireAll('broken', 'broken', 'broken');
    expect(circuit.state()).toBe('closed');
  });
});

describe('an open circuit', () => {
  test('an open circuit rejects calls at once', async () => {
    const circuit = circuitOf();
    await circuit.fireAll(...opening);
    await vi.advanceTimersByTimeAsync(policy.openFor - 1);

    expect(await circuit.fireAll('fine', 'fine')).toEqual([undefined, undefined]);
    expect(circuit.calls()).toBe(opening.length);
    expect(circuit.state()).toBe('open');
  });

  test('an open circuit becomes half-open without a call', async () => {
    const circuit = circuitOf();
    await circuit.fireAll(...opening);
    await vi.advanceTimersByTimeAsync(policy.openFor);
    expect(circuit.changes).toEqual(['closed -> open', 'open -> half_open']);
  });
});

describe('a half-open circuit', () => {
  test('a half-open circuit lets one probe through and rejects all other calls while the probe is in flight', async () => {
    const circuit = await halfOpen();
    const probe = Promise.withResolvers<Outcome>();
    const answer = circuit.fire(probe.promise);

    expect(await circuit.fireAll('fine', 'fine', 'fine')).toEqual([undefined, undefined, undefined]);
    expect(circuit.calls()).toBe(opening.length + 1);
    probe.resolve('fine');
    expect(await answer).toBe('fine');
    expect(circuit.state()).toBe('closed');
  });

  test('a half-open circuit opens again, for the full time, when the probe fails', async () => {
    const circuit = await halfOpen();
    expect(await circuit.fire('broken')).toBe('broken');
    expect(circuit.state()).toBe('open');
    await vi.advanceTimersByTimeAsync(policy.openFor - 1);
    expect(await circuit.fire('fine')).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(await circuit.fire('fine')).toBe('fine');
    expect(circuit.changes.slice(2)).toEqual([
      'half_open -> open',
      'open -> half_open',
      'half_open -> closed',
    ]);
  });

  test('a half-open circuit closes when the probe is declined, because the gateway works', async () => {
    const circuit = await halfOpen();
    await circuit.fire('declined');
    expect(circuit.state()).toBe('closed');
  });

  test('a half-open circuit opens again when the probe throws', async () => {
    const circuit = await halfOpen();
    await expect(circuit.fire(Promise.reject(new Error('defect')))).rejects.toThrow('defect');
    expect(circuit.state()).toBe('open');
  });

  test('a circuit that closes forgets the failures that opened it', async () => {
    const circuit = await halfOpen();
    await circuit.fireAll('fine', 'broken', 'broken', 'broken');
    expect(circuit.state()).toBe('closed');
  });

  test('a circuit that closes does not count the calls it rejected against later failures', async () => {
    const circuit = await halfOpen();
    const probe = Promise.withResolvers<Outcome>();
    const answer = circuit.fire(probe.promise);
    await circuit.fireAll(...Array.from({ length: 100 }, (): Outcome => 'fine'));
    probe.resolve('fine');
    await answer;

    await circuit.fireAll(...opening);
    expect(circuit.state()).toBe('open');
  });
});

test('a circuit that was shut down leaves no timer behind, makes no calls and reports no changes', async () => {
  const circuit = circuitOf();
  await circuit.fireAll(...opening);
  circuit.close();
  expect(vi.getTimerCount()).toBe(0);
  expect(await circuit.fire('fine')).toBeUndefined();
  expect(circuit.calls()).toBe(opening.length);
  expect(circuit.changes).toEqual(['closed -> open']);
});
