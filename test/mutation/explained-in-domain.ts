import type { Explained } from './judge.ts';

const sameEffect = 'the effect is the same';
const typeGuard = 'the condition is for the type checker: it always holds';

/** Survivors of src/orders and src/payment, and of what they share with other domains. */
export const explainedInDomain: readonly Explained[] = [
  {
    file: 'http/idempotency/idempotency-key.ts',
    code: "''",
    by: '"Stryker was here!"',
    because: 'the header matches the pattern before it is read, so there is always a string',
  },
  {
    file: 'http/idempotency/idempotency-key.ts',
    code: '[]',
    by: '["Stryker was here"]',
    because: 'the header matches the pattern before it is read, so there is always a string',
  },
  {
    file: 'http/idempotency/idempotency-key.ts',
    code: '/^"((?:[^"\\\\]|\\\\.)*)"/',
    by: '/"((?:[^"\\\\]|\\\\.)*)"/',
    because: `${sameEffect}: the header begins with a quote`,
  },
  {
    file: 'orders/api/order-cursor.ts',
    code: '/^(.{8})(.{4})(.{4})(.{4})/',
    by: '/(.{8})(.{4})(.{4})(.{4})/',
    because: `${sameEffect}: the first match begins at the first digit`,
  },
  {
    file: 'orders/api/settled-order-cache.ts',
    code: 'ttl * (0.9 + 0.2 * Math.random())',
    by: 'ttl / (0.9 + 0.2 * Math.random())',
    because: 'both vary the time by about a tenth, so that copies do not expire together',
  },
  {
    file: 'orders/api/settled-order-cache.ts',
    code: 'shared?.order',
    by: 'shared.order',
    because: typeGuard,
  },
  {
    file: 'orders/api/settled-order-cache.ts',
    code: '{ return undefined; }',
    by: '{}',
    because: `${sameEffect}: a function without a return returns undefined`,
  },
  {
    file: 'orders/order-store.ts',
    code: '{ return { place: writeTogether(database, placedRows, (rows) => onSent(placedRows.together.name, rows)), record: writeTogether(database, outcomeRows, (rows) => onSent(outcomeRows.together.name, rows)), }; }',
    by: '{}',
    because: 'writes share statements in test/resilience/order-batches.test.ts, against Postgres',
  },
  {
    file: 'orders/order-store.ts',
    code: '{ place: writeTogether(database, placedRows, (rows) => onSent(placedRows.together.name, rows)), record: writeTogether(database, outcomeRows, (rows) => onSent(outcomeRows.together.name, rows)), }',
    by: '{}',
    because: 'writes share statements in test/resilience/order-batches.test.ts, against Postgres',
  },
  {
    file: 'orders/order-store.ts',
    code: '(rows) => onSent(placedRows.together.name, rows)',
    by: '() => undefined',
    because: 'writes share statements in test/resilience/order-batches.test.ts, against Postgres',
  },
  {
    file: 'orders/order-store.ts',
    code: '(rows) => onSent(outcomeRows.together.name, rows)',
    by: '() => undefined',
    because: 'writes share statements in test/resilience/order-batches.test.ts, against Postgres',
  },
  {
    file: 'orders/order-rows.ts',
    code: "status === 'paid'",
    by: 'true',
    because: 'a CHECK of the table keeps the columns of other states empty',
  },
  {
    file: 'orders/order-rows.ts',
    code: "status === 'declined'",
    by: 'true',
    because: 'a CHECK of the table keeps the columns of other states empty',
  },
  {
    file: 'orders/settle-orders.ts',
    code: 'performance.now() - lookedAt < pollInterval',
    by: 'performance.now() - lookedAt <= pollInterval',
    because: 'only a look after exactly the poll interval is different',
  },
  {
    file: 'orders/settle-orders.ts',
    code: 'refusalCode !== undefined',
    by: 'true',
    because: 'the condition is for the type checker: a refusal has a code',
  },
  {
    file: 'orders/backlog.ts',
    code: 'all >= maxPending',
    by: 'false',
    because: `${sameEffect}: with nothing left, the own orders exceed every share of it`,
  },
  {
    file: 'orders/backlog.ts',
    code: 'all >= maxPending',
    by: 'all > maxPending',
    because: `${sameEffect}: with nothing left, the own orders exceed every share of it`,
  },
  {
    file: 'leasing/crew.ts',
    code: 'inHand > 0',
    by: 'true',
    because: `${sameEffect}: with nothing in hand there is room for the least that is taken`,
  },
  {
    file: 'leasing/crew.ts',
    code: 'inHand > 0',
    by: 'inHand >= 0',
    because: `${sameEffect}: with nothing in hand there is room for the least that is taken`,
  },
  {
    file: 'leasing/crew.ts',
    code: 'Math.random() / 2',
    by: 'Math.random() * 2',
    because:
      'the waits are longer, up to eleven quarters of the interval: a test would need an upper bound in real time',
  },
  {
    file: 'leasing/crew.ts',
    code: 'laneFreed.resolve();',
    by: ';',
    because: `${sameEffect}: the end of a round frees a lane, too`,
  },
  {
    file: 'payment/http-payment-gateway.ts',
    code: '/^\\d+$/',
    by: '/^\\d+/',
    because: 'no date of HTTP begins with a digit',
  },
  {
    file: 'payment/http-payment-gateway.ts',
    code: '{ return undefined; }',
    by: '{}',
    because: `${sameEffect}: a function without a return returns undefined`,
  },
  {
    file: 'payment/resilient-payment-gateway.ts',
    code: '[]',
    by: '["Stryker was here"]',
    because: 'a cause that all calls share is to blame for nothing',
  },
  {
    file: 'payment/resilient-payment-gateway.ts',
    code: "'done'",
    by: '""',
    because: `${sameEffect}: the retries end at whatever is not repeated`,
  },
  {
    file: 'payment/resilient-payment-gateway.ts',
    code: "result.kind === 'gave_up'",
    by: 'true',
    because: typeGuard,
  },
  {
    file: 'payment/resilient-payment-gateway.ts',
    code: "state() === 'closed' && suspends(causes)",
    by: "state() === 'closed' || suspends(causes)",
    because:
      'only the reason that a rejection names is different, while one card is suspended and the circuit is open for all',
  },
  {
    file: 'payment/resilient-payment-gateway.ts',
    code: "state() === 'closed'",
    by: 'true',
    because:
      'only the reason that a rejection names is different, while one card is suspended and the circuit is open for all',
  },
  {
    file: 'payment/resilient-payment-gateway.ts',
    code: "outcome.kind === 'unknown'",
    by: 'true',
    because: typeGuard,
  },
  {
    file: 'payment/resilient-payment-gateway.ts',
    code: "outcome.kind === 'unavailable'",
    by: 'true',
    because: typeGuard,
  },
  {
    file: 'upstream/connections.ts',
    code: 'false',
    by: 'true',
    because: 'only a gateway with HTTP/2 shows it: test/resilience/gateway-over-tls.test.ts',
  },
  {
    file: 'upstream/connections.ts',
    code: 'connect && { connect }',
    by: 'true',
    because: 'the proxy is reached the same way: the connector of undici differs in options for TLS only',
  },
  {
    file: 'upstream/connections.ts',
    code: 'connect && { connect }',
    by: 'false',
    because: 'the proxy is reached the same way: the connector of undici differs in options for TLS only',
  },
  {
    file: 'upstream/connections.ts',
    code: 'connect && { connect }',
    by: 'connect || { connect }',
    because: 'the proxy is reached the same way: the connector of undici differs in options for TLS only',
  },
  {
    file: 'upstream/connections.ts',
    code: '{ connect }',
    by: '{}',
    because: 'the proxy is reached the same way: the connector of undici differs in options for TLS only',
  },
];
