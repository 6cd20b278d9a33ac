import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type BreakerPolicy, type Circuit, type CircuitState, createCircuit } from './circuit-breaker.ts';

/** The window never rolls here, so that the model can count exactly; circuit-breaker.test.ts covers the rolling. */
const policy: BreakerPolicy = { errorShare: 0.5, volume: 2, window: 2 ** 31 - 1, openFor: 1000 };

/** The specification of the circuit, as simple as possible. */
interface Model {
  state: CircuitState;
  /** While half-open: whether the one probe has started. */
  probed: boolean;
  /** Since the circuit closed. */
  calls: number;
  failures: number;
  /** While open: milliseconds until half-open. */
  remaining: number;
  inFlight: number;
  refused: number;
  changes: string[];
}

interface Real {
  circuit: Circuit<boolean>;
  /** Calls that were let through and have not ended yet. */
  inFlight: Array<(ok: boolean) => void>;
  /** Calls that returned `undefined`. */
  refused: number;
  changes: string[];
}

type Command = fc.AsyncCommand<Model, Real>;

function change(model: Model, to: CircuitState): void {
  model.changes.push(`${model.state} -> ${to}`);
  model.state = to;
  model.probed = false;
  if (to === 'open') model.remaining = policy.openFor;
  if (to === 'closed') {
    model.calls = 0;
    model.failures = 0;
  }
}

function expectSame(model: Model, real: Real): void {
  expect(real.circuit.state()).toBe(model.state);
  expect(real.changes).toEqual(model.changes);
  expect(real.inFlight).toHaveLength(model.inFlight);
  expect(real.refused).toBe(model.refused);
}

class Fire implements Command {
  readonly check = () => true;

  async run(model: Model, real: Real) {
    const letThrough = model.state === 'closed' || (model.state === 'half_open' && !model.probed);
    const answer = real.circuit.fire(() => {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      real.inFlight.push(resolve);
      return promise;
    });
    if (letThrough) {
      model.inFlight += 1;
      model.calls += 1;
      model.probed = model.state === 'half_open';
    } else {
      model.refused += 1;
      if ((await answer) === undefined) real.refused += 1;
    }
    expectSame(model, real);
  }

  readonly toString = () => 'fire';
}

class End implements Command {
  readonly #which: number;
  readonly #ok: boolean;

  constructor(which: number, ok: boolean) {
    this.#which = which;
    this.#ok = ok;
  }

  readonly check = (model: Readonly<Model>) => model.inFlight > 0;

  async run(model: Model, real: Real) {
    const [end] = real.inFlight.splice(this.#which % model.inFlight, 1);
    end?.(this.#ok);
    await vi.advanceTimersByTimeAsync(0);

    model.inFlight -= 1;
    if (!this.#ok) model.failures += 1;
    // A call that started before the circuit opened says as much about the gateway as the probe does.
    if (model.state === 'half_open') change(model, this.#ok ? 'closed' : 'open');
    else if (model.state === 'closed' && !this.#ok && model.calls >= policy.volume) {
      if (model.failures / model.calls > policy.errorShare) change(model, 'open');
    }
    expectSame(model, real);
  }

  readonly toString = () => `end ${this.#which} ${this.#ok ? 'well' : 'badly'}`;
}

class Wait implements Command {
  readonly #duration: number;

  constructor(duration: number) {
    this.#duration = duration;
  }

  readonly check = () => true;

  async run(model: Model, real: Real) {
    await vi.advanceTimersByTimeAsync(this.#duration);
    if (model.state === 'open') {
      model.remaining -= this.#duration;
      if (model.remaining <= 0) change(model, 'half_open');
    }
    expectSame(model, real);
  }

  readonly toString = () => `wait ${this.#duration}`;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const commands = fc.commands(
  [
    fc.constant(new Fire()),
    fc.tuple(fc.nat(9), fc.boolean()).map(([which, ok]) => new End(which, ok)),
    fc.constantFrom(1, policy.openFor - 1, policy.openFor).map((duration) => new Wait(duration)),
  ],
  // Long enough for several outages.
  { maxCommands: 100, size: 'max' },
);

test('the circuit makes the same transitions as its model, under any sequence of calls, endings and waits', async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(commands, async (sequence) => {
      const real: Real = {
        inFlight: [],
        refused: 0,
        changes: [],
        circuit: createCircuit<boolean>(policy, failed, log),
      };
      function log({ from, to }: { from: CircuitState; to: CircuitState }) {
        real.changes.push(`${from} -> ${to}`);
        seen.add(`${from} -> ${to}`);
      }
      const model: Model = {
        state: 'closed',
        probed: false,
        calls: 0,
        failures: 0,
        remaining: 0,
        inFlight: 0,
        refused: 0,
        changes: [],
      };
      await fc.asyncModelRun(() => ({ model, real }), sequence);
      real.circuit.close();
    }),
    { numRuns: fc.readConfigureGlobal().numRuns ?? 300 },
  );
  expect([...seen].toSorted()).toEqual([
    'closed -> open',
    'half_open -> closed',
    'half_open -> open',
    'open -> half_open',
  ]);
});

const failed = (ok: boolean) => !ok;
