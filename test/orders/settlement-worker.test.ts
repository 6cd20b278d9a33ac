import { afterEach, describe, expect, test } from 'vitest';
import type { LeasedOrder } from '../../src/orders/order.ts';
import { placeOrder } from '../../src/orders/place-order.ts';
import { noHistory } from '../../src/orders/round-history.ts';
import { createSettlementWorker, type WorkerOptions } from '../../src/orders/settle-orders.ts';
import type { CircuitState } from '../../src/resilience/circuit-breaker.ts';
import { causes, command, paid, type Script, unknown, world } from './scripted-world.ts';

const closed = { payment: 'closed', settlement: 'closed' } as const;
const options: WorkerOptions = {
  pollInterval: 5,
  concurrency: 4,
  batchSize: 3,
  leases: { prompt: 9000, patient: 30_000 },
  circuits: () => closed,
  pauseCapacity: () => Number.POSITIVE_INFINITY,
  learnPause: async () => {},
};

const workers: Array<ReturnType<typeof createSettlementWorker>> = [];
afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.stop();
});

function start(made: ReturnType<typeof world>, overrides: Partial<WorkerOptions> = {}) {
  const worker = createSettlementWorker(made.dependencies, { ...options, ...overrides });
  workers.push(worker);
  worker.start();
  return worker;
}

const refused = { kind: 'refused', refusalCode: 'amount_too_small' } as const;
const refusedTwice = { history: { ...noHistory, refusals: 2, refusalCode: 'amount_too_small' } };

describe('the settlement worker', () => {
  /** A world in which the worker has settled an order that its request left pending. */
  async function settled(
    script: Script,
    change: Partial<LeasedOrder> = {},
    only: 'prompt' | 'patient' = 'prompt',
  ) {
    const made = world({ charges: [unknown, paid], ...script });
    await placeOrder(made.dependencies, command);
    made.change(change);
    made.charged.length = 0;
    made.events.length = 0;
    const { takeDue } = made.dependencies.store;
    const mine = only === 'prompt' ? 'answered' : 'unanswered';
    made.dependencies.store.takeDue = async (which, ...rest) =>
      which === mine ? takeDue(which, ...rest) : [];
    start(made);
    await expect.poll(() => made.stored()?.order.status).not.toBe('pending');
    return { ...made, order: made.stored()?.order };
  }

  test('the worker charges a pending order again under its id, without retries', async () => {
    const { charged, cancelled, events, order } = await settled({});
    expect(order).toMatchObject({ status: 'paid', paymentId: 'ch_1' });
    expect(charged).toEqual([
      [
        { key: order?.id, amountMinor: 900, currency: 'EUR', paymentToken: 'tok_visa' },
        { requestId: `settle-${order?.id}`, retry: false, causes },
      ],
    ]);
    expect(cancelled).toEqual([]);
    expect(events).toEqual([['settling'], ['settled', 'paid']]);
  });

  test('the patient crew charges with patience, until the worker stops', async () => {
    const { charged } = await settled({}, {}, 'patient');
    const [, context] = charged[0] ?? [];
    expect(context).toMatchObject({ patient: true, retry: false });
    expect(context?.signal?.aborted).toBe(false);
    await workers[0]?.stop();
    expect(context?.signal?.aborted).toBe(true);
  });

  test.each([
    ['past its deadline', { age: 60_001 }],
    ['that is to be cancelled', { cancelling: true }],
    ['that is to be cancelled and was refused', { cancelling: true, ...refusedTwice }],
  ])('the worker cancels an order %s, and does not charge it', async (_what, change) => {
    const { charged, cancelled, order } = await settled({}, change);
    expect(order?.status).toBe('cancelled');
    expect(charged).toEqual([]);
    expect(cancelled).toEqual([[order?.id, { requestId: `settle-${order?.id}`, retry: false, causes }]]);
  });

  test('the worker still charges an order at its deadline', async () => {
    const { order } = await settled({}, { age: 60_000 });
    expect(order?.status).toBe('paid');
  });

  test('the worker settles an order as refused once the gateway refused it often enough and cancelled it', async () => {
    const { order, charged, cancelled } = await settled({ charges: [refused] });
    // The request was refused, the first round was, and the second one gives up.
    expect(order).toMatchObject({ status: 'refused', refusalCode: 'amount_too_small' });
    expect([charged.length, cancelled.length]).toEqual([1, 1]);
  });

  test('the worker believes the gateway that a charge it refused was declined before', async () => {
    const { order } = await settled(
      { cancels: [{ kind: 'declined', declineCode: 'no_funds' }] },
      refusedTwice,
    );
    expect(order).toMatchObject({ status: 'declined', declineCode: 'no_funds' });
  });

  test('the worker keeps what a round has shown for the next one', async () => {
    const { stored } = await settled({ charges: [unknown, refused, unknown, paid] });
    expect(stored()?.history).toMatchObject({ refusals: 1, unanswered: 1 });
  });

  test.each<[why: string, change: Partial<LeasedOrder>]>([
    ['its client has asked to cancel', { cancelling: true }],
    ['it is older than its deadline', { age: 60_001 }],
    ['its charge was refused often enough', refusedTwice],
  ])(
    'an order whose cancellation is not answered in time goes to the patient crew: %s',
    async (_why, change) => {
      const slow = world({ charges: [unknown], cancels: [unknown, { kind: 'cancelled' }] });
      const { dependencies, cancelled, stored } = slow;
      await placeOrder(dependencies, command);
      slow.change({ history: noHistory, ...change });
      const { takeDue } = dependencies.store;
      dependencies.store.takeDue = async (which, ...rest) => {
        const isUnanswered = (stored()?.history.unanswered ?? 0) > 0;
        return which === (isUnanswered ? 'unanswered' : 'answered') ? takeDue(which, ...rest) : [];
      };
      start(slow);
      await expect.poll(() => stored()?.order.status).not.toBe('pending');
      expect(cancelled.map(([, { patient = false }]) => patient)).toEqual([false, true]);
    },
  );
});

