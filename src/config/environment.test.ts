import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import {
  apiKeys,
  ConfigError,
  duration,
  type Environment,
  hostNames,
  oneOf,
  optional,
  proxies,
  read,
  Secret,
  share,
  text,
  url,
  type Variable,
  wholeNumber,
} from './environment.ts';

const rest = { meaning: 'what it is for' };

const kinds: Record<string, Variable<unknown>> = {
  text: text(rest),
  oneOf: oneOf(['debug', 'info'], rest),
  wholeNumber: wholeNumber(1, 65_535, rest),
  share: share(rest),
  duration: duration(rest),
  url: url(['postgres:', 'postgresql:'], rest),
  apiKeys: apiKeys(rest),
  proxies: proxies(rest),
  hostNames: hostNames(rest),
};

describe('a variable', () => {
  const longestKey = `shop:${'k'.repeat(255)}`;
  test.each<[kind: string, raw: string, value: unknown]>([
    ['text', '127.0.0.1', '127.0.0.1'],
    ['text', ' ', ' '],
    ['oneOf', 'info', 'info'],
    ['wholeNumber', '1', 1],
    ['wholeNumber', '65535', 65_535],
    ['wholeNumber', '007', 7],
    ['share', '0', 0],
    ['share', '0.2', 0.2],
    ['share', '.5', 0.5],
    ['share', '1', 1],
    ['share', '1.0', 1],
    ['duration', '0ms', 0],
    ['duration', '250ms', 250],
    ['duration', '3s', 3000],
    ['duration', '5m', 300_000],
    ['duration', '24h', 86_400_000],
    ['duration', '2147483647ms', 2_147_483_647],
    ['url', 'postgres://user:pass@db:5432/orders?sslmode=require', undefined],
    ['url', 'postgresql://db/orders', undefined],
    ['apiKeys', 'shop:key1', [{ client: 'shop', key: 'key1' }]],
    [
      'apiKeys',
      ' shop:key:1 , pos_2-b:~!"# ',
      [
        { client: 'shop', key: 'key:1' },
        { client: 'pos_2-b', key: '~!"#' },
      ],
    ],
    [
      'apiKeys',
      'shop:new,shop:old',
      [
        { client: 'shop', key: 'new' },
        { client: 'shop', key: 'old' },
      ],
    ],
    ['apiKeys', longestKey, [{ client: 'shop', key: 'k'.repeat(255) }]],
    ['proxies', '1', 1],
    ['proxies', '12', 12],
    ['proxies', '10.0.0.0/8', ['10.0.0.0/8']],
    ['hostNames', 'Shop, *.example.org,10.0.0.7', ['shop', '*.example.org', '10.0.0.7']],
    ['hostNames', '::1, [2001:DB8::0:1]', ['[::1]', '[2001:db8::1]']],
    ['proxies', '192.168.1.7, 2001:db8::/32,::1', ['192.168.1.7', '2001:db8::/32', '::1']],
  ])('a variable of the kind %s accepts %j', (kind, raw, value) => {
    expect(kinds[kind]?.parse(raw)).toEqual(value ?? raw);
  });

  test.each<[kind: string, raws: string[]]>([
    ['text', ['']],
    ['oneOf', ['', 'INFO', 'info ', 'trace']],
    ['wholeNumber', ['', '0', '65536', '-1', '1.5', '1e3', '0x10', ' 1', '1 ', 'one', '٣', '9'.repeat(16)]],
    ['share', ['', '-0.1', '1.01', '2', '20%', '.', '0.', '1e-1', 'half']],
    ['duration', ['', '5', '5 s', 's', '1.5s', '-1s', '5S', '1d', '2147483648ms', '597h', '1s500ms']],
    [
      'url',
      ['', 'localhost:5432', 'mysql://db/orders', 'http://db', 'postgres:/', 'postgres:db', '//db/orders'],
    ],
    [
      'apiKeys',
      [
        '',
        'shop',
        'shop:',
        ':key',
        'shop key:key',
        'shop:a b',
        'shop:a,',
        'shop:schlüssel',
        'shöp:key',
        // The key would not identify a client.
        'shop:same,pos:same',
        `shop:${'k'.repeat(256)}`,
        `${'c'.repeat(65)}:key`,
      ],
    ],
    [
      'proxies',
      ['', '0', '-1', '100', 'true', '*', 'proxy.internal', '10.0.0.0/33', '10.0.0/8', '1.2.3.4,', '::/129'],
    ],
    ['hostNames', ['', 'shop:80', '[::1]:80', '[shop]', '[::1', 'fe80::1%eth0', '*', 'a b']],
    // Fastify takes no range of every address.
    ['proxies', ['0.0.0.0/0', '::/0', '10.0.0.0/8,0.0.0.0/00']],
  ])('a variable of the kind %s rejects %j', (kind, raws) => {
    expect(raws.filter((raw) => kinds[kind]?.parse(raw) !== undefined)).toEqual([]);
  });
});

