import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { demoApiKey, loadConfig, loadMigrationConfig } from './config.ts';
import { ConfigError, type Environment, type Variable } from './environment.ts';
import { variables } from './variables.ts';

const required = {
  DATABASE_URL: 'postgres://orders:hush-hush@db:5432/orders',
  PAYMENT_GATEWAY_URL: 'https://payments.example',
  API_KEYS: 'shop:hush-shop,pos:hush-pos',
};
const withGateway = {
  PAYMENT_GATEWAY_AUTHORIZATION: 'Bearer hush-hush',
  HTTPS_PROXY: 'http://orders:hush-hush@proxy:3128',
};
const withRedis = { ...required, REDIS_URL: 'rediss://orders:hush-hush@cache:6380/1' };

const faultsOf = (env: Environment): readonly string[] => {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
};

test('loadConfig requires three variables and names every missing one at once', () => {
  expect(faultsOf({}).map((fault) => fault.split(' ')[0])).toEqual(Object.keys(required));
  expect(faultsOf(required)).toEqual([]);
});

test('every default parses like a value that is set', () => {
  const typed = Object.fromEntries(
    Object.entries<Variable<unknown>>(variables).map(([name, variable]) => [name, variable.default]),
  );
  expect(loadConfig({ ...typed, ...required })).toEqual(loadConfig(required));
});

test('loadConfig puts each variable into its section', () => {
  const config = loadConfig({
    ...required,
    PORT: '8080',
    ADMIN_HOST: '0.0.0.0',
    DATABASE_DEADLINE: '4s',
    PAYMENT_RETRY_BUDGET: '0.3',
    BREAKER_OPEN_FOR: '1m',
    SHUTDOWN_DRAIN_DELAY: '5s',
  });
  expect(config).toMatchObject({
    http: { port: 8080 },
    admin: { host: '0.0.0.0', port: 7071 },
    postgres: { deadline: 4000 },
    payment: {
      gatewayUrl: 'https://payments.example',
      retryBudget: { share: 0.3 },
      breaker: { openFor: 60_000 },
    },
    shutdown: { drainDelay: 5000 },
  });
  expect(config.postgres.url.reveal()).toBe(required.DATABASE_URL);
  expect(config.apiKeys.reveal()).toEqual([
    { client: 'shop', key: 'hush-shop' },
    { client: 'pos', key: 'hush-pos' },
  ]);
});

describe('a secret', () => {
  test('a secret shows in no printed form of the configuration', () => {
    for (const config of [loadConfig({ ...withRedis, ...withGateway }), loadMigrationConfig(required)]) {
      const inspected = inspect(config, { depth: Number.POSITIVE_INFINITY, showHidden: true });
      for (const printed of [inspected, JSON.stringify(config)]) {
        expect(printed).toContain('[secret]');
        expect(printed).not.toContain('hush');
      }
    }
  });

  test.each([
    ['DATABASE_URL', { DATABASE_URL: 'mongodb://orders:hush-hush@db/orders' }],
    ['API_KEYS', { API_KEYS: 'hush-shop' }],
    ['REDIS_URL', { REDIS_URL: 'http://orders:hush-hush@cache' }],
    ['API_KEYS', { API_KEYS: 'shop:hush-shop,pos:hush-shop' }],
    ['PAYMENT_GATEWAY_URL', { PAYMENT_GATEWAY_URL: 'https://orders:hush-hush@payments.example' }],
    ['PAYMENT_GATEWAY_AUTHORIZATION', { PAYMENT_GATEWAY_AUTHORIZATION: 'Bearer hush-hush\n' }],
    ['HTTPS_PROXY', { HTTPS_PROXY: 'socks5://orders:hush-hush@proxy' }],
    ['HTTPS_PROXY', { HTTPS_PROXY: 'http://orders:4/hush@proxy:3128' }],
    ['HTTPS_PROXY', { HTTPS_PROXY: 'orders:4?hush@proxy' }],
  ])('a secret is not in the message about a malformed %s', (name, change) => {
    const faults = faultsOf({ ...required, ...change });
    expect(faults).toEqual([expect.stringMatching(`^${name} must be `)]);
    expect(faults.join()).not.toContain('hush');
  });

  test('every variable that may hold a secret is marked as one', () => {
    const marked = Object.entries(variables).filter(([, variable]) => 'secret' in variable);
    expect(marked.map(([name]) => name)).toEqual([
      'DATABASE_URL',
      'PAYMENT_GATEWAY_URL',
      'PAYMENT_GATEWAY_AUTHORIZATION',
      'HTTPS_PROXY',
      'API_KEYS',
      'REDIS_URL',
    ]);
  });
});

