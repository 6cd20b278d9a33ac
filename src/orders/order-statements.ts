import type { Statement } from '../postgres/database.ts';
import { durably, milliseconds } from '../postgres/portable-sql.ts';

/**
 * The SQL of the table `orders`. Leases and due times use the database's clock only.
 *
 * No statement relies on a setting of its session: a role or a database may bring its own, and through a pooler in
 * transaction mode nothing that is set before a statement is certain. So tables are named with their schema, values are
 * read in a form that no setting changes, and every write says itself that its commit waits for the disk.
 */

const createdAt = `${milliseconds('created_at')} AS created_at`;
const updatedAt = `${milliseconds('updated_at')} AS updated_at`;

/**
 * Repeatable: the id exists before the first attempt, so a repeat conflicts with the order that the first attempt stored.
 * ON CONFLICT without a target covers both the id and the idempotency key.
 */
export const placeOrder: Statement = {
  name: 'place_order',
  summary: 'INSERT orders',
  repeatable: true,
  text: `
    INSERT INTO public.orders (id, client_id, idempotency_key, request_hash, customer_id, currency, items, total_minor,
      status, payment_token, due_at, created_at, updated_at, traceparent)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', $9, now() + $10 * interval '1 ms', now(), now(), $11)
    ON CONFLICT DO NOTHING
    RETURNING ${createdAt}, ${durably}`,
};

/**
 * {@link placeOrder} for the orders of several requests, with the same outcome for each of them. Repeatable for the same
 * reason. Of two orders with one key the first is stored.
 *
 * The order of the rows is the order of their locks, so that two statements with the same keys cannot deadlock. A key that
 * another session is about to claim fails the statement after a moment, and its orders are placed alone: only the one with
 * that key waits.
 */
export const placeOrders: Statement = {
  name: 'place_orders',
  summary: 'INSERT orders',
  repeatable: true,
  shared: true,
  text: `
    INSERT INTO public.orders (id, client_id, idempotency_key, request_hash, customer_id, currency, items, total_minor,
      status, payment_token, due_at, created_at, updated_at, traceparent)
    SELECT id, client_id, idempotency_key, decode(request_hash, 'hex'), customer_id, currency, items, total_minor,
      'pending', payment_token, now() + lease * interval '1 ms', now(), now(), traceparent
    FROM (SELECT set_config('lock_timeout', '50ms', true)) AS for_this_statement,
      ROWS FROM (jsonb_to_recordset($1) AS (id uuid, client_id text, idempotency_key text, request_hash text,
        customer_id text, currency text, items jsonb, total_minor bigint, payment_token text, lease float8,
        traceparent text)) WITH ORDINALITY AS placed
    ORDER BY client_id, idempotency_key, ordinality
    ON CONFLICT DO NOTHING
    RETURNING id, ${createdAt}, ${durably}`,
};

/** The order that a new one conflicts with: one with its key, or itself after a lost answer. */
export const findByKey: Statement = {
  name: 'find_order_by_key',
  summary: 'SELECT orders',
  repeatable: true,
  text: `
    SELECT id, encode(request_hash, 'hex') AS request_hash, ${createdAt},
      status = 'pending' AND round = 1 AND held AND due_at > now() AS in_flight
    FROM public.orders WHERE id = $1 OR client_id = $2 AND idempotency_key = $3`,
};

/** Repeatable: an order leaves `pending` once, and a repeat finds it settled under its own fencing token. */
export const settleOrder: Statement = {
  name: 'settle_order',
  summary: 'UPDATE orders',
  repeatable: true,
  text: `
    UPDATE public.orders
    SET status = $3, payment_id = $4, decline_code = $5, refusal_code = $6, payment_token = NULL, due_at = NULL,
      held = false, updated_at = now()
    WHERE id = $1 AND round = $2 AND status = 'pending'
    RETURNING ${updatedAt}, ${durably}`,
};

/** Repeatable: the counts are absolute, and a repeat only postpones the due time by the time between the two. */
export const releaseOrder: Statement = {
  name: 'release_order',
  summary: 'UPDATE orders',
  repeatable: true,
  text: `
    UPDATE public.orders
    SET held = false, due_at = now() + $3 * interval '1 ms', refusals = $4, refusal_code = $5, unanswered = $6,
      updated_at = now()
    WHERE id = $1 AND round = $2 AND status = 'pending'
    RETURNING ${updatedAt}, ${durably}`,
};

