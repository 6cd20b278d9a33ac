import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compileCache } from '../../lab/harness/service-process.ts';
import { createGatewayControl } from '../../lab/harness/gateway-control.ts';
import { startSimulator } from '../../lab/simulator/server.ts';
import { createLogger } from '../../src/telemetry/logging/logger.ts';
import { type SpawnedService, spawnService } from '../support/processes/spawn-service.ts';

// Commands that set faults, as processes of their own that are interrupted while a fault is set.

let service: SpawnedService;
beforeAll(async () => {
  service = await spawnService();
});
afterAll(() => service.close());

/** Milliseconds: a command starts its own service on a machine that runs other tests. */
const patience = { timeout: 50_000 };

function command(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...compileCache, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  return { child, exited, output: () => output };
}

/** The story that sets a fault at once, against the real service; a simulator of its own has the fault. */
const tourAt = (gatewayUrl: string, apiKey = 'shop-key') =>
  command([
    'lab/chaos/tour/main.ts',
    'dead-gateway',
    '--auto',
    `--url=${service.url}/`,
    `--admin-url=${service.adminUrl}/`,
    `--gateway-url=${gatewayUrl}/`,
    `--api-key=${apiKey}`,
  ]);

async function startGateway() {
  const logger = createLogger({ service: 'payment-gateway-simulator', level: 'silent' });
  const simulator = await startSimulator({ host: '127.0.0.1', port: 0, logger });
  return { ...simulator, errorRate: () => errorRateAt(simulator.url) };
}

async function errorRateAt(url: string): Promise<unknown> {
  const response = await fetch(`${url}/faults`);
  return ((await response.json()) as { errorRate: unknown }).errorRate;
}