describe('loadConfig', () => {
  const withDemoKey = { ...required, API_KEYS: `shop:hush-shop-${'s'.repeat(13)},me:${demoApiKey.key}` };
  const demoKeyRefused = 'API_KEYS holds the public demo key, which production refuses';

  test('loadConfig refuses the demo key in production only, under any client name', () => {
    expect(faultsOf({ ...withDemoKey, NODE_ENV: 'production' })).toEqual([demoKeyRefused]);
    expect(faultsOf({ ...withDemoKey, NODE_ENV: 'development' })).toEqual([]);
    expect(faultsOf({ ...withDemoKey, NODE_ENV: 'test' })).toEqual([]);
    const longKeys = { API_KEYS: `shop:${'s'.repeat(22)},pos:${'p'.repeat(22)}` };
    expect(faultsOf({ ...required, ...longKeys, NODE_ENV: 'production' })).toEqual([]);
  });

  test('loadConfig refuses short keys in production only', () => {
    const shortKey =
      'API_KEYS holds a key of fewer than 22 characters, which production refuses because it can be guessed';
    const env = { ...required, API_KEYS: `shop:${'s'.repeat(22)},pos:${'p'.repeat(21)}` };
    expect(faultsOf({ ...env, NODE_ENV: 'production' })).toEqual([shortKey]);
    expect(faultsOf({ ...env, NODE_ENV: 'development' })).toEqual([]);
  });

  test.each(['PAYMENT', 'SETTLEMENT'])('loadConfig refuses %s_BACKOFF_FLOOR above its cap', (what) => {
    const env = { ...required, [`${what}_BACKOFF_FLOOR`]: '3s', [`${what}_BACKOFF_CAP`]: '2s' };
    expect(faultsOf(env)).toEqual([`${what}_BACKOFF_FLOOR must not be longer than ${what}_BACKOFF_CAP`]);
    expect(faultsOf({ ...env, [`${what}_BACKOFF_CAP`]: '3s' })).toEqual([]);
  });

  test.each(['RATE_LIMIT_WINDOW', 'AUTH_FAILURE_WINDOW'])(
    'loadConfig refuses %s below one second',
    (name) => {
      expect(faultsOf({ ...required, [name]: '999ms' })).toEqual([`${name} must be at least 1s`]);
      expect(faultsOf({ ...required, [name]: '1s' })).toEqual([]);
    },
  );

  test('loadConfig refuses a headers timeout above the request timeout', () => {
    const env = { ...required, HTTP_HEADERS_TIMEOUT: '31s' };
    expect(faultsOf(env)).toEqual(['HTTP_HEADERS_TIMEOUT must not be longer than HTTP_REQUEST_TIMEOUT']);
    expect(faultsOf({ ...env, HTTP_REQUEST_TIMEOUT: '31s' })).toEqual([]);
  });

  test('loadConfig names every contradiction at once', () => {
    const env = { ...withDemoKey, NODE_ENV: 'production', PAYMENT_BACKOFF_FLOOR: '2s' };
    expect(faultsOf(env)).toEqual([
      demoKeyRefused,
      'PAYMENT_BACKOFF_FLOOR must not be longer than PAYMENT_BACKOFF_CAP',
    ]);
  });
});

describe('the way to the payment gateway', () => {
  test.each([
    'https://user@payments.example',
    'https://user:password@payments.example',
    'https://:password@payments.example',
    'https://payments.example/v1?key=1',
    'https://payments.example/v1?',
    'https://payments.example/v1#top',
    'https://payments.example/#',
    'ftp://payments.example',
    'payments.example',
  ])('loadConfig refuses a PAYMENT_GATEWAY_URL of which a part would be dropped: %s', (url) => {
    expect(faultsOf({ ...required, PAYMENT_GATEWAY_URL: url })).toEqual([
      'PAYMENT_GATEWAY_URL must be a URL that starts with http:// or https://, without user, password, query and fragment',
    ]);
  });

  test.each(['https://payments.example', 'http://127.0.0.1:7072/', 'https://payments.example/v1/'])(
    'loadConfig takes the PAYMENT_GATEWAY_URL %s',
    (url) => {
      expect(loadConfig({ ...required, PAYMENT_GATEWAY_URL: url }).payment.gatewayUrl).toBe(url);
    },
  );

  test('loadConfig takes the authorization from a variable or from a file, and not from both', () => {
    const { PAYMENT_GATEWAY_AUTHORIZATION } = withGateway;
    const inFile = { PAYMENT_GATEWAY_AUTHORIZATION_FILE: '/run/secrets/gateway' };
    expect(loadConfig(required).payment.authorization).toBeUndefined();
    expect(loadConfig({ ...required, PAYMENT_GATEWAY_AUTHORIZATION }).payment.authorization).toMatchObject({
      kind: 'value',
    });
    expect(loadConfig({ ...required, ...inFile }).payment.authorization).toEqual({
      kind: 'file',
      path: '/run/secrets/gateway',
    });
    expect(faultsOf({ ...required, PAYMENT_GATEWAY_AUTHORIZATION, ...inFile })).toEqual([
      'PAYMENT_GATEWAY_AUTHORIZATION and PAYMENT_GATEWAY_AUTHORIZATION_FILE must not both be set',
    ]);
  });

  // Lower case wins, and a scheme may be missing, as in curl: https://curl.se/docs/manpage.html#ENVIRONMENT
  test.each<[environment: Record<string, string>, url: string | undefined]>([
    [{}, undefined],
    [{ HTTPS_PROXY: '' }, undefined],
    [{ HTTPS_PROXY: 'http://proxy:3128' }, 'http://proxy:3128'],
    [{ https_proxy: 'https://proxy:3129' }, 'https://proxy:3129'],
    [{ https_proxy: 'http://low', HTTPS_PROXY: 'http://high' }, 'http://low'],
    [{ https_proxy: '', HTTPS_PROXY: 'http://high' }, 'http://high'],
    [{ HTTPS_PROXY: 'proxy:3128' }, 'http://proxy:3128'],
    [{ HTTP_PROXY: 'http://proxy:3128' }, undefined],
    [{ HTTPS_PROXY: 'http://proxy', PAYMENT_GATEWAY_URL: 'http://payments.example' }, undefined],
    [{ HTTPS_PROXY: 'socks5://proxy', PAYMENT_GATEWAY_URL: 'http://127.0.0.1:7072' }, undefined],
  ])('loadConfig takes the proxy to the gateway from %j', (environment, url) => {
    expect(loadConfig({ ...required, ...environment }).payment.proxy?.url.reveal()).toBe(url);
  });

  test('loadConfig refuses a proxy to the gateway that speaks no HTTP', () => {
    for (const proxy of ['socks5://proxy:1080', 'http://', '://']) {
      expect(faultsOf({ ...required, HTTPS_PROXY: proxy })).toEqual([
        expect.stringMatching(
          /^HTTPS_PROXY must be a URL that starts with http:\/\/ or https:\/\/.*; other proxies are not supported$/,
        ),
      ]);
    }
  });
});