describe('the orders that the worker takes', () => {
  /** What the crews ask for, until each has asked. */
  async function asked(
    circuits: Partial<Record<'payment' | 'settlement', CircuitState>>,
    pauseCapacity = Infinity,
  ) {
    const questions = new Set<string>();
    const made = world({ store: { takeDue: async (...question) => (questions.add(String(question)), []) } });
    let looks = 0;
    start(made, {
      circuits: () => ({ ...closed, ...circuits }),
      pauseCapacity: () => pauseCapacity,
      learnPause: async () => void (looks += 1),
    });
    await expect.poll(() => looks).toBeGreaterThan(3);
    return [...questions].toSorted();
  }

  test.each([
    ['of either kind while all is well', {}, ['answered,3,9000', 'unanswered,2,30000']],
    ['of any kind by the patient crew while clients wait in vain', { payment: 'open' }, ['any,2,30000']],
    ['one by one and fresh as a probe', { payment: 'half_open' }, ['any,2,30000', 'fresh,1,9000']],
    ['without the patient crew when the gateway fails it', { settlement: 'open' }, ['answered,3,9000']],
    ['none of while the gateway fails all', { payment: 'open', settlement: 'open' }, []],
  ] as const)('the orders that the worker takes are %s', async (_what, circuits, expected) => {
    expect(await asked(circuits)).toEqual(expected);
  });

  test('the orders that the worker takes are none during a pause, and one after it', async () => {
    expect(await asked({}, 0)).toEqual([]);
    expect(await asked({}, 1)).toEqual(['fresh,1,9000', 'unanswered,1,30000']);
  });

  test('the orders that the worker took and did not begin are given back when it stops', async () => {
    const leased = ['a', 'b', 'c', 'd'].map(
      (id) =>
        ({ order: { id, status: 'pending' }, history: noHistory, fencingToken: 2, age: 0 }) as LeasedOrder,
    );
    const released: unknown[] = [];
    const begun: string[] = [];
    const charging = Promise.withResolvers<typeof paid>();
    const batches = [leased.slice(0, 2), leased.slice(2)];
    const made = world({
      store: {
        takeDue: async (which) => (which === 'answered' ? (batches.shift() ?? []) : []),
        release: async ({ order }, wait) => (released.push([order.id, wait]), { order, settledHere: false }),
        settle: async ({ order }) => ({ order, settledHere: true }),
      },
    });
    made.dependencies.payments.charge = ({ key }) => (begun.push(key), charging.promise);
    const worker = start(made, { concurrency: 2, batchSize: 2 });
    await expect.poll(() => [begun, batches.length]).toEqual([['a', 'b'], 0]);
    const stopped = worker.stop();
    charging.resolve(paid);
    await stopped;
    expect(begun).toEqual(['a', 'b']);
    expect(released).toEqual([
      ['c', 0],
      ['d', 0],
    ]);
  });
});

