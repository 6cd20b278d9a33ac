import type { Database, Statement } from '../postgres/database.ts';
import type { Currency } from './currency.ts';
import type { NewOrder, Order, OrderItem, OrderState, OrderStatus, Settlement } from './order.ts';

/** Orders in Postgres. Every method is one statement on its own; none leaves a transaction open. */
export interface OrderStore {
  /**
   * Stores a pending order and claims its idempotency key, or finds the order that has the key. Until `lease` ms
   * have passed, the order is in the hands of the caller.
   */
  place(order: NewOrder, lease: number): Promise<PlacedOrExisting>;
  /** Settles an order that is pending. Answers with the order as it then is, settled by this call or before. */
  settle(order: Order, settlement: Settlement): Promise<Order>;
  /** Leaves a pending order to the settlement worker, due after `wait` ms. Answers as `settle` does. */
  defer(order: Order, wait: number): Promise<Order>;
  find(clientId: string, id: string): Promise<Order | undefined>;
  /** Newest first. */
  list(clientId: string, query: ListQuery): Promise<Order[]>;
}

export type PlacedOrExisting =
  | { kind: 'placed'; order: Order }
  | {
      kind: 'existing';
      id: string;
      /** Whether the earlier request under this key asked for the same. */
      sameRequest: boolean;
      /** Whether the request that placed it may still be at work. */
      inFlight: boolean;
    };

export interface ListQuery {
  status?: OrderStatus | undefined;
  customerId?: string | undefined;
  /** Only orders placed before the one with this id. */
  before?: string | undefined;
  limit: number;
}

export function createOrderStore(database: Database): OrderStore {
  async function changeState(order: Order, statement: Statement, values: readonly unknown[]): Promise<Order> {
    const [row] = await database.run<StateRow>(statement, [order.id, ...values]);
    if (row === undefined) throw new Error(`order ${order.id} is gone`);
    return { ...order, ...stateOf(row), updatedAt: row.updated_at };
  }

  const store: OrderStore = {
    async place(order, lease) {
      const { id, clientId, idempotencyKey, requestHash, totalMinor } = order;
      const { customerId, currency, items, paymentToken } = order.request;
      const [row] = await database.run<PlaceRow>(placeOrder, [
        id,
        clientId,
        idempotencyKey ?? null,
        requestHash,
        customerId,
        currency,
        JSON.stringify(items),
        totalMinor,
        paymentToken,
        lease,
      ]);
      // The key was taken by a transaction that this statement's snapshot does not show yet: look again.
      if (row === undefined) return store.place(order, lease);
      if (row.id !== id) {
        return {
          kind: 'existing',
          id: row.id,
          sameRequest: row.request_hash.equals(requestHash),
          inFlight: row.in_flight,
        };
      }
      const { created_at: createdAt } = row;
      return {
        kind: 'placed',
        order: {
          id,
          clientId,
          customerId,
          currency,
          items,
          totalMinor,
          status: 'pending',
          createdAt,
          updatedAt: createdAt,
        },
      };
    },

    async settle(order, settlement) {
      const settled = await changeState(order, settleOrder, [
        settlement.status,
        settlement.status === 'paid' ? settlement.paymentId : null,
        settlement.status === 'declined' ? settlement.declineCode : null,
      ]);
      // Settled by somebody else while this statement waited for the row: its snapshot is older, look again.
      return settled.status === 'pending' ? store.settle(order, settlement) : settled;
    },

    defer: (order, wait) => changeState(order, deferOrder, [wait]),

    async find(clientId, id) {
      const [row] = await database.run<OrderRow>(findOrder, [clientId, id]);
      return row && toOrder(row);
    },

    async list(clientId, query) {
      const filters = [
        { condition: 'status =', value: query.status },
        { condition: 'customer_id =', value: query.customerId },
        { condition: 'id <', value: query.before },
      ].filter(({ value }) => value !== undefined);
      const rows = await database.run<OrderRow>(listOrders(filters.map(({ condition }) => condition)), [
        clientId,
        query.limit,
        ...filters.map(({ value }) => value),
      ]);
      return rows.map(toOrder);
    },
  };
  return store;
}

/**
 * Repeatable: the id is made before the first try, so that a repeat meets the order that the first try stored.
 * ON CONFLICT without a target covers both the id and the idempotency key.
 */