test.each([
  'redis://cache:6379',
  'redis://cache/0',
  'rediss://orders:s%40crt@cache:6380/12',
  'redis://:secret@[::1]:6380/2',
])('loadConfig takes the REDIS_URL %s', (url) => {
  expect(loadConfig({ ...required, REDIS_URL: url }).redis?.url.reveal()).toBe(url);
});

test.each([
  ['of a Sentinel', 'redis-sentinel://sentinel:26379/orders'],
  ['of a Sentinel', 'redis+sentinel://sentinel:26379/orders/0'],
  ['of a Sentinel', 'sentinel://sentinel:26379'],
  ['of a cluster', 'redis-cluster://node-1:6379'],
  ['of a cluster', 'redis+cluster://node-1:6379'],
  ['with several servers', 'redis://node-1:6379,node-2:6379/0'],
  ['with several servers', 'redis://node-1,node-2:6379'],
  ['without a server', 'redis://'],
  ['without a server', 'redis:///0'],
  ['with a name for the database', 'redis://cache/orders'],
  ['with two databases', 'redis://cache/0/1'],
  ['with options', 'redis://cache/0?enableOfflineQueue=true'],
  ['with a fragment', 'redis://cache/0#1'],
  ['with a broken password', 'redis://orders:100%@cache'],
])('loadConfig refuses a REDIS_URL %s, in one line: %s', (_what, url) => {
  expect(faultsOf({ ...required, REDIS_URL: url })).toEqual([
    expect.stringMatching(
      /^REDIS_URL must be the URL of one Redis server.* Sentinel and Cluster are not supported$/,
    ),
  ]);
});

test('loadConfig configures Redis only when REDIS_URL is set', () => {
  expect(loadConfig(required).redis).toBeUndefined();
  const { redis } = loadConfig({ ...withRedis, REDIS_COMMAND_TIMEOUT: '5ms' });
  expect(redis).toMatchObject({ commandTimeout: 5 });
  expect(loadConfig(required).orderTtl).toBe(600_000);
  expect(redis?.url.reveal()).toBe(withRedis.REDIS_URL);
});

test('TRUST_PROXY trusts proxies by address or by number, and none by default', () => {
  const trustOf = (env: Environment) => loadConfig({ ...required, ...env }).http.trustProxy;
  expect(trustOf({})).toBe(false);
  expect(trustOf({ TRUST_PROXY: '10.0.0.0/8' })).toEqual(['10.0.0.0/8']);
  const two = trustOf({ TRUST_PROXY: '2' });
  if (typeof two !== 'function') throw new Error('TRUST_PROXY=2 is not a function');
  expect([0, 1, 2, 3].map((hop) => two('203.0.113.1', hop))).toEqual([true, true, false, false]);
});

test('loadConfig refuses an unknown NODE_ENV, because it decides what is safe', () => {
  expect(faultsOf({ ...required, NODE_ENV: 'prod' })).toEqual([
    'NODE_ENV must be one of development, test, production, not "prod"',
  ]);
});

test('loadConfig refuses a drain delay as long as the deadline of the shutdown', () =>
  expect(faultsOf({ ...required, SHUTDOWN_DRAIN_DELAY: '10s' }).join()).toContain('SHUTDOWN_DEADLINE'));
