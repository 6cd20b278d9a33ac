import { setTimeout as delay } from 'node:timers/promises';
import { Agent } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createGatewayControl } from '../../../lab/harness/gateway-control.ts';
import { startMetricsAdapter, type MetricsAdapter } from '../support/metrics-adapter.ts';
import { createRealRelease, type RealRelease } from '../support/real-release.ts';
import { rolledOut } from '../support/release.ts';

/**
 * The HorizontalPodAutoscaler on the use of the admission limit, with nothing made up: replicas are processes of the service, a
 * Prometheus scrapes them, prometheus-adapter answers the cluster by the rule of deploy/prometheus-adapter.yaml, and customers
 * fill the limit.
 */

/** Places of each replica. */
const limit = 20;
/** Two replicas are 90 % full with these, three are 60 %. */
const customers = 36;
let real: RealRelease;
let adapter: MetricsAdapter;

beforeAll(async () => {
  real = await createRealRelease();
  adapter = await startMetricsAdapter(real.release);
  await createGatewayControl(real.gateway).setFaults({ latencyMs: 800 });
});

afterAll(async () => {
  await adapter?.stop();
  await real?.remove();
});

test('replicas come when the admission limit fills up and go when it empties, and the processor is measured as well', async () => {
  const { release, settings } = real;
  await release.upgrade(
    ...settings,
    'autoscaling.minReplicas=2',
    'autoscaling.maxReplicas=4',
    // The processor has no say here.
    'autoscaling.cpu=1000',
    'autoscaling.admission.enabled=true',
    `config.ADMISSION_LIMIT_MIN=${limit}`,
    `config.ADMISSION_LIMIT_MAX=${limit}`,
  );
  await rolledOut(release, 2);
  await expect.poll(metrics).toMatchObject({ admission: 0, cpu: expect.any(Number) });

  const load = await placeOrders();
  await expect.poll(async () => (await metrics()).admission).toBeGreaterThan(0.7);
  await rolledOut(release, 3);
  // Three are enough, and it knows.
  await expect.poll(async () => (await metrics()).admission).toBeLessThan(0.7);
  const busy = await metrics();
  expect(busy.cpu).toBeGreaterThan(0);
  expect((await release.replicas()).length).toBe(3);
  expect((await load.stop())['201']).toBeGreaterThan(0);

  // Five quiet minutes are the chart's, and too long for a test.
  await release.cluster.request(
    'PATCH',
    autoscaler(),
    { spec: { behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } } },
    'application/merge-patch+json',
  );
  await rolledOut(release, 2);
});

const autoscaler = () =>
  `/apis/autoscaling/v2/namespaces/${real.release.namespace}/horizontalpodautoscalers/orders`;

/** What the autoscaler decides on: the share of the limit, and the per cent of the requested processor. */
async function metrics(): Promise<{ admission?: number; cpu?: number }> {
  const { status } = await real.release.cluster.get(autoscaler());
  const { currentMetrics } = status as {
    currentMetrics?: {
      pods?: { current: { averageValue: string } };
      resource?: { current: { averageUtilization?: number } };
    }[];
  };
  const admission = currentMetrics?.find(({ pods }) => pods)?.pods?.current.averageValue;
  const cpu = currentMetrics?.find(({ resource }) => resource)?.resource?.current.averageUtilization;
  return {
    ...(admission !== undefined && { admission: fromQuantity(admission) }),
    ...(cpu !== undefined && { cpu }),
  };
}

const fromQuantity = (text: string): number =>
  text.endsWith('m') ? Number(text.slice(0, -1)) / 1000 : Number(text);

/** Each customer places one order after the other. */
async function placeOrders() {
  const stopping = new AbortController();
  const agent = new Agent();
  const answers: Record<string, number> = {};
  let addresses = await real.endpoints();
  const follow = async () => {
    while (!stopping.signal.aborted) {
      addresses = await real.endpoints();
      await delay(500, undefined, { signal: stopping.signal }).catch(() => {});
    }
  };
  const buy = async (customer: number) => {
    while (!stopping.signal.aborted) {
      // Evenly, so that all replicas are as full.
      const outcome = await real.placeOrder(agent, addresses[customer % addresses.length]).catch(String);
      answers[outcome] = (answers[outcome] ?? 0) + 1;
      if (outcome !== '201') await delay(500);
    }
  };
  const all = [follow(), ...Array.from({ length: customers }, (_, customer) => buy(customer))];
  return {
    async stop() {
      stopping.abort();
      await Promise.all(all);
      await agent.close();
      return answers;
    },
  };
}
