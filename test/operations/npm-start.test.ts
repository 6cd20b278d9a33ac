import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  apiLine,
  bannerEnd,
  descendants,
  killNow,
  placeOrder,
  soon,
  spawnNpmStart,
  stillRunning,
} from '../support/processes/npm-start-process.ts';

// All tests share one data folder: each finds what the previous one left, like a user's successive runs.
let dataDir: string;
let env: Record<string, string>;

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'npm-start-test-'));
  env = { DATA_DIR: dataDir };
});

afterAll(() => rm(dataDir, { recursive: true, force: true }));

async function statusOfOrder(apiUrl: string, id: string): Promise<number> {
  return (await fetch(`${apiUrl}/orders/${id}`, { headers: { authorization: 'Bearer demo-key' } })).status;
}

const postmasterPid = async (): Promise<number> =>
  Number((await readFile(path.join(dataDir, 'postgres/cluster/postmaster.pid'), 'utf8')).split('\n')[0]);

test('npm start gives each warning once, the requests of its banner work, and Ctrl-C ends every process', async () => {
  await using run = spawnNpmStart({
    ...env,
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
    OTEL_TRACES_SAMPLER: 'no_such_sampler',
    RATE_LIMT_MAX: '5',
    HOTS: '127.0.0.1',
  });
  await run.find(bannerEnd);
  expect(run.output().match(/^.*(must be|Did you mean).*$/gm)).toEqual([
    'Warning: HOTS is not a variable of this program. Did you mean HOST?',
    'Warning: RATE_LIMT_MAX is not a variable of this program. Did you mean RATE_LIMIT_MAX?',
    expect.stringMatching(
      /^Warning: OTEL_TRACES_SAMPLER must be one of .*, not "no_such_sampler"\. It is ignored\.$/,
    ),
  ]);
  const lines = run.output().match(/^curl .*$/gm) ?? [];
  const answers: string[] = [];
  for (const line of lines) answers.push((await promisify(execFile)('sh', ['-c', line])).stdout);
  expect(answers).toEqual([
    expect.stringContaining('"status":"paid"'),
    expect.stringContaining('"status":"paid"'),
    expect.stringContaining('payment_declined'),
  ]);

  const family = await descendants(run.pid);
  expect(family.length).toBeGreaterThan(4);
  process.kill(run.pid, 'SIGINT');
  expect(await run.ended).toBe(0);
  expect(run.complaints()).toBe('');
  await expect.poll(() => stillRunning(family), soon).toEqual([]);
});

test('a second npm start on the same data folder is refused, and the first one continues', async () => {
  await using first = spawnNpmStart(env);
  const apiUrl = await first.find(apiLine);
  await using second = spawnNpmStart(env);
  expect(await second.ended).toBe(1);
  expect(second.complaints()).toBe(
    `Another run is using ${dataDir} (process ${first.pid}). Stop it, or set DATA_DIR to another folder.\n`,
  );
  expect(await placeOrder(apiUrl)).toMatchObject({ status: 201 });
});

test('a second Ctrl-C ends npm start and its processes at once', async () => {
  await using run = spawnNpmStart({ ...env, SHUTDOWN_DRAIN_DELAY: '1m', SHUTDOWN_DEADLINE: '2m' });
  await run.find(bannerEnd);
  const family = await descendants(run.pid);
  process.kill(run.pid, 'SIGINT');
  await run.find(/(orders: stopping)/);
  // Signals in quick succession count as one, because npm repeats the terminal's signal.
  await new Promise((resolve) => setTimeout(resolve, 250));
  process.kill(run.pid, 'SIGINT');
  expect(await run.ended).toBe(1);
  await expect.poll(() => stillRunning(family), soon).toEqual([]);
});

test('Ctrl-C while npm start still starts ends it without waiting for the rest of the start', async () => {
  await using run = spawnNpmStart(env);
  await run.find(/(starting PostgreSQL)/);
  const family = await descendants(run.pid);
  process.kill(run.pid, 'SIGINT');
  expect(await run.ended).toBe(0);
  // The service starts last, and announces itself in the banner.
  expect(run.output()).not.toContain('orders: ');
  expect(run.output()).not.toMatch(bannerEnd);
  expect(run.complaints()).toBe('');
  await expect.poll(() => stillRunning(family), soon).toEqual([]);
});