/**
 * {@link settleOrder} and {@link releaseOrder} for the orders of several holders. Repeatable for the same reasons. An order
 * that another session has locked is left out rather than waited for.
 *
 * The planner expects 100 rows of the function, for which it would read a small table whole, and it keeps that plan while
 * the table grows. Of a comparison that it knows nothing about it expects one row in 200 to pass: so `is_given` makes it
 * expect a single row, and use the primary key whatever the size of the table was when it made the plan.
 */
export const recordOutcomes: Statement = {
  name: 'record_outcomes',
  summary: 'UPDATE orders',
  repeatable: true,
  shared: true,
  text: `
    UPDATE public.orders
    SET status = outcome.status, payment_id = outcome.payment_id, decline_code = outcome.decline_code,
      payment_token = CASE WHEN outcome.status = 'pending' THEN orders.payment_token END,
      due_at = now() + outcome.wait * interval '1 ms', held = false,
      refusals = coalesce(outcome.refusals, orders.refusals), refusal_code = outcome.refusal_code,
      unanswered = coalesce(outcome.unanswered, orders.unanswered), updated_at = now()
    FROM (
      SELECT leased.id AS leased_id, outcome.status, outcome.payment_id, outcome.decline_code, outcome.wait,
        outcome.refusals, outcome.refusal_code, outcome.unanswered
      FROM jsonb_to_recordset($1) AS outcome (id uuid, round integer, status text, payment_id text,
        decline_code text, wait float8, refusals integer, refusal_code text, unanswered integer, is_given integer)
      JOIN public.orders AS leased ON leased.id = outcome.id AND leased.round = outcome.round AND leased.status = 'pending'
      WHERE outcome.is_given = 1
      FOR UPDATE OF leased SKIP LOCKED
    ) AS outcome
    WHERE orders.id = outcome.leased_id
    RETURNING orders.id, ${updatedAt}, ${durably}`,
};

/** The state of an order that could not be changed. */
export const findCurrentState: Statement = {
  name: 'find_current_state',
  summary: 'SELECT orders',
  repeatable: true,
  text: `
    SELECT id, status, payment_id, decline_code, refusal_code, ${updatedAt}, round
    FROM public.orders WHERE id = $1`,
};

/** A bigint stays one: as a float, its text would depend on `extra_float_digits`. */
const orderColumns = `id, client_id, customer_id, currency, items, total_minor, status, payment_id, decline_code,
  refusal_code, ${createdAt}, ${updatedAt}`;

const leasedColumns = `${orderColumns}, payment_token, round, cancelling, traceparent,
  ${milliseconds('now() - created_at')} AS age, refusals, unanswered`;

/**
 * Leases up to $1 of the orders with these ids for $2 ms. The ids are an array, so that every plan looks them up by the primary
 * key: for a subquery, the planner would read a small table whole, and keep that plan while the table grows.
 */
const leaseFound = (ids: string) => `
    UPDATE public.orders SET held = true, round = round + 1, due_at = now() + $2 * interval '1 ms'
    WHERE id = ANY (ARRAY(${ids})) RETURNING ${leasedColumns}, ${durably}`;

/**
 * Leases due orders, the longest due first, without those that the gateway has left unanswered.
 *
 * `unanswered < 1` and not `= 0`: of a table without statistics the planner expects one row in 200 to be equal, and so fewer
 * than $1. It would then read and sort all that are due instead of following the index until it has enough.
 *
 * Not repeatable, as the next three: after a lost answer nobody works on the orders that it leased until their lease
 * ends, and a repeat would lease others.
 */
export const takeDueOrders: Statement = {
  name: 'take_due_orders',
  summary: 'UPDATE orders',
  repeatable: false,
  text: leaseFound(`
      SELECT id FROM public.orders WHERE due_at <= now() AND unanswered < 1
      ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED`),
};

/** Number of due orders among which a statement chooses. */
const choice = 10_000;

/**
 * Leases due orders of each client in turn: first of the clients that have the fewest in the hands of a worker, and of each
 * client those that were left unanswered least often. So a client with many of them delays its own orders only. Between
 * equals chance decides: by age, the one with the older orders would always be first.
 */
const leaseInTurn = (condition: string) =>
  leaseFound(`
      SELECT id FROM public.orders
      WHERE due_at <= now() AND id = ANY (ARRAY(
        SELECT id FROM (
          SELECT id, coalesce(in_hand.orders, 0) +
            row_number() OVER (PARTITION BY client_id ORDER BY unanswered, due_at) AS turn
          FROM (
            SELECT id, client_id, unanswered, due_at FROM public.orders
            WHERE due_at <= now() AND (${condition})
            ORDER BY due_at LIMIT ${choice}
          ) AS due
          LEFT JOIN (
            SELECT client_id, count(*) AS orders FROM public.orders
            WHERE due_at > now() AND held AND round > 1 GROUP BY client_id
          ) AS in_hand USING (client_id)
        ) AS waiting
        ORDER BY turn, random() LIMIT $1
      ))
      FOR UPDATE SKIP LOCKED`);

