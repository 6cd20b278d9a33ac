import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../lab/harness/free-port.ts';
import { spawnServiceProcess } from '../../lab/harness/service-process.ts';

let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'start-errors-test-'));
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

const service = ['--import', './src/telemetry/sdk.ts', 'src/main.ts'];
const simulator = ['lab/simulator/main.ts'];
const npmStart = ['lab/dev/main.ts'];

const required = {
  DATABASE_URL: 'postgres://orders:hush-hush@127.0.0.1:1/orders',
  PAYMENT_GATEWAY_URL: 'http://127.0.0.1:1',
  API_KEYS: 'shop:hush-hush',
};
const freePorts = { PORT: '0', ADMIN_PORT: '0', SIMULATOR_PORT: '0', CONSOLE_PORT: '0' };

/** Runs a program that fails to start. */
async function run(args: readonly string[], env: Record<string, string>) {
  const { PATH = '', HOME = '' } = process.env;
  const options = { env: { PATH, HOME, ...freePorts, DATA_DIR: dataDir, ...env }, timeout: 50_000 };
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, options);
    return { code: 0, stdout, stderr };
  } catch (error) {
    return error as { code: number | null; stdout: string; stderr: string };
  }
}

test.each([
  ['the service', service],
  ['the simulator', simulator],
  ['npm start', npmStart],
])('%s reports a mistyped number of OpenTelemetry in one line', async (_name, args) => {
  const { code, stdout, stderr } = await run(args, { ...required, OTEL_BSP_MAX_QUEUE_SIZE: '2k' });
  expect(stderr).toBe('OTEL_BSP_MAX_QUEUE_SIZE must be a whole number from 1 to 1000000, not "2k"\n');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
});

const firstWords = (lines: string) => lines.split('\n').map((line) => line.split(' ')[0]);

