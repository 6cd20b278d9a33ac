import { expect, test } from 'vitest';
import type { Gateway } from './dependencies.ts';
import { throughNetwork } from './network.ts';

const gateway: Gateway = {
  url: 'http://127.0.0.1:7072',
  description: 'a simulator',
  ended: new Promise(() => undefined),
  stop: () => Promise.resolve(),
};

/** Runs `throughNetwork` with a gateway that hands out proxies for any address. */
async function proxy(addresses: Partial<Parameters<typeof throughNetwork>[2]>, inherited = {}) {
  const upstreams: Array<Readonly<Record<string, string>>> = [];
  const connect: Gateway['connect'] = async (asked) => {
    upstreams.push(asked);
    return Object.fromEntries(Object.keys(asked).map((name, index) => [name, `127.0.0.1:900${index}`]));
  };
  const given = {
    DATABASE_URL: undefined,
    PAYMENT_GATEWAY_URL: undefined,
    REDIS_URL: undefined,
    ...addresses,
  };
  return { proxied: await throughNetwork({ inherited }, { ...gateway, connect }, given), upstreams };
}

test('throughNetwork puts a proxy in front of each dependency without passing on passwords', async () => {
  expect(
    await proxy({
      DATABASE_URL: 'postgres://orders:a%2Fb@db.internal/orders?application_name=x',
      PAYMENT_GATEWAY_URL: 'http://gateway.internal',
      REDIS_URL: 'redis://:secret@[::1]:6380/2',
    }),
  ).toEqual({
    proxied: {
      DATABASE_URL: 'postgres://orders:a%2Fb@127.0.0.1:9000/orders?application_name=x',
      PAYMENT_GATEWAY_URL: 'http://127.0.0.1:9001/',
      REDIS_URL: 'redis://:secret@127.0.0.1:9002/2',
    },
    upstreams: [
      { postgres: 'tcp://db.internal:5432', gateway: 'tcp://gateway.internal:80', redis: 'tcp://[::1]:6380' },
    ],
  });
});

test.each([
  'postgres://orders@db.internal/orders?sslmode=verify-full',
  'postgres://orders@db.internal/orders?host=/var/run/postgresql',
  'postgres://orders@db.internal/orders?port=5433',
  'postgres://orders@%2Fvar%2Frun%2Fpostgresql/orders',
  'postgres:///orders',
  'postgres://one:1,two:2/orders',
  'postgres://one,two/orders',
])('throughNetwork leaves %s alone', async (url) => {
  expect((await proxy({ DATABASE_URL: url })).proxied.DATABASE_URL).toBe(url);
});

test.each([{ PGSSLMODE: 'require' }, { PGSSLROOTCERT: 'system' }])(
  'throughNetwork leaves a Postgres with %o alone',
  async (inherited) => {
    const DATABASE_URL = 'postgres://orders@db.internal/orders';
    expect((await proxy({ DATABASE_URL }, inherited)).proxied.DATABASE_URL).toBe(DATABASE_URL);
  },
);

test('throughNetwork leaves a Postgres alone whose password is in a file, which has it for that host', async () => {
  const DATABASE_URL = 'postgres://orders@db.internal/orders';
  const inherited = { PGPASSFILE: import.meta.filename };
  expect((await proxy({ DATABASE_URL }, inherited)).proxied.DATABASE_URL).toBe(DATABASE_URL);
  for (const env of [{ ...inherited, PGPASSWORD: 'secret' }, { PGPASSFILE: '/nowhere' }])
    expect((await proxy({ DATABASE_URL }, env)).proxied.DATABASE_URL).toContain('@127.0.0.1:9000/');
  const withPassword = 'postgres://orders:secret@db.internal/orders';
  expect((await proxy({ DATABASE_URL: withPassword }, inherited)).proxied.DATABASE_URL).toContain(
    '127.0.0.1',
  );
});

test('throughNetwork leaves every address alone without the simulator', async () => {
  const addresses = {
    DATABASE_URL: 'postgres://orders@db.internal/orders',
    PAYMENT_GATEWAY_URL: 'http://gateway.internal',
    REDIS_URL: undefined,
  };
  expect(await throughNetwork({ inherited: {} }, gateway, addresses)).toEqual(addresses);
});
