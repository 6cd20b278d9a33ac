import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  descendants,
  killNow,
  soon,
  startExplore,
  stillRunning,
} from '../support/processes/npm-start-process.ts';

// One data folder for the file: each test finds what the one before has left, as the runs of a user do.
let dataDir: string;
let env: Record<string, string>;

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'explore-test-'));
  env = { DATA_DIR: dataDir };
});

afterAll(() => rm(dataDir, { recursive: true, force: true }));

const apiLine = /API +(http:\S+)/;
const bannerEnd = /(Ctrl-C stops everything)/;

async function placeOrder(apiUrl: string): Promise<{ id: string; status: string }> {
  const response = await fetch(`${apiUrl}/orders`, {
    method: 'POST',
    headers: { authorization: 'Bearer demo-key', 'content-type': 'application/json' },
    body: JSON.stringify({
      customerId: 'cus_42',
      currency: 'EUR',
      items: [{ sku: 'TEA-001', quantity: 2, unitPriceMinor: 450 }],
      paymentToken: 'tok_visa',
    }),
  });
  return (await response.json()) as { id: string; status: string };
}

async function statusOfOrder(apiUrl: string, id: string): Promise<number> {
  return (await fetch(`${apiUrl}/orders/${id}`, { headers: { authorization: 'Bearer demo-key' } })).status;
}

const postmasterPid = async (): Promise<number> =>
  Number((await readFile(path.join(dataDir, 'postgres/cluster/postmaster.pid'), 'utf8')).split('\n')[0]);

test('the banner has requests that work as they are, and Ctrl-C ends every process', async () => {
  await using explore = startExplore(env);
  await explore.find(bannerEnd);
  const lines = explore.output().match(/^curl .*$/gm) ?? [];
  const answers: string[] = [];
  for (const line of lines) answers.push((await promisify(execFile)('sh', ['-c', line])).stdout);
  expect(answers).toEqual([
    expect.stringContaining('"status":"paid"'),
    expect.stringContaining('"status":"paid"'),
    expect.stringContaining('payment_declined'),
  ]);

  const family = await descendants(explore.pid);
  expect(family.length).toBeGreaterThan(4);
  process.kill(explore.pid, 'SIGINT');
  expect(await explore.ended).toBe(0);
  expect(explore.complaints()).toBe('');
  await expect.poll(() => stillRunning(family), soon).toEqual([]);
});

test('a second run on the same data folder is told so, and the first one goes on', async () => {
  await using first = startExplore(env);
  const apiUrl = await first.find(apiLine);
  await using second = startExplore(env);
  expect(await second.ended).toBe(1);
  expect(second.complaints()).toBe(
    `Another run is using ${dataDir} (process ${first.pid}). Stop it, or set DATA_DIR to another folder.\n`,
  );
  expect(await placeOrder(apiUrl)).toMatchObject({ status: 'paid' });
});

test('a second Ctrl-C ends it at once, and its processes too', async () => {
  await using explore = startExplore({ ...env, SHUTDOWN_DRAIN_DELAY: '1m' });
  await explore.find(bannerEnd);
  const family = await descendants(explore.pid);
  process.kill(explore.pid, 'SIGINT');
  await explore.find(/(orders: stopping)/);
  // Closer together, they would count as one: npm repeats the signal of a terminal.
  await new Promise((resolve) => setTimeout(resolve, 250));
  process.kill(explore.pid, 'SIGINT');
  expect(await explore.ended).toBe(1);
  await expect.poll(() => stillRunning(family), soon).toEqual([]);
});

test('a taken port is one line, and nothing stays', async () => {
  const occupant = createServer().listen(0, '127.0.0.1');
  await once(occupant, 'listening');
  const { port } = occupant.address() as AddressInfo;
  await using explore = startExplore({ ...env, PORT: String(port) });
  await explore.find(/(starting)/);
  const family = await descendants(explore.pid);
  expect(await explore.ended).toBe(1);
  expect(explore.complaints()).toMatch(new RegExp(`^.*\\b${port}\\b.*\\bPORT\\b.*\n$`));
  await expect.poll(() => stillRunning(family), soon).toEqual([]);
  await expect(postmasterPid()).rejects.toThrow('ENOENT');
  occupant.close();
});

test('kill -9 ends every process, and the next start has the orders', async () => {
  await using killed = startExplore(env);
  const { id } = await placeOrder(await killed.find(apiLine));
  const family = await descendants(killed.pid);
  killNow(killed.pid);
  await expect.poll(() => stillRunning(family), soon).toEqual([]);

  // As in a container that starts anew: the process id in the lock file is somebody else's.
  await writeFile(path.join(dataDir, 'postgres/cluster/postmaster.pid'), `${process.pid}\n`);
  await using next = startExplore(env);
  expect(await statusOfOrder(await next.find(apiLine), id)).toBe(200);
});

test('a Postgres that outlived its run is stopped by the next one', async () => {
  await using killed = startExplore(env);
  const { id } = await placeOrder(await killed.find(apiLine));
  const orphan = await postmasterPid();
  const children = await descendants(killed.pid, 'main.ts');
  for (const watchdog of await descendants(killed.pid, 'kill -INT')) killNow(watchdog);
  killNow(killed.pid);
  await expect.poll(() => stillRunning(children), soon).toEqual([]);
  expect(await stillRunning([orphan])).toEqual([orphan]);

  await using next = startExplore(env);
  expect(await statusOfOrder(await next.find(apiLine), id)).toBe(200);
  expect(await stillRunning([orphan])).toEqual([]);
});

test.for([
  ['src/main.ts', /^The order service has ended, by SIGKILL\.\n$/],
  ['lab/simulator/main.ts', /^The payment gateway simulator has ended, by SIGKILL\.\n$/],
  ['postgres -D', /^PostgreSQL has ended\. Its log is .*postgres\.log\.\n$/],
] as const)('without %s the rest ends too, and says why', async ([text, message]) => {
  await using explore = startExplore(env);
  await explore.find(bannerEnd);
  const family = await descendants(explore.pid);
  for (const pid of await descendants(explore.pid, text)) killNow(pid);
  expect(await explore.ended).toBe(1);
  expect(explore.complaints()).toMatch(message);
  await expect.poll(() => stillRunning(family), soon).toEqual([]);
});

test('kill -9 of npm ends every process', async () => {
  await using npm = startExplore(env, ['npm', 'start']);
  await npm.find(bannerEnd);
  const family = await descendants(npm.pid);
  killNow(npm.pid);
  await expect.poll(() => stillRunning(family), soon).toEqual([]);
});

test('what is malformed is one line, and nothing is started', async () => {
  await using explore = startExplore({ ...env, PORT: 'abc' });
  expect(await explore.ended).toBe(1);
  expect(explore.complaints()).toBe('PORT must be a whole number from 0 to 65535, not "abc"\n');
  expect(explore.output()).toBe('');
});

test('production brings nothing of its own, and names what is missing', async () => {
  await using explore = startExplore({ ...env, NODE_ENV: 'production' });
  expect(await explore.ended).toBe(1);
  expect(explore.complaints()).toMatch(/^DATABASE_URL is not set/);
  expect(explore.output()).toBe('');
});
