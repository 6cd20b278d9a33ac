import { Agent } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { endings } from '../support/processes.ts';
import { createRealRelease, type RealRelease } from '../support/real-release.ts';
import { rolledOut } from '../support/release.ts';

/**
 * What customers notice of a rolling update. Pods are real processes of the service, with the variables, probes, SIGTERM and
 * grace period that the cluster stored; requests go to the endpoints that its EndpointSlices call ready.
 */

/** Orders per second. */
const rate = 50;
let real: RealRelease;

beforeAll(async () => {
  real = await createRealRelease();
});

afterAll(async () => {
  await real?.remove();
});

test('no request fails while every replica is replaced under 50 orders a second', async () => {
  const { release } = real;
  const settings = [
    ...real.settings,
    'autoscaling.enabled=false',
    'replicas=3',
    // On a machine that runs other things, shed requests say nothing about the rollout.
    'config.ADMISSION=off',
  ];
  await release.upgrade(...settings);
  await rolledOut(release, 3);
  const old = (await release.replicas()).map(({ metadata }) => metadata.name);

  const customers = await placeOrders();
  await release.upgrade(...settings, 'config.LOG_LEVEL=warn');
  await rolledOut(release, 3);
  await expect.poll(() => endings.map(({ name }) => name).toSorted()).toEqual(old.toSorted());
  const answers = await customers.stop();

  expect(Object.keys(answers)).toEqual(['201']);
  expect(answers['201']).toBeGreaterThan(10 * rate);
  // Within the grace period, in order.
  expect(new Set(endings.map(({ code }) => code))).toEqual(new Set([0]));
});

/** Places orders at a fixed rate, none twice, until it is stopped. Returns how many got which answer. */
async function placeOrders() {
  const answers: Record<string, number> = {};
  const pending: Promise<void>[] = [];
  const agent = new Agent();
  const proxy = followEndpoints();
  const place = async (at: string | undefined) => {
    const outcome = await real.placeOrder(agent, at).catch((error: unknown) => String(error));
    answers[outcome] = (answers[outcome] ?? 0) + 1;
  };
  await proxy.look();
  const timer = setInterval(() => pending.push(place(proxy.next())), 1000 / rate);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(pending);
      proxy.stop();
      await agent.close();
      process.stderr.write(`Answers to ${pending.length} orders: ${JSON.stringify(answers)}\n`);
      return answers;
    },
  };
}

/** As kube-proxy: takes the ready endpoints in turn, and hears of a change a little late. */
function followEndpoints() {
  let ready: string[] = [];
  let turn = 0;
  const look = async () => {
    ready = await real.endpoints();
  };
  const timer = setInterval(() => void look(), 500);
  return {
    next(): string | undefined {
      turn += 1;
      return ready[turn % Math.max(1, ready.length)];
    },
    stop: () => clearInterval(timer),
    look,
  };
}
