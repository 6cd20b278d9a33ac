import { existsSync } from 'node:fs';
import { expect } from 'vitest';
import type { TcpProxy } from '../../lab/simulator/network/tcp-proxy.ts';
import type { BreakablePostgres } from '../support/processes/breakable-postgres.ts';
import { linesOf } from '../support/processes/spawn-with-script.ts';
import { type Case, nameFor, patient, raising, setting } from './condition-case.ts';
import { readyWhilePoolIsFull } from './full-pool.ts';

/** @param proxy a network to the server */
export function conditionCases(postgres: BreakablePostgres, proxy: TcpProxy): readonly Case[] {
  const named = nameFor(postgres.url);
  return [
    {
      what: 'stopped',
      provokedBy: 'the server is stopped',
      allowed: [503],
      provoke: () => postgres.stop(),
    },
    {
      what: 'starting, recovering',
      provokedBy: 'restarted with `standby.signal` and `hot_standby = off`; then promoted',
      allowed: [503],
      provoke: () => postgres.demote('starting'),
    },
    {
      what: 'demoted, read-only',
      provokedBy: 'restarted with `standby.signal`; then promoted',
      allowed: [503],
      provoke: () => postgres.demote('read-only'),
    },
    {
      what: 'set to read-only',
      provokedBy: '`ALTER DATABASE … SET default_transaction_read_only = on`; sessions ended',
      allowed: [503],
      provoke: setting(
        postgres,
        'ALTER DATABASE shop SET default_transaction_read_only = on',
        'ALTER DATABASE shop RESET default_transaction_read_only',
      ),
    },
    {
      what: 'host name away',
      provokedBy: 'the name in DATABASE_URL does not resolve; sessions ended',
      allowed: [503],
      url: named.url,
      async provoke() {
        named.resolves(false);
        await postgres.endSessions();
        return async () => {
          named.resolves(true);
        };
      },
    },
    {
      what: 'network silent',
      provokedBy: 'a proxy drops every byte',
      allowed: [503],
      url: proxy.url,
      async provoke() {
        proxy.setToxics([{ type: 'timeout' }]);
        return async () => proxy.setToxics([]);
      },
    },
    {
      what: 'password rotated',
      provokedBy: '`ALTER ROLE … PASSWORD`; sessions ended',
      allowed: [503],
      provoke: setting(postgres, `ALTER ROLE app PASSWORD 'second'`, `ALTER ROLE app PASSWORD 'first'`),
    },
    {
      what: 'user locked out',
      provokedBy: '`ALTER ROLE … NOLOGIN`; sessions of requests ended',
      allowed: [503],
      async provoke() {
        await postgres.sql('ALTER ROLE app NOLOGIN', 'orders');
        // The session of the readiness check stays.
        await postgres.endSessions('of requests');
        return async () => void (await postgres.sql('ALTER ROLE app LOGIN', 'orders'));
      },
    },
    {
      what: 'no connection left',
      provokedBy: '`ALTER ROLE … CONNECTION LIMIT 0`; sessions ended',
      allowed: [503],
      provoke: setting(postgres, 'ALTER ROLE app CONNECTION LIMIT 0', 'ALTER ROLE app CONNECTION LIMIT -1'),
    },
    {
      what: 'database closed',
      provokedBy: '`ALTER DATABASE … ALLOW_CONNECTIONS false`; sessions ended',
      allowed: [503],
      async provoke() {
        await postgres.sql('ALTER DATABASE shop ALLOW_CONNECTIONS false', 'orders');
        await postgres.endSessions();
        return async () => void (await postgres.sql('ALTER DATABASE shop ALLOW_CONNECTIONS true', 'orders'));
      },
    },
    {
      what: 'database missing',
      provokedBy: '`ALTER DATABASE … RENAME`',
      allowed: [503],
      async provoke() {
        await postgres.endSessions();
        await postgres.sql('ALTER DATABASE shop RENAME TO elsewhere', 'orders');
        return async () => void (await postgres.sql('ALTER DATABASE elsewhere RENAME TO shop', 'orders'));
      },
    },
    {
      what: 'not migrated',
      provokedBy: 'an empty database under the name',
      allowed: [503],
      async provoke() {
        await postgres.endSessions();
        await postgres.sql('ALTER DATABASE shop RENAME TO elsewhere', 'orders');
        await postgres.sql('CREATE DATABASE shop OWNER app', 'orders');
        return async () => {
          await postgres.endSessions();
          await postgres.sql('DROP DATABASE shop', 'orders');
          await postgres.sql('ALTER DATABASE elsewhere RENAME TO shop', 'orders');
        };
      },
    },
    {
      what: 'privilege missing',
      provokedBy: '`REVOKE INSERT ON orders`',
      allowed: [503],
      async provoke() {
        await postgres.sql('REVOKE INSERT ON orders FROM app');
        return async () => void (await postgres.sql('GRANT INSERT ON orders TO app'));
      },
    },
    {
      what: 'disk full',
      ...(existsSync('/dev/full')
        ? {
            provokedBy: 'a table that every order writes is on `/dev/full`',
            provoke: () => postgres.fillDisk(),
          }
        : { provokedBy: 'a trigger raises the code', provoke: raising(postgres, '53100') }),
      allowed: [503],
    },
    {
      what: 'out of memory',
      provokedBy: 'a trigger raises 53200',
      allowed: [503],
      provoke: raising(postgres, '53200'),
    },
    {
      what: 'disk unreadable',
      provokedBy: 'a trigger raises 58030',
      allowed: [503],
      provoke: raising(postgres, '58030'),
    },
    {
      what: 'locked',
      provokedBy: '`LOCK TABLE orders`, with more orders than the pool has connections',
      allowed: [503],
      env: { DATABASE_POOL_MAX: '2', DATABASE_CONNECT_TIMEOUT: '500ms', DATABASE_DEADLINE: '1500ms' },
      async provoke(service) {
        const release = await postgres.hold('LOCK TABLE orders IN ACCESS EXCLUSIVE MODE');
        await readyWhilePoolIsFull(service);
        return release;
      },
    },
    {
      what: 'transaction time-out',
      provokedBy: '`transaction_timeout = 50ms`, behind a lock',
      allowed: [503],
      env: { DATABASE_DEADLINE: '1500ms' },
      async provoke() {
        // Its own session is older than the setting.
        const release = await postgres.hold('LOCK TABLE orders IN ACCESS EXCLUSIVE MODE');
        const mend = await setting(
          postgres,
          `ALTER DATABASE shop SET transaction_timeout = '50ms'`,
          'ALTER DATABASE shop RESET transaction_timeout',
        )();
        return async () => {
          await release();
          await mend();
        };
      },
    },
    {
      what: 'prepared statements lost',
      provokedBy: 'a trigger runs `DEALLOCATE ALL`, as a pooler does',
      allowed: [201],
      env: patient,
      async provoke(service) {
        await postgres.sql(`
        CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DEALLOCATE ALL; RETURN NEW; END $$;
        CREATE TRIGGER forget AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION forget()`);
        expect((await service.api.place()).status).toBe(201);
        return async () => void (await postgres.sql('DROP TRIGGER forget ON orders; DROP FUNCTION forget'));
      },
    },
    {
      what: 'column type changed',
      provokedBy: '`ALTER TABLE orders ALTER COLUMN customer_id TYPE varchar`, under prepared statements',
      allowed: [201],
      env: patient,
      async provoke() {
        await postgres.sql('ALTER TABLE orders ALTER COLUMN customer_id TYPE varchar(200)');
        return async () => void (await postgres.sql('ALTER TABLE orders ALTER COLUMN customer_id TYPE text'));
      },
    },
    {
      what: 'sessions ended',
      provokedBy: '`pg_terminate_backend`',
      allowed: [201],
      env: patient,
      async provoke(service) {
        await postgres.endSessions();
        await expect.poll(() => linesOf(service, 'postgres.connection_lost').length).toBeGreaterThan(0);
        return async () => {};
      },
    },
    {
      what: 'a defect, to compare',
      provokedBy: 'a trigger raises 23514',
      allowed: [500],
      provoke: raising(postgres, '23514'),
    },
  ];
}