test('npm start ends when nobody reads its output any more', async () => {
  await using run = spawnNpmStart(env, [
    'sh',
    '-c',
    '"$0" lab/dev/main.ts 2>&1 | head -n 1',
    process.execPath,
  ]);
  expect(await run.ended).toBe(0);
  expect(run.output()).toBe('starting the console\n');
  expect(run.complaints()).toBe('');
});

test('npm start reports each taken port in one line before it starts anything', async () => {
  const occupant = createServer().listen(0, '127.0.0.1');
  await once(occupant, 'listening');
  const { port } = occupant.address() as AddressInfo;
  await using run = spawnNpmStart({ ...env, PORT: String(port), ADMIN_PORT: String(port) });
  expect(await run.ended).toBe(1);
  expect(run.complaints().split('\n')).toEqual([
    `Port ${port} on 127.0.0.1 is taken. Set PORT to another one, or to 0 for any free one.`,
    `Port ${port} on 127.0.0.1 is taken. Set ADMIN_PORT to another one, or to 0 for any free one.`,
    '',
  ]);
  // Nothing was started, and Postgres least of all.
  expect(run.output()).toBe('');
  await expect(postmasterPid()).rejects.toThrow('ENOENT');
  occupant.close();
});

test('kill -9 of npm start ends every process, and the next start has the orders', async () => {
  await using killed = spawnNpmStart(env);
  const { id } = await placeOrder(await killed.find(apiLine));
  const family = await descendants(killed.pid);
  killNow(killed.pid);
  await expect.poll(() => stillRunning(family), soon).toEqual([]);

  // As in a restarted container: the process id in the lock file belongs to another process now.
  await writeFile(path.join(dataDir, 'postgres/cluster/postmaster.pid'), `${process.pid}\n`);
  await using next = spawnNpmStart(env);
  expect(await statusOfOrder(await next.find(apiLine), id)).toBe(200);
});

test('npm start stops a Postgres that outlived its run', async () => {
  await using killed = spawnNpmStart(env);
  const { id } = await placeOrder(await killed.find(apiLine));
  const orphan = await postmasterPid();
  const children = await descendants(killed.pid, 'main.ts');
  for (const watchdog of await descendants(killed.pid, 'kill -INT')) killNow(watchdog);
  killNow(killed.pid);
  await expect.poll(() => stillRunning(children), soon).toEqual([]);
  expect(await stillRunning([orphan])).toEqual([orphan]);

  await using next = spawnNpmStart(env);
  expect(await statusOfOrder(await next.find(apiLine), id)).toBe(200);
  expect(await stillRunning([orphan])).toEqual([]);
});

test.for([
  ['src/main.ts', /^The order service has ended, by SIGKILL\.\n$/],
  ['lab/simulator/main.ts', /^The payment gateway simulator has ended, by SIGKILL\.\n$/],
  ['postgres -D', /^PostgreSQL has ended\. Its log is .*postgres\.log\.\n$/],
] as const)('npm start ends with a reason after the death of %s', async ([text, message]) => {
  await using run = spawnNpmStart(env);
  await run.find(bannerEnd);
  const family = await descendants(run.pid);
  for (const pid of await descendants(run.pid, text)) killNow(pid);
  expect(await run.ended).toBe(1);
  expect(run.complaints()).toMatch(message);
  await expect.poll(() => stillRunning(family), soon).toEqual([]);
});

test('kill -9 of npm ends every process', async () => {
  await using npm = spawnNpmStart(env, ['npm', 'start']);
  await npm.find(bannerEnd);
  const family = await descendants(npm.pid);
  killNow(npm.pid);
  await expect.poll(() => stillRunning(family), soon).toEqual([]);
});

test('npm start reports a malformed variable in one line and starts nothing', async () => {
  await using run = spawnNpmStart({ ...env, PORT: 'abc' });
  expect(await run.ended).toBe(1);
  expect(run.complaints()).toBe('PORT must be a whole number from 0 to 65535, not "abc"\n');
  expect(run.output()).toBe('');
});

test('npm start in production starts only the service and names a missing variable', async () => {
  await using run = spawnNpmStart({ ...env, NODE_ENV: 'production' });
  expect(await run.ended).toBe(1);
  expect(run.complaints()).toMatch(/^DATABASE_URL is not set/);
  expect(run.output()).toBe('');
});
