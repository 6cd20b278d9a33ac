import { execFile } from 'node:child_process';
import { chown, copyFile, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../lab/dev/postgres/embedded-postgres.ts';
import { type Certificates, makeCertificates } from '../../lab/harness/certificates.ts';
import { readDatabaseUrl } from '../../src/config/database-url.ts';
import { createClient } from '../../src/postgres/client.ts';
import { readinessOf } from '../support/clients/condition-table.ts';
import { quietWorker } from '../support/clients/settings.ts';
import { spawnReplica, spawnSurroundings } from '../support/processes/spawn-service.ts';

/** A Postgres with a certificate for `localhost` from a private authority. It takes connections without TLS as well. */
let postgres: EmbeddedPostgres;
let certificates: Certificates;
/** Another authority, which signed nothing here. */
let otherCa: string;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'orders-tls-'));
  certificates = await makeCertificates(folder, 'localhost');
  postgres = await startEmbeddedPostgres({ dataDir: path.join(folder, 'data'), durable: false });
  const cluster = path.join(folder, 'data/postgres/cluster');
  const { uid, gid } = await stat(cluster);
  for (const [from, name] of [
    [certificates.cert, 'server.crt'],
    [certificates.key, 'server.key'],
  ] as const) {
    await copyFile(from, path.join(cluster, name));
    // Postgres refuses a key that belongs to somebody else.
    await chown(path.join(cluster, name), uid, gid);
  }
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  await client.query('ALTER SYSTEM SET ssl = on');
  await client.query('SELECT pg_reload_conf()');
  await client.end();
  const other = await mkdtemp(path.join(folder, 'other-'));
  otherCa = (await makeCertificates(other, 'localhost')).ca;
});
afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true });
});

/** The URL of the server with these parameters. */
function urlWith(parameters: string, host = 'localhost'): string {
  const url = new URL(postgres.url);
  url.hostname = host;
  return `${url.href}?${parameters.replace('CA', certificates.ca).replace('OTHER', otherCa)}`;
}

/** Whether a session with these parameters is encrypted. @throws the error of the connection */
async function isEncrypted(parameters: string, host?: string): Promise<boolean | undefined> {
  const client = createClient(readDatabaseUrl(urlWith(parameters, host), {}), { timeout: 10_000 });
  await client.connect();
  try {
    const { rows } = await client.query<{ ssl: boolean }>(
      'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
    );
    return rows[0]?.ssl;
  } finally {
    await client.end();
  }
}

/** @see docs/database/connecting.md */
describe('sslmode', () => {
  const warnings: Error[] = [];
  const listen = (warning: Error) => warnings.push(warning);
  beforeAll(() => void process.on('warning', listen));
  afterAll(() => void process.off('warning', listen));

  test.each([
    ['sslmode=disable', false],
    ['sslmode=prefer', true],
    ['sslmode=require', true],
    ['sslmode=no-verify', true],
    ['ssl=true', true],
    ['sslmode=require&sslrootcert=CA', true],
    ['sslmode=verify-ca&sslrootcert=CA', true],
    ['sslmode=verify-full&sslrootcert=CA', true],
    ['sslmode=verify-full&sslrootcert=CA&channel_binding=require', true],
    ['sslmode=require&sslnegotiation=direct', true],
  ])('a session with %s is encrypted: %s', async (parameters, encrypted) => {
    expect(await isEncrypted(parameters)).toBe(encrypted);
    expect(warnings).toEqual([]);
  });

  test('verify-ca connects by another name than that of the certificate', async () => {
    expect(await isEncrypted('sslmode=verify-ca&sslrootcert=CA', '127.0.0.1')).toBe(true);
  });

  const untrusted = 'is not from an authority that sslrootcert names';
  test.each([
    ['sslmode=verify-full', 'localhost', untrusted],
    ['sslmode=verify-full&sslrootcert=OTHER', 'localhost', untrusted],
    ['sslmode=verify-ca&sslrootcert=OTHER', 'localhost', untrusted],
    ['sslmode=require&sslrootcert=OTHER', 'localhost', untrusted],
    [
      'sslmode=verify-full&sslrootcert=CA',
      '127.0.0.1',
      'is for another name, which sslmode=verify-full checks',
    ],
  ])('a session with %s at %s is refused with the reason', async (parameters, host, reason) => {
    await expect(isEncrypted(parameters, host)).rejects.toThrow(reason);
  });

  test('a server without TLS is refused with the reason', async () => {
    const plain = `${inject('postgresUrl')}?sslmode=require`;
    const connecting = createClient(readDatabaseUrl(plain, {}), { timeout: 10_000 }).connect();
    await expect(connecting).rejects.toThrow('does not speak TLS, which sslmode asks for');
  });
});

test('migrate reports the wrong authority in one line', async () => {
  const env = {
    PATH: process.env['PATH'],
    DATABASE_URL: urlWith('sslmode=verify-full&sslrootcert=OTHER'),
  };
  const ended = await promisify(execFile)(process.execPath, ['src/postgres/migrate-main.ts'], { env }).catch(
    (error: unknown) => error,
  );
  expect(ended).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(
      /^The migration failed: the certificate of localhost:\d+ is not from .+\n$/,
    ),
  });
});

test('a service with the wrong authority refuses orders without a defect, and the log and /readyz say why', async () => {
  await using surroundings = await spawnSurroundings();
  await using service = await spawnReplica(surroundings, {
    ...quietWorker,
    DATABASE_URL: urlWith('sslmode=verify-full&sslrootcert=OTHER'),
  });
  const order = await service.api.place();
  expect(order.status).toBe(503);
  expect(order.body).toMatchObject({ code: 'database_unavailable' });
  const detail = expect.stringMatching(/^tls_refused: .+ \([A-Z_]+\)$/);
  await expect
    .poll(() => readinessOf(service))
    .toMatchObject({ status: 503, body: { checks: { postgres: { detail } } } });
  const lines = service.logs.filter(
    ({ event, condition }) => condition === 'tls_refused' && event === 'postgres.condition',
  );
  expect(lines).toHaveLength(1);
  expect(JSON.stringify(lines)).toContain('is not from an authority that sslrootcert names');
  expect(service.logs.filter(({ event }) => event === 'http.defect')).toEqual([]);
});