describe('the faults of the settlement worker', () => {
  test('a fault is reported once, however long it lasts, and so is its end', async () => {
    const [first, second] = [new Error('no database'), new TypeError('defect')];
    const faults = [first, first, first, second, second];
    let polls = 0;
    const takeDue = async () => {
      polls += 1;
      const fault = faults.shift();
      if (fault) throw fault;
      return [];
    };
    const made = world({ store: { takeDue } });
    start(made, { circuits: () => ({ ...closed, settlement: 'open' }) });
    await expect.poll(() => polls).toBeGreaterThan(7);
    expect(made.events).toEqual([
      ['settlementFailed', first],
      ['settlementFailed', second],
      ['settlementResumed'],
    ]);
  });

  test('a worker of which one crew cannot look reports that once, and its end once both can', async () => {
    const fault = new Error('disk full');
    let [failing, looks] = [true, 0];
    const made = world({
      store: {
        async takeDue(which) {
          looks += 1;
          if (which === 'unanswered' && failing) throw fault;
          return [];
        },
      },
    });
    start(made);
    await expect.poll(() => looks).toBeGreaterThan(7);
    expect(made.events).toEqual([['settlementFailed', fault]]);
    failing = false;
    await expect.poll(() => made.events).toEqual([['settlementFailed', fault], ['settlementResumed']]);
  });

  test('orders are settled while they cannot be counted, which is reported once', async () => {
    const fault = new Error('too slow');
    let counts = 0;
    const backlog = async () => {
      counts += 1;
      throw fault;
    };
    const made = world({ charges: [unknown, paid], store: { backlog } });
    await placeOrder(made.dependencies, command);
    start(made, { circuits: () => ({ ...closed, settlement: 'open' }) });
    await expect.poll(() => made.stored()?.order.status).toBe('paid');
    await expect.poll(() => counts).toBeGreaterThan(3);
    expect(made.events.filter(([name]) => name === 'settlementFailed')).toEqual([
      ['settlementFailed', fault],
    ]);
  });

  test('a round that fails is reported', async () => {
    const defect = new Error('defect');
    const made = world({ charges: [unknown] });
    await placeOrder(made.dependencies, command);
    made.dependencies.payments.charge = async () => {
      throw defect;
    };
    start(made);
    await expect.poll(() => made.events.at(-1)).toEqual(['settlementFailed', defect]);
  });
});

test('the worker looks at once when it is woken, and counts the backlog once per interval', async () => {
  let polls = 0;
  let counts = 0;
  let learned = 0;
  const made = world({
    store: {
      takeDue: async (which) => ((polls += which === 'answered' ? 1 : 0), []),
      backlog: async () => ((counts += 1), { pending: 0, byClient: new Map(), age: undefined }),
    },
  });
  const worker = start(made, { pollInterval: 3_600_000, learnPause: async () => void (learned += 1) });
  for (let poll = 1; poll < 4; poll += 1) {
    await expect.poll(() => polls).toBe(poll);
    worker.wake();
  }
  expect([counts, learned]).toEqual([1, 1]);
});