const placeOrder: Statement = {
  name: 'place_order',
  summary: 'INSERT orders',
  repeatable: true,
  text: `
    WITH placed AS (
      INSERT INTO orders (id, client_id, idempotency_key, request_hash, customer_id, currency, items, total_minor,
        status, payment_token, due_at, created_at, updated_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', $9, now() + $10 * interval '1 ms', now(), now())
      ON CONFLICT DO NOTHING
      RETURNING id, request_hash, created_at
    )
    SELECT id, request_hash, created_at, true AS in_flight FROM placed
    UNION ALL
    SELECT id, request_hash, created_at, status = 'pending' AND charge_rounds = 0 AND due_at > now() FROM orders
    WHERE (id = $1 OR client_id = $2 AND idempotency_key = $3) AND NOT EXISTS (SELECT FROM placed)`,
};

/** Repeatable: the guard lets an order leave `pending` once. */
const settleOrder: Statement = {
  name: 'settle_order',
  summary: 'UPDATE orders',
  repeatable: true,
  text: `
    WITH settled AS (
      UPDATE orders
      SET status = $2, payment_id = $3, decline_code = $4, payment_token = NULL, updated_at = now()
      WHERE id = $1 AND status = 'pending'
      RETURNING id, status, payment_id, decline_code, updated_at
    )
    SELECT * FROM settled
    UNION ALL
    SELECT id, status, payment_id, decline_code, updated_at FROM orders
    WHERE id = $1 AND NOT EXISTS (SELECT FROM settled)`,
};

/** Repeatable: a second run counts one round too many, which only lengthens the next wait. */
const deferOrder: Statement = {
  name: 'defer_order',
  summary: 'UPDATE orders',
  repeatable: true,
  text: `
    WITH deferred AS (
      UPDATE orders
      SET charge_rounds = charge_rounds + 1, due_at = now() + $2 * interval '1 ms', updated_at = now()
      WHERE id = $1 AND status = 'pending'
      RETURNING id, status, payment_id, decline_code, updated_at
    )
    SELECT * FROM deferred
    UNION ALL
    SELECT id, status, payment_id, decline_code, updated_at FROM orders
    WHERE id = $1 AND NOT EXISTS (SELECT FROM deferred)`,
};

/** `total_minor` is at most 2^53 - 1, which a double holds exactly; pg would hand out a bigint as text. */
const orderColumns = `id, client_id, customer_id, currency, items, total_minor::float8 AS total_minor, status,
  payment_id, decline_code, created_at, updated_at`;

const findOrder: Statement = {
  name: 'find_order',
  summary: 'SELECT orders',
  repeatable: true,
  text: `SELECT ${orderColumns} FROM orders WHERE client_id = $1 AND id = $2`,
};

/** A statement for each combination of filters: one `OR $1 IS NULL` for all of them would defeat the indexes. */
function listOrders(conditions: readonly string[]): Statement {
  const filters = conditions.map((condition, index) => ` AND ${condition} $${index + 3}`).join('');
  return {
    name: `list_orders_${conditions.map(([initial]) => initial).join('')}`,
    summary: 'SELECT orders',
    repeatable: true,
    text: `SELECT ${orderColumns} FROM orders WHERE client_id = $1${filters} ORDER BY id DESC LIMIT $2`,
  };
}

interface PlaceRow {
  id: string;
  request_hash: Buffer;
  created_at: Date;
  in_flight: boolean;
}

interface StateRow {
  id: string;
  status: OrderStatus;
  payment_id: string | null;
  decline_code: string | null;
  updated_at: Date;
}

interface OrderRow extends StateRow {
  client_id: string;
  customer_id: string;
  currency: Currency;
  items: OrderItem[];
  total_minor: number;
  created_at: Date;
}

function toOrder(row: OrderRow): Order {
  return {
    id: row.id,
    clientId: row.client_id,
    customerId: row.customer_id,
    currency: row.currency,
    items: row.items,
    totalMinor: row.total_minor,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    ...stateOf(row),
  };
}

/** A CHECK constraint on the table promises the column that each state needs. */
function stateOf({ id, status, payment_id: paymentId, decline_code: declineCode }: StateRow): OrderState {
  if (status === 'paid' && paymentId !== null) return { status, paymentId };
  if (status === 'declined' && declineCode !== null) return { status, declineCode };
  if (status === 'pending' || status === 'cancelled') return { status };
  throw new Error(`order ${id} is ${status} without what belongs to that state`);
}
