import { setTimeout as delay } from 'node:timers/promises';
import { audit } from '../audit/audit.ts';
import { openBooks } from '../audit/books.ts';
import type { Customers } from './customers.ts';
import type { Environment } from './environment.ts';

/** Milliseconds between two queries for pending orders. */
const interval = 100;

/** Polls the database for orders that were placed before the end of the fault and are still pending. */
export function watchSettlement(
  { database }: Environment,
  run: string,
  customers: Customers,
  cleanUp: AsyncDisposableStack,
) {
  const visitsBefore = customers.visits.length;
  let settledAt: number | undefined;
  const ending = new AbortController();
  const polling = (async () => {
    while (!ending.signal.aborted) {
      try {
        const pending = await database.sql(
          `SELECT FROM orders WHERE status = 'pending' AND idempotency_key LIKE $1
             AND substring(idempotency_key FROM '[0-9]+$')::int < $2 LIMIT 1`,
          [`${run}-%`, visitsBefore],
        );
        settledAt = pending.length > 0 ? undefined : (settledAt ?? performance.now());
      } catch {
        settledAt = undefined;
      }
      await delay(interval, undefined, { signal: ending.signal }).catch(() => {});
    }
  })();
  cleanUp.defer(async () => {
    ending.abort();
    await polling;
  });
  return {
    settledAt: () => settledAt ?? Number.NaN,
    async isSettled() {
      const pending = await database.sql(
        `SELECT FROM orders WHERE status = 'pending' AND idempotency_key LIKE $1 LIMIT 1`,
        [`${run}-%`],
      );
      return pending.length === 0 && settledAt !== undefined;
    },
  };
}

/** Reads orders and ledger and audits them. A service that was running before holds other orders too; they are left out. */
export async function readBooks(environment: Environment, run: string, customers: Customers) {
  const books = await openBooks(
    customers.answers,
    (text) => environment.database.sql(text),
    environment.gateway,
  );
  const orders = books.orders.filter(({ idempotency_key: key }) => key?.startsWith(`${run}-`));
  const ids = new Set(orders.map(({ id }) => id));
  const ledger = environment.replicas ? books.ledger : books.ledger.filter(({ key }) => ids.has(key));
  return {
    findings: audit({ answers: books.answers, orders, ledger }),
    stored: new Map(orders.map((order) => [order.idempotency_key ?? '', order])),
  };
}
