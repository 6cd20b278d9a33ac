import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { startTcpProxy } from '../../lab/simulator/network/tcp-proxy.ts';
import { createTestDatabase, type TestDatabase } from '../support/processes/database.ts';
import { databaseUrl } from '../support/processes/postgres-for-tests.ts';

const databases: TestDatabase[] = [];
let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase({ migrated: false });
  databases.push(database);
});
afterAll(() => Promise.all(databases.map((each) => each.drop())));

interface Ended {
  code: number | string | null | undefined;
  stdout: string;
  stderr: string;
}

/** Runs the program behind `npm run migrate` with this environment only. */
function migrate(env: Record<string, string>): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['src/postgres/migrate-main.ts'], { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });
}

const appliedMigrations = () =>
  database.sql<{ name: string }>('SELECT name FROM applied_migrations ORDER BY name');

test('migrate brings an empty database up to date, and a second run changes nothing', async () => {
  const first = await migrate({ DATABASE_URL: database.url });
  expect(first).toMatchObject({ code: 0, stderr: '' });
  expect(first.stdout).toMatch(/^(Applied \d{4}_\w+\.\n)+$/);
  const applied = await appliedMigrations();
  expect(first.stdout.trim().split('\n')).toEqual(applied.map(({ name }) => `Applied ${name}.`));
  expect(await database.sql('SELECT FROM orders')).toEqual([]);

  const second = await migrate({ DATABASE_URL: database.url });
  expect(second).toEqual({ code: 0, stdout: 'Nothing to migrate.\n', stderr: '' });
  expect(await appliedMigrations()).toEqual(applied);
});

test('one of four concurrent migrations applies the changes, the others wait, and all succeed', async () => {
  const ended = await Promise.all(Array.from({ length: 4 }, () => migrate({ DATABASE_URL: database.url })));

  expect(ended.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
    Array.from({ length: 4 }, () => ({ code: 0, stderr: '' })),
  );
  const idle = ended.filter(({ stdout }) => stdout === 'Nothing to migrate.\n');
  expect(idle).toHaveLength(3);
  const names = (await appliedMigrations()).map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
  expect(names).toContain('0001_orders');
});

describe('migrate beside Postgres, with MIGRATION_CONNECT_DEADLINE', () => {
  test('migrate says that it waits for Postgres, and migrates once it is there', async () => {
    await using clean = new AsyncDisposableStack();
    const proxy = clean.use(await startTcpProxy(database.url));
    await proxy.close();
    const migration = spawn(process.execPath, ['src/postgres/migrate-main.ts'], {
      env: { DATABASE_URL: proxy.url, MIGRATION_CONNECT_DEADLINE: '1m' },
    });
    clean.defer(() => void migration.kill());
    const ended = once(migration, 'close');
    let said = '';
    for (const output of [migration.stderr, migration.stdout])
      output.setEncoding('utf8').on('data', (text: string) => (said += text));
    const { host } = new URL(proxy.url);
    const waiting = `Waiting up to 60 s for Postgres. PostgreSQL at ${host} cannot be reached: the connection is refused.\n`;
    await expect.poll(() => said).toBe(waiting);

    await proxy.open();

    expect(await ended).toEqual([0, null]);
    expect(said.slice(waiting.length)).toMatch(/^(Applied \d{4}_\w+\.\n)+$/);
  });

  test('migrate ends with the reason once it has waited in vain', async () => {
    const { code, stderr } = await migrate({
      DATABASE_URL: 'postgres://orders:hush-hush@127.0.0.1:1/orders',
      MIGRATION_CONNECT_DEADLINE: '1s',
    });
    expect(code).toBe(1);
    expect(stderr).toBe(
      'Waiting up to 1 s for Postgres. PostgreSQL at 127.0.0.1:1 cannot be reached: the connection is refused.\n' +
        'The migration failed: PostgreSQL at 127.0.0.1:1 cannot be reached: the connection is refused.\n',
    );
  });

  test('migrate does not wait for what waiting cannot mend', async () => {
    const { code, stderr } = await migrate({
      DATABASE_URL: databaseUrl(inject('postgresUrl'), 'nowhere'),
      MIGRATION_CONNECT_DEADLINE: '1m',
    });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'The migration failed: database "nowhere" does not exist\n',
    });
  });
});

describe('migrate reports in one line, with exit code 1', () => {
  const oneLine = /^[^\n]+\n$/;

  test('migrate reports a missing DATABASE_URL in one line', async () => {
    const { code, stdout, stderr } = await migrate({});
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(oneLine);
    expect(stderr).toMatch(/^DATABASE_URL is not set: /);
  });

  test('migrate reports an invalid DATABASE_URL without repeating it, because it may hold a password', async () => {
    const { code, stderr } = await migrate({ DATABASE_URL: 'mysql://orders:hush-hush@127.0.0.1/orders' });
    expect(code).toBe(1);
    expect(stderr).toMatch(oneLine);
    expect(stderr).toMatch(/^DATABASE_URL must be a URL that starts with postgres:/);
    expect(stderr).not.toContain('hush');
  });

  test.each([
    // Nothing listens on port 1.
    ['an address where nothing listens', '127.0.0.1:1', /: the connection is refused\.\n$/],
    [
      'a host that does not exist',
      'postgres.invalid:5432',
      /: the (host name is unknown|name server does not answer)\.\n$/,
    ],
  ])('migrate reports %s in one line, without the password', async (_what, host, reason) => {
    const { code, stdout, stderr } = await migrate({
      DATABASE_URL: `postgres://orders:hush-hush@${host}/orders`,
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(oneLine);
    expect(stderr).toContain(`The migration failed: PostgreSQL at ${host} cannot be reached: `);
    expect(stderr).toMatch(reason);
    expect(stderr).not.toContain('hush');
  });

  test('migrate reports why neither address of a host answers', async () => {
    // localhost has two addresses on many machines, but not on all.
    const lookup = `import dns from 'node:dns';
      dns.lookup = (_name, _options, done) =>
        done(null, [{ address: '::1', family: 6 }, { address: '127.0.0.1', family: 4 }]);`;
    const { code, stderr } = await migrate({
      DATABASE_URL: 'postgres://orders:hush-hush@two.test:1/orders',
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(lookup)}`,
    });
    expect(code).toBe(1);
    // A machine without IPv6 has another reason for the first address.
    expect(stderr).toMatch(
      /^The migration failed: PostgreSQL at two\.test:1 cannot be reached: (there is no [\w ]+; )?the connection is refused\.\n$/,
    );
  });

  test('migrate reports a database that does not exist', async () => {
    const { code, stderr } = await migrate({ DATABASE_URL: databaseUrl(inject('postgresUrl'), 'nowhere') });
    expect(code).toBe(1);
    expect(stderr).toBe('The migration failed: database "nowhere" does not exist\n');
  });
});