/** The letter for the state of a process, `T` while it is stopped; `undefined` if there is none. */
function stateOf(pid: number): string | undefined {
  try {
    return /\) (\w) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

const ways: ReadonlyArray<[string, (child: ChildProcess) => void]> = [
  ['Ctrl-C', (child) => child.kill('SIGINT')],
  ['the hang-up of its terminal', (child) => child.kill('SIGHUP')],
  ['the end of whatever reads its output', (child) => void child.stdout?.destroy()],
];

test.each(ways)('a tour takes its faults back on %s', async (_way, interrupt) => {
  const gateway = await startGateway();
  const tour = tourAt(gateway.url);
  await expect.poll(gateway.errorRate, patience).toBe(1);
  interrupt(tour.child);
  expect(await tour.exited).toBe(130);
  expect(await gateway.errorRate()).toBe(0);
  expect(tour.output()).toContain('Interrupted. The faults of the gateway are cleared.');
  await gateway.close();
});

test('a tour with a key that the service does not take ends at once, and says so', async () => {
  const gateway = await startGateway();
  const tour = tourAt(gateway.url, 'nobodys-key');
  expect(await tour.exited).toBe(1);
  expect(tour.output()).toBe(
    `The service at ${service.url} does not take this key: set --api-key. Try --help.\n`,
  );
  await gateway.close();
});

test('the traffic generator ends without a complaint when nobody reads its output', async () => {
  const piped = spawn('sh', ['-c', '"$0" lab/traffic/main.ts | true', process.execPath], {
    env: { ...process.env, ...compileCache, TRAFFIC_URLS: service.url, TRAFFIC_API_KEY: 'shop-key' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaints = '';
  piped.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  await once(piped, 'close');
  expect(complaints).toBe('');
});

test('a tour says that its faults may still be set when the simulator is away', async () => {
  const gateway = await startGateway();
  const tour = tourAt(gateway.url);
  await expect.poll(gateway.errorRate, patience).toBe(1);
  await gateway.close();
  tour.child.kill('SIGINT');
  expect(await tour.exited).toBe(130);
  expect(tour.output()).toContain(`Once it does: curl -X DELETE ${gateway.url}/faults`);
  expect(tour.output()).not.toContain('are cleared');
});

test('a second Ctrl-C ends a tour at once while the simulator does not answer', async () => {
  const asked: string[] = [];
  const silent = createServer(({ method = '' }, response) => {
    asked.push(method);
    if (method !== 'DELETE') response.end('{}');
  });
  await once(silent.listen(0, '127.0.0.1'), 'listening');
  const tour = tourAt(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`);
  await expect.poll(() => asked, patience).toContain('PUT');
  tour.child.kill('SIGINT');
  await expect.poll(() => asked, patience).toContain('DELETE');
  // The first wish comes twice through npm; a later one is the second.
  const interruptAgain = () => {
    tour.child.kill('SIGINT');
    return tour.child.exitCode;
  };
  await expect.poll(interruptAgain, { ...patience, interval: 100 }).toBe(130);
  expect(tour.output()).toContain('Ended at once. The faults of the gateway may still be set.');
  silent.closeAllConnections();
  silent.close();
});

test('a rehearsal of a running service takes its faults back on SIGTERM', async () => {
  const { url } = service.gateway;
  const chaos = command([
    'lab/chaos/main.ts',
    'gateway-errors',
    '--no-alerts',
    `--url=${service.url}`,
    `--admin-url=${service.adminUrl}`,
    `--gateway-url=${url}`,
    `--database-url=${service.database.url}`,
    '--api-key=shop-key',
  ]);
  const faults = async () => (await fetch(`${url}/faults`)).json();
  const usual = await createGatewayControl(url).clearFaults().then(faults);
  await expect.poll(faults, patience).not.toEqual(usual);
  chaos.child.kill('SIGTERM');
  expect(await chaos.exited).toBe(130);
  expect(await faults()).toEqual(usual);
  expect(chaos.output()).toContain('Interrupted. Every fault has been rolled back.');
});

test('failovers that are interrupted before the first one leave no page', async () => {
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(tmpdir(), 'failover-page-'));
  cleanup.defer(() => rm(folder, { recursive: true }));
  const page = path.join(folder, 'page.md');
  const failovers = command(['lab/failover/main.ts', '--out', page]);
  await expect.poll(failovers.output, patience).toMatch(/^seed \d+: 10 failovers/);
  failovers.child.kill('SIGINT');
  expect(await failovers.exited).toBe(1);
  expect(failovers.output()).toContain('there is no report.');
  expect(existsSync(page)).toBe(false);
});

test.each([
  ['test:crash:logs', ['test/crash/run-log-crashes.ts']],
  ['test:fork', ['test/fork/run.ts', '--forks', '--only', 'bookings']],
  ['console:screenshots', ['scripts/console-screenshots.ts']],
  ['bench:spans', ['lab/bench/spans/main.ts']],
])('npm run %s removes its folder on Ctrl-C', async (_name, args) => {
  await using cleanup = new AsyncDisposableStack();
  const TMPDIR = await mkdtemp(path.join(tmpdir(), 'interrupted-'));
  cleanup.defer(() => rm(TMPDIR, { recursive: true, force: true, maxRetries: 20 }));
  const running = command(args, { TMPDIR });
  // Runs share the cache of compiled modules.
  const left = async () => (await readdir(TMPDIR)).filter((name) => name !== 'node-compile-cache');
  await expect.poll(left, patience).toHaveLength(1);
  running.child.kill('SIGINT');
  expect(await running.exited).not.toBeNull();
  expect(await left()).toEqual([]);
});

test('npm run bench:metrics says how far it is, and ends on Ctrl-C', async () => {
  await using cleanup = new AsyncDisposableStack();
  const bench = command(['lab/bench/metrics/main.ts', '--rounds', '99999']);
  cleanup.defer(() => void bench.child.kill('SIGKILL'));
  await expect.poll(bench.output, patience).toMatch(/^round 1 of 99999/m);
  bench.child.kill('SIGINT');
  expect(await bench.exited).toBe(1);
  expect(bench.output()).toMatch(/^Interrupted; there is no report\.$/m);
});

test.runIf(process.platform === 'linux')(
  'a service that a killed rehearsal had stopped goes on, and ends',
  async () => {
    const chaos = command([
      'test/operations/throttled-service.ts',
      service.database.url,
      service.gateway.url,
    ]);
    await expect.poll(chaos.output, patience).toMatch(/\d+\n/);
    const pid = Number(chaos.output());
    const stateAndKill = () => {
      const state = stateOf(pid);
      // At once, before its next turn.
      if (state === 'T') chaos.child.kill('SIGKILL');
      return state;
    };
    await expect.poll(stateAndKill, { ...patience, interval: 10 }).toBe('T');
    await expect.poll(() => stateOf(pid), patience).toBeUndefined();
  },
);
