import { type Attack, authorization, get, host, post } from './attack.ts';

const key = (value: string) => post(undefined, `idempotency-key: ${value}\r\n`);
const cookie = (bytes: number) => get(`cookie: ${'a=b; '.repeat(bytes / 5)}\r\n`);

/** Unusual request targets and headers. */
export const targets: readonly Attack[] = [
  { what: '`http://elsewhere/orders` as the target', send: get('', 'http://elsewhere/orders?limit=1') },
  { what: '`http://elsewhere` as the target', send: get('', 'http://elsewhere') },
  { what: '`file:///etc/passwd` as the target', send: get('', 'file:///etc/passwd') },
  { what: '`elsewhere:80` as the target', send: get('', 'elsewhere:80') },
  { what: '`*` as the target', send: get('', '*').replace('GET', 'OPTIONS') },
  { what: '`orders` as the target, without a slash', send: get('', 'orders') },
  { what: 'a fragment in the target', send: get('', '/orders#limit=1') },
  ...['//orders', '/./orders', '/docs/../orders', '/orders/.', '/orders/..', '/orders/%2e%2e/orders'].map(
    (path): Attack => ({ what: `\`${path}\``, send: get('', path) }),
  ),
  ...[
    '/%6frders?limit=1',
    '/orders%2f1',
    '/orders%00',
    '/orders/%00',
    '/orders/%5c..',
    '/orders;v=1',
    '/ORDERS',
  ].map((path): Attack => ({ what: `\`${path}\``, send: get('', path) })),
  ...['/orders/%', '/orders/%zz', '/orders/%c0%ae', '/orders/%ff%fe', '/orders?customerId=%ff%fe'].map(
    (path): Attack => ({ what: `\`${path}\``, send: get('', path) }),
  ),
  ...[
    '/docs/static/../../package.json',
    '/docs/static/%2e%2e/%2e%2e/package.json',
    '/docs/static/..%5c..%5cpackage.json',
    '/docs/static/%2e%2e%2fpackage.json',
    '/docs/static/%00',
    '/docs/static/.git/config',
    '/docs/static//etc/passwd',
  ].map((path): Attack => ({ what: `\`${path}\``, send: get('', path) })),
  {
    what: '`/orders?__proto__[limit]=1&constructor.prototype=1`',
    send: get('', '/orders?__proto__[limit]=1&constructor.prototype=1'),
  },
  { what: '`/orders?__proto__=1`', send: get('', '/orders?__proto__=1') },
  { what: '`/orders?limit=1&limit=2`', send: get('', '/orders?limit=1&limit=2') },
  ...['Infinity', '1e400', '0x10', '%201'].map(
    (limit): Attack => ({ what: `\`/orders?limit=${limit}\``, send: get('', `/orders?limit=${limit}`) }),
  ),
  { what: '`/orders?limit[]=1`', send: get('', '/orders?limit[]=1') },
  {
    what: '3,000 unknown parameters',
    send: get(
      '',
      `/orders?${Array.from({ length: 3000 }, (_, index) => `${index.toString(36)}=`).join('&')}`,
    ),
  },
  { what: 'a null byte in the target', send: get('', '/orders\0') },
  { what: 'unescaped UTF-8 in the target', send: get('', '/orders/\xc3\xbc') },
  { what: 'a target of 10 kB', send: get('', `/${'a'.repeat(10_000)}`) },
  { what: 'a target of 10 kB of escapes', send: get('', `/orders/${'%61'.repeat(3300)}`) },
  { what: 'an id of 10 kB that is almost a UUID', send: get('', `/orders/${'0000-'.repeat(2000)}`) },
  { what: 'a target of 20 kB', send: get('', `/${'a'.repeat(20_000)}`) },
  { what: 'a query of 20 kB', send: get('', `/orders?customerId=${'a'.repeat(20_000)}`) },
  { what: 'a cursor of 10 kB', send: get('', `/orders?cursor=${'A'.repeat(10_000)}`) },

  { what: 'no host', send: get().replace(host, '') },
  { what: 'an empty host', send: get().replace(host, 'host:\r\n') },
  { what: 'two hosts', send: get('host: elsewhere\r\n') },
  { what: 'a host with a path', send: get().replace(host, 'host: orders/../admin\r\n') },
  { what: 'a host of 10 kB', send: get().replace(host, `host: ${'a'.repeat(10_000)}\r\n`) },
  {
    what: '`x-forwarded-host`, `-for`, `-proto`, `-port` and `forwarded`',
    send: get(
      'x-forwarded-host: elsewhere\r\nx-forwarded-for: 127.0.0.1\r\nx-forwarded-proto: https\r\nx-forwarded-port: 1\r\nforwarded: for=127.0.0.1;host=elsewhere\r\n',
    ),
  },
  {
    what: '`x-original-url` and `x-rewrite-url`',
    send: get('x-original-url: /smuggled\r\nx-rewrite-url: /smuggled\r\n'),
  },
  { what: 'two API keys', send: get('authorization: Bearer shop-key\r\n') },
  {
    what: 'an API key after 10,000 spaces',
    send: get().replace(authorization, `authorization: Bearer${' '.repeat(10_000)}pos-key x\r\n`),
  },
  {
    what: 'an API key of 10 kB',
    send: get().replace(authorization, `authorization: Bearer ${'k'.repeat(10_000)}\r\n`),
  },
  { what: 'two content types', send: post(undefined, 'content-type: text/plain\r\n') },
  { what: 'two idempotency keys', send: post(undefined, 'idempotency-key: a\r\nidempotency-key: b\r\n') },
  { what: 'an empty idempotency key', send: key('') },
  { what: 'an idempotency key in ISO 8859-1', send: key('caf\xe9') },
  { what: 'an idempotency key with a tab', send: key('a\tb') },
  { what: 'an idempotency key with SQL', send: key("';DROP/**/TABLE/**/orders;--") },
  { what: 'an idempotency key that is half a string', send: key('"k') },
  { what: 'an idempotency key with 5,000 parameters', send: key(`"k"${';a'.repeat(5000)}`) },
  { what: 'an idempotency key with a parameter that never ends', send: key(`"k";a="${'\\"'.repeat(4000)}`) },
  { what: 'an idempotency key of 10 kB', send: key('k'.repeat(10_000)) },
  { what: '`x-request-id` with a line of a log in it', send: get('x-request-id: 1 {"level":"error"}\r\n') },
  { what: '`x-request-id` of 10 kB', send: get(`x-request-id: ${'1'.repeat(10_000)}\r\n`) },
  {
    what: '`traceparent` of 10 kB, and `baggage`',
    send: get(`traceparent: ${'00-'.repeat(2500)}\r\nbaggage: ${'a=b,'.repeat(1500)}\r\n`),
  },
  {
    what: '`user-agent` of 10 kB that might hold a card number at any position',
    send: get(`user-agent: ${'4-'.repeat(5000)}\r\n`),
  },
  {
    what: 'headers called `__proto__`, `constructor` and `prototype`',
    send: get('__proto__: x\r\nconstructor: x\r\nprototype: x\r\nhasownproperty: x\r\n'),
  },
  { what: 'a null byte in a header', send: get('x-one: a\0b\r\n') },
  { what: 'a control character in a header', send: get('x-one: a\x01b\r\n') },
  { what: 'bytes that are not UTF-8 in a header', send: get('x-one: \xff\xfe\r\n') },
  { what: 'cookies of 10 kB', send: cookie(10_000) },
  { what: 'cookies of 20 kB', send: cookie(20_000) },
  { what: '98 headers', send: get('x: 1\r\n'.repeat(96)) },
  { what: '101 headers', send: get('x: 1\r\n'.repeat(99)) },
  { what: '2,000 headers', send: get('x:\r\n'.repeat(1998)) },
  { what: '10,000 headers', send: get('x:\r\n'.repeat(10_000)) },
];
