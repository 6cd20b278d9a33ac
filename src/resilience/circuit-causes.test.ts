import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type BreakerPolicy, createCircuit } from './circuit-breaker.ts';

const policy: BreakerPolicy = { errorShare: 0.5, volume: 10, window: 10_000, openFor: 1000 };

/** The causes of a call: narrow before wide. */
const of = (card: string, client: string) => [`card:${card}`, `client:${client}`];
const poison = of('silent', 'noisy');
const good = of('visa', 'quiet');

function circuitOf(overrides: Partial<BreakerPolicy> = {}) {
  const happened: string[] = [];
  const circuit = createCircuit<boolean>(
    { ...policy, ...overrides },
    // A call that was not made has no outcome, and is no failure.
    (ok) => ok === false,
    ({ to }) => happened.push(to),
    (cause) => happened.push(`suspended ${cause}`),
  );
  const succeeds = (causes: readonly string[]) => circuit.fire(async () => true, causes);
  const fails = (causes: readonly string[]) => circuit.fire(async () => false, causes);
  return { circuit, happened, succeeds, fails };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('a circuit whose failures have one cause', () => {
  test('a circuit stays closed for all others when one card fails, however often it does', async () => {
    const { circuit, happened, succeeds, fails } = circuitOf();
    for (let round = 0; round < 200; round += 1) {
      await fails(poison);
      await fails(poison);
      if (round % 10 === 0) expect(await succeeds(good)).toBe(true);
      await vi.advanceTimersByTimeAsync(50);
    }
    expect(circuit.state()).toBe('closed');
    expect(happened[0]).toBe('suspended card:silent');
    expect(happened.filter((what) => !what.startsWith('suspended'))).toEqual([]);
  });

  test('a circuit suspends the card and not its client, whose other cards work', async () => {
    const { circuit, succeeds, fails } = circuitOf();
    for (let call = 0; call < 5; call += 1) await succeeds(of('visa', 'noisy'));
    for (let call = 0; call < 9; call += 1) await fails(poison);
    expect([...circuit.suspended()]).toEqual(['card:silent']);
    expect(await succeeds(of('visa', 'noisy'))).toBe(true);
    expect(await succeeds(poison)).toBeUndefined();
    expect(circuit.suspends(poison)).toBe(true);
  });

  test('a circuit suspends the client when several of its cards fail', async () => {
    const { circuit, succeeds, fails } = circuitOf();
    for (let call = 0; call < 5; call += 1) await succeeds(good);
    for (let call = 0; call < 10; call += 1) await fails(of(`card ${call % 4}`, 'noisy'));
    expect([...circuit.suspended()]).toEqual(['client:noisy']);
    expect(await succeeds(of('visa', 'noisy'))).toBeUndefined();
    expect(await succeeds(good)).toBe(true);
  });

  test('a suspended card gets one probe when its time is over, and is suspended again if that fails', async () => {
    const { circuit, succeeds, fails } = circuitOf();
    for (let call = 0; call < 5; call += 1) await succeeds(good);
    for (let call = 0; call < 9; call += 1) await fails(poison);
    await vi.advanceTimersByTimeAsync(policy.openFor - 1);
    expect(await fails(poison)).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);

    const held = Promise.withResolvers<boolean>();
    const probe = circuit.fire(() => held.promise, poison);
    expect(await succeeds(poison)).toBeUndefined();
    held.resolve(false);
    expect(await probe).toBe(false);
    expect(await succeeds(poison)).toBeUndefined();

    await vi.advanceTimersByTimeAsync(policy.openFor);
    expect(await succeeds(poison)).toBe(true);
    expect([...circuit.suspended()]).toEqual([]);
    expect(await succeeds(poison)).toBe(true);
  });

  test('a circuit suspends a card once, however many of its calls still fail', async () => {
    const { circuit, happened, succeeds, fails } = circuitOf();
    for (let call = 0; call < 5; call += 1) await succeeds(good);
    const held = Promise.withResolvers<boolean>();
    const inFlight = circuit.fire(() => held.promise, poison);
    for (let call = 0; call < 9; call += 1) await fails(poison);
    held.resolve(false);
    expect(await inFlight).toBe(false);
    expect(happened).toEqual(['suspended card:silent']);
  });

  test('a circuit suspends a card when the other calls fail no more often than they may', async () => {
    const { circuit, happened, succeeds, fails } = circuitOf();
    for (let call = 0; call < 2; call += 1) await succeeds(good);
    for (let call = 0; call < 2; call += 1) await fails(of(`card ${call}`, `client ${call}`));
    for (let call = 0; call < 6; call += 1) await fails(poison);
    expect(happened).toEqual(['suspended card:silent']);
    expect(circuit.state()).toBe('closed');
  });

  test('a circuit that is closed for good suspends nobody', async () => {
    const { circuit, succeeds, fails } = circuitOf();
    for (let call = 0; call < 5; call += 1) await succeeds(good);
    for (let call = 0; call < 9; call += 1) await fails(poison);
    circuit.close();
    expect([...circuit.suspended()]).toEqual([]);
  });

  test('a circuit forgets a suspended card that nobody uses any more', async () => {
    const { circuit, succeeds, fails } = circuitOf();
    for (let call = 0; call < 5; call += 1) await succeeds(good);
    for (let call = 0; call < 9; call += 1) await fails(poison);
    await vi.advanceTimersByTimeAsync(policy.window);
    expect([...circuit.suspended()]).toEqual([]);
  });

  test('a circuit opens for all when a suspended card fails again and nothing else has succeeded since', async () => {
    const { circuit, succeeds, fails } = circuitOf();
    for (let call = 0; call < 5; call += 1) await succeeds(good);
    for (let call = 0; call < 9; call += 1) await fails(poison);
    expect(circuit.state()).toBe('closed');
    for (let round = 0; round < 20 && circuit.state() === 'closed'; round += 1) {
      await vi.advanceTimersByTimeAsync(policy.openFor);
      await fails(poison);
    }
    expect(circuit.state()).toBe('open');
  });
});