/** Orders that the gateway has left unanswered, or with $3 any. */
export const takeUnansweredOrders: Statement = {
  name: 'take_unanswered_orders',
  summary: 'UPDATE orders',
  repeatable: false,
  text: leaseInTurn('unanswered > 0 OR $3'),
};

/** {@link takeDueOrders} of each client in turn, which costs more while many are due. */
export const takeDueOrdersInTurn: Statement = {
  name: 'take_due_orders_in_turn',
  summary: 'UPDATE orders',
  repeatable: false,
  text: leaseInTurn('unanswered = 0'),
};

/**
 * Leases the orders that are most likely to be answered: of the last that have become due, those with the fewest rounds.
 * An order that has waited for long may be the reason for its wait, and says little about the gateway.
 */
export const takeFreshOrders: Statement = {
  name: 'take_fresh_orders',
  summary: 'UPDATE orders',
  repeatable: false,
  text: leaseFound(`
      SELECT id FROM public.orders
      WHERE due_at <= now() AND id = ANY (ARRAY(
        SELECT id FROM (
          SELECT id, unanswered, round, due_at FROM public.orders WHERE due_at <= now() ORDER BY due_at DESC LIMIT 100
        ) AS due
        ORDER BY unanswered, round, due_at DESC LIMIT $1
      ))
      FOR UPDATE SKIP LOCKED`),
};

/** Not repeatable: a repeat would find the order leased by the first attempt. */
export const takeOrderToCancel: Statement = {
  name: 'take_order',
  summary: 'UPDATE orders',
  repeatable: false,
  text: `
    UPDATE public.orders
    SET held = true, round = round + 1, due_at = now() + $3 * interval '1 ms', cancelling = true
    WHERE client_id = $1 AND id = $2 AND status = 'pending' AND (NOT held OR due_at <= now())
    RETURNING ${leasedColumns}, ${durably}`,
};

export const findOrder: Statement = {
  name: 'find_order',
  summary: 'SELECT orders',
  repeatable: true,
  text: `SELECT ${orderColumns} FROM public.orders WHERE client_id = $1 AND id = $2`,
};

/** Filters of a list. Their values are the parameters from $3 on; `before` is the last one and takes two. */
export type ListFilter = 'customer_id' | 'status' | 'before';

/**
 * One statement per combination of filters: a single one with `OR $1 IS NULL` would not use the indexes.
 *
 * The one-element arrays keep their columns in the ORDER BY, so that one index returns the rows in that order. With `=`
 * only the time and the id would be left to sort by, and the planner might take an index without the filter: through the
 * whole table if it expects matches and there are none.
 *
 * A position has microseconds, which a JavaScript date has not.
 */
export function listOrders(filters: readonly ListFilter[]): Statement {
  const leading = (['customer_id', 'status'] as const).find((column) => filters.includes(column));
  const columns = ['client_id', ...(leading ? [leading] : []), 'created_at', 'id'] as const;
  const conditions = filters.map((filter, index) => {
    const parameter = `$${index + 3}`;
    if (filter === 'before') {
      return `(created_at, id) < (timestamptz 'epoch' + ${parameter} * interval '1 microsecond', $${index + 4})`;
    }
    return filter === leading ? `${filter} = ANY(ARRAY[${parameter}])` : `${filter} = ${parameter}`;
  });
  return {
    name: ['list_orders', ...filters].join('_'),
    summary: 'SELECT orders',
    repeatable: true,
    text: `
      SELECT ${orderColumns}, (extract(epoch FROM created_at) * 1000000)::bigint AS created_micros FROM public.orders
      WHERE ${['client_id = ANY(ARRAY[$1])', ...conditions].join(' AND ')}
      ORDER BY ${columns.map((column) => `orders.${column} DESC`).join(', ')} LIMIT $2`,
  };
}

/**
 * By client, and of all: the oldest order may be any of them. There are about as many as the bound on the backlog lets grow,
 * or more after it was lowered.
 */
export const countBacklog: Statement = {
  name: 'count_backlog',
  summary: 'SELECT orders',
  repeatable: true,
  text: `
    SELECT client_id, count(*)::int AS pending, ${milliseconds('now() - min(created_at)')} AS age
    FROM public.orders
    WHERE due_at IS NOT NULL AND NOT (round = 1 AND held AND due_at > now())
    GROUP BY client_id`,
};