describe('read', () => {
  const known = {
    PORT: wholeNumber(0, 65_535, { default: '7070', meaning: 'port of the API' }),
    DATABASE_URL: url(['postgres:'], { meaning: 'the Postgres database', secret: true }),
    LOG_LEVEL: oneOf(['debug', 'info'], { default: 'info', meaning: 'least severe level' }),
    API_KEYS: apiKeys({ meaning: 'who may call', secret: true }),
    REDIS_URL: optional(url(['redis:'], { meaning: 'a Redis', secret: true })),
  };
  const good = { DATABASE_URL: 'postgres://db/orders', API_KEYS: 'shop:key1' };

  const faultsOf = (env: Environment): readonly string[] => {
    try {
      read(known, env);
      return [];
    } catch (error) {
      if (error instanceof ConfigError) return error.faults;
      throw error;
    }
  };

  test('read fills in defaults and ignores unknown variables', () => {
    expect(read(known, { ...good, LOG_LEVEL: 'debug', HOME: '/root' })).toEqual({
      PORT: 7070,
      DATABASE_URL: 'postgres://db/orders',
      LOG_LEVEL: 'debug',
      API_KEYS: [{ client: 'shop', key: 'key1' }],
    });
  });

  test('read treats an optional variable as missing when it is unset or empty', () => {
    expect(read(known, good).REDIS_URL).toBeUndefined();
    expect(read(known, { ...good, REDIS_URL: '' }).REDIS_URL).toBeUndefined();
    expect(read(known, { ...good, REDIS_URL: 'redis://cache' }).REDIS_URL).toBe('redis://cache');
    expect(faultsOf({ ...good, REDIS_URL: 'hush-hush' })).toEqual([
      `REDIS_URL must be ${known.REDIS_URL.expected}`,
    ]);
  });

  test('read reports every fault at once, one per line', () => {
    const env = { PORT: 'http', LOG_LEVEL: '', API_KEYS: 'hush-hush' };
    expect(() => read(known, env)).toThrow(
      new ConfigError([
        'PORT must be a whole number from 0 to 65535, not "http"',
        'DATABASE_URL is not set: the Postgres database',
        'LOG_LEVEL must be one of debug, info, not ""',
        `API_KEYS must be ${known.API_KEYS.expected}`,
      ]),
    );
    const faults = faultsOf(env);
    expect(new ConfigError(faults).message.split('\n')).toEqual(faults);
  });

  test.each([
    ['DATABASE_URL', 'mysql://user:hush-hush@db/orders'],
    ['DATABASE_URL', 'postgres//user:hush-hush@db'],
    ['API_KEYS', 'shop hush-hush'],
  ])('read keeps the text of a malformed %s out of the message', (name, raw) => {
    const faults = faultsOf({ ...good, [name]: raw });
    expect(faults).toEqual([expect.stringMatching(`^${name} must be `)]);
    expect(faults.join('')).not.toContain('hush');
  });
});

test('a secret shows its value through reveal() only', () => {
  const secret = new Secret({ password: 'hush-hush' });
  const holder = { nested: { secret } };
  const shown = [
    String(secret),
    JSON.stringify(holder),
    inspect(holder, { depth: 9, showHidden: true }),
    inspect(secret, { customInspect: false, showHidden: true }),
    Object.values(secret).join(''),
    structuredCloneText(secret),
  ];
  expect(shown.filter((each) => each.includes('hush'))).toEqual([]);
  expect(JSON.stringify(holder)).toBe('{"nested":{"secret":"[secret]"}}');
  expect(secret.reveal()).toEqual({ password: 'hush-hush' });
});

const structuredCloneText = (value: unknown) => JSON.stringify(structuredClone(value));