test('a circuit opens for all when a probe fails after nothing was called, and asks another card for a second opinion', async () => {
  const { circuit, happened, succeeds, fails } = circuitOf({ openFor: policy.window });
  for (let call = 0; call < 5; call += 1) await succeeds(good);
  for (let call = 0; call < 9; call += 1) await fails(poison);
  await vi.advanceTimersByTimeAsync(policy.window);
  expect(await fails(poison)).toBe(false);
  expect(circuit.state()).toBe('open');
  expect(await succeeds(of('visa', 'noisy'))).toBe(true);
  expect(happened).toEqual(['suspended card:silent', 'open', 'closed', 'suspended card:silent']);
});

describe('an open circuit whose failures have one cause', () => {
  /** Nothing but one card of one client was seen, and it failed. */
  async function openedBy(causes: readonly string[]) {
    const setUp = circuitOf();
    for (let call = 0; call < policy.volume; call += 1) await setUp.fails(causes);
    expect(setUp.circuit.state()).toBe('open');
    return setUp;
  }

  test('an open circuit lets another client’s first call through, closes when it succeeds, and suspends the rest', async () => {
    const { circuit, happened, succeeds } = await openedBy(poison);
    expect(await succeeds(poison)).toBeUndefined();
    expect(await succeeds(good)).toBe(true);
    expect(circuit.state()).toBe('closed');
    expect(happened).toEqual(['open', 'closed', 'suspended card:silent', 'suspended client:noisy']);
    expect(await succeeds(good)).toBe(true);
    expect(await succeeds(poison)).toBeUndefined();
  });

  test('an open circuit asks for one second opinion at a time', async () => {
    const { circuit, succeeds } = await openedBy(poison);
    const held = Promise.withResolvers<boolean>();
    const first = circuit.fire(() => held.promise, good);
    expect(await succeeds(of('amex', 'another'))).toBeUndefined();
    held.resolve(true);
    expect(await first).toBe(true);
    expect(await succeeds(of('amex', 'another'))).toBe(true);
  });

  test('an open circuit asks nobody else when the second opinion fails, too', async () => {
    const { circuit, succeeds, fails } = await openedBy(poison);
    expect(await fails(good)).toBe(false);
    expect(circuit.state()).toBe('open');
    expect(await succeeds(of('amex', 'another'))).toBeUndefined();
    await vi.advanceTimersByTimeAsync(policy.openFor);
    expect(await succeeds(good)).toBe(true);
    expect(circuit.state()).toBe('closed');
  });

  test('a half-open circuit asks nobody else when the second opinion fails long after it opened', async () => {
    const { circuit, succeeds, fails } = await openedBy(poison);
    await vi.advanceTimersByTimeAsync(policy.openFor);
    void circuit.fire(() => Promise.withResolvers<boolean>().promise, poison);
    await vi.advanceTimersByTimeAsync(policy.window);
    expect(await fails(good)).toBe(false);
    expect(await succeeds(of('amex', 'another'))).toBeUndefined();
    expect(circuit.state()).toBe('half_open');
  });

  test('an open circuit still asks for a second opinion when another call with the same causes fails', async () => {
    const { circuit, succeeds, fails } = circuitOf();
    const held = Promise.withResolvers<boolean>();
    const inFlight = circuit.fire(() => held.promise, poison);
    for (let call = 0; call < policy.volume; call += 1) await fails(poison);
    held.resolve(false);
    expect(await inFlight).toBe(false);
    expect(circuit.state()).toBe('open');
    expect(await succeeds(good)).toBe(true);
    expect(circuit.state()).toBe('closed');
  });

  test('an open circuit asks another client when a failed second opinion leaves the client to blame', async () => {
    const { circuit, succeeds, fails } = await openedBy(poison);
    expect(await fails(of('visa', 'noisy'))).toBe(false);
    expect(await succeeds(good)).toBe(true);
    expect([...circuit.suspended()]).toEqual(['client:noisy']);
  });

  test('a second opinion that ends after the circuit closed suspends nobody', async () => {
    const { circuit, happened, succeeds } = await openedBy(poison);
    const held = Promise.withResolvers<boolean>();
    const opinion = circuit.fire(() => held.promise, good);
    await vi.advanceTimersByTimeAsync(policy.openFor);
    expect(await succeeds(poison)).toBe(true);
    held.resolve(true);
    expect(await opinion).toBe(true);
    expect(happened).toEqual(['open', 'half_open', 'closed']);
  });

  test('an open circuit takes no second opinion from a call that is suspended itself', async () => {
    const { circuit, succeeds, fails } = circuitOf({ openFor: 2 * policy.window });
    for (let call = 0; call < 5; call += 1) await succeeds(good);
    for (let call = 0; call < 9; call += 1) await fails(poison);
    await vi.advanceTimersByTimeAsync(policy.window);
    for (let call = 0; call < policy.volume; call += 1) await fails(of('amex', 'another'));
    expect(circuit.state()).toBe('open');
    expect(await succeeds(poison)).toBeUndefined();
    expect(circuit.state()).toBe('open');
  });

  test('an open circuit asks for no second opinion when the failed calls have no known cause', async () => {
    const { circuit, succeeds } = circuitOf();
    for (let call = 0; call < policy.volume; call += 1) await circuit.fire(async () => false);
    expect(circuit.state()).toBe('open');
    expect(await succeeds(good)).toBeUndefined();
  });

  test('a half-open circuit asks for a second opinion while a probe of the suspect is in flight', async () => {
    const { circuit, succeeds } = await openedBy(poison);
    await vi.advanceTimersByTimeAsync(policy.openFor);
    const held = Promise.withResolvers<boolean>();
    const probe = circuit.fire(() => held.promise, poison);
    expect(await succeeds(good)).toBe(true);
    expect(circuit.state()).toBe('closed');
    held.resolve(false);
    expect(await probe).toBe(false);
    expect(circuit.state()).toBe('closed');
  });
});

test('a circuit opens for all when all fail, whatever their cards and clients', async () => {
  const calls = fc.array(fc.tuple(fc.nat(5), fc.nat(2)), { minLength: 60, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(calls, fc.nat(20), async (failures, earlier) => {
      const { circuit, succeeds, fails } = circuitOf();
      for (let call = 0; call < earlier; call += 1) await succeeds(of(`${call % 6}`, `${call % 3}`));
      for (const [card, client] of failures) await fails(of(`${card}`, `${client}`));
      // Every card and client is rejected: the circuit is open, or all that was used is suspended.
      for (const [card, client] of failures) expect(await fails(of(`${card}`, `${client}`))).toBeUndefined();
      circuit.close();
    }),
    { numRuns: 50 },
  );
});

test('a circuit counts more causes than it can tell apart', async () => {
  const { circuit, fails } = circuitOf();
  for (let call = 0; call < 3000 && circuit.state() === 'closed'; call += 1) {
    await circuit.fire(async () => call % 2 === 0, of(`${call}`, 'quiet'));
  }
  expect(circuit.state()).toBe('closed');
  await fails(of('one more', 'quiet'));
  await fails(of('and another', 'quiet'));
  expect(circuit.state()).toBe('open');
});