test('npm start reports the faults of all its programs at once, each in one line', async () => {
  const { code, stdout, stderr } = await run(npmStart, {
    CONSOLE: 'yes',
    PORT: 'abc',
    LOG_LEVEL: 'loud',
    SIMULATOR_PORT: 'def',
    CONSOLE_PORT: 'ghi',
    MIGRATION_LOCK_TIMEOUT: 'long',
    OTEL_BSP_SCHEDULE_DELAY: 'soon',
  });
  expect(firstWords(stderr)).toEqual([
    'CONSOLE',
    'PORT',
    'LOG_LEVEL',
    'OTEL_BSP_SCHEDULE_DELAY',
    'MIGRATION_LOCK_TIMEOUT',
    'SIMULATOR_PORT',
    'CONSOLE_PORT',
    '',
  ]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
});

test('npm run stack:native reports the faults of ports and of all its programs before it starts anything', async () => {
  const ports = ['GRAFANA', 'JAEGER', 'PROMETHEUS', 'LOKI', 'OTLP', 'ALERTMANAGER', 'EVIDENCE'];
  const { code, stdout, stderr } = await run(['stack/native/main.ts'], {
    ...Object.fromEntries(ports.map((name) => [`${name}_PORT`, '0'])),
    STACK_DATA_DIR: dataDir,
    API_PORT: 'abc',
    LOG_LEVEL: 'loud',
    TRAFFIC_RATE: 'lots',
    EVIDENCE_PROFILE_SECONDS: 'some',
  });
  expect(firstWords(stderr)).toEqual([
    'LOG_LEVEL',
    'TRAFFIC_RATE',
    'EVIDENCE_PROFILE_SECONDS',
    'API_PORT',
    '',
  ]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
});

test('the service reports the faults of its own variables and those of OpenTelemetry at once, without links', async () => {
  const { code, stderr } = await run(service, { PORT: 'abc', OTEL_BSP_SCHEDULE_DELAY: 'soon' });
  expect(firstWords(stderr)).toEqual([
    'OTEL_BSP_SCHEDULE_DELAY',
    'PORT',
    'DATABASE_URL',
    'PAYMENT_GATEWAY_URL',
    'API_KEYS',
    '',
  ]);
  expect(stderr).not.toContain('](');
  expect(code).toBe(1);
});

test.each([
  ['the service', service],
  ['npm start', npmStart],
  ['npm run migrate', ['src/postgres/migrate-main.ts']],
  ['npm run docs', ['scripts/configuration-page.ts']],
])(
  '%s does nothing on an argument that it does not know, and --help says which there are',
  async (_name, args) => {
    const { code, stdout, stderr } = await run([...args, '--dry-run'], required);
    expect(stderr).toBe('Unknown argument "--dry-run". Try --help.\n');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    const help = await run([...args, '--help'], required);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toMatch(
      /^(There are no options|Options: --watch)\. Everything else is set by environment variables\.\n$/,
    );
  },
);

test('the service logs what is misspelt before it listens', async () => {
  await using cleanup = new AsyncDisposableStack();
  const started = await spawnServiceProcess({
    env: { ...freePorts, ...required, RATE_LIMT_MAX: '5', OTEL_LOG_LEVEL: 'warning' },
  });
  cleanup.defer(() => started.kill());
  // The address comes by a channel of its own, which may be faster than the log.
  const events = () => started.logs.map(({ event, msg }) => [event, msg]);
  await expect.poll(() => started.logs.some(({ event }) => event === 'service.listening')).toBe(true);
  expect(events().slice(0, 2)).toEqual([
    ['config.warning', 'RATE_LIMT_MAX is not a variable of this program. Did you mean RATE_LIMIT_MAX?'],
    ['config.warning', expect.stringMatching(/^OTEL_LOG_LEVEL must be one of .* "warning"/)],
  ]);
  expect(started.complaints()).toBe('');
});

test('the service warns that LOG_LEVEL=silent keeps the alert on logged errors from firing', async () => {
  await using cleanup = new AsyncDisposableStack();
  const started = await spawnServiceProcess({ env: { ...freePorts, ...required, LOG_LEVEL: 'silent' } });
  cleanup.defer(() => started.kill());
  const lines = () => started.logs.map(({ level, event, msg }) => [level, event, msg]);
  await expect
    .poll(lines)
    .toEqual([['warn', 'config.warning', expect.stringContaining('the alert ErrorsLogged')]]);
});

test('the service logs the address that it listens on, and announces one that can be called', async () => {
  await using cleanup = new AsyncDisposableStack();
  const started = await spawnServiceProcess({ env: { ...freePorts, ...required, HOST: '0.0.0.0' } });
  cleanup.defer(() => started.kill());
  const { port } = new URL(started.url);
  expect(started.url).toBe(`http://127.0.0.1:${port}`);
  const listening = () => started.logs.find(({ event }) => event === 'service.listening');
  await expect.poll(listening).toMatchObject({ url: `http://0.0.0.0:${port}`, admin_url: started.adminUrl });
});

test('npm start reports a database that cannot be reached in one line with host and port', async () => {
  const port = await freePort();
  const url = `postgres://orders:hush-hush@127.0.0.1:${port}/orders`;
  const { code, stderr } = await run(npmStart, { ...required, DATABASE_URL: url });
  expect(stderr).toBe(`PostgreSQL at 127.0.0.1:${port} cannot be reached: the connection is refused.\n`);
  expect(code).toBe(1);
});

test.each(['/dev/null/data', '/proc/nowhere/data'])(
  'npm start reports the data folder %s, which cannot be made, before it starts anything',
  async (folder) => {
    const { code, stdout, stderr } = await run(npmStart, { DATA_DIR: folder });
    expect(stderr).toMatch(/^The data folder cannot be used: E[A-Z]+: .*\. Set DATA_DIR to another one\.\n$/);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  },
);

test('npm run stack:native reports a data folder that cannot be made before it starts anything', async () => {
  const { code, stdout, stderr } = await run(['stack/native/main.ts'], {
    STACK_DATA_DIR: '/dev/null/data',
    TRAFFIC_RATE: '0',
  });
  expect(stderr).toMatch(
    /^The data folder cannot be used: ENOTDIR: .*\. Set STACK_DATA_DIR to another one\.\n$/,
  );
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
});
