import { Pool } from 'pg';
import { type Static, Type } from 'typebox';
import { request } from 'undici';
import { orderStatuses } from '../../../src/orders/order-state.ts';
import type { ListedOrder, OrderList } from '../domain-types.ts';
import { overHttp1 } from '../over-http1.ts';
import { untraced } from '../untraced.ts';

export const OrderQuery = Type.Object(
  {
    status: Type.Optional(Type.Enum([...orderStatuses])),
    client: Type.Optional(Type.String({ maxLength: 100 })),
    customer: Type.Optional(Type.String({ maxLength: 100 })),
    limit: Type.Integer({ minimum: 1, maximum: 50, default: 50 }),
  },
  { additionalProperties: false },
);
export type OrderQuery = Static<typeof OrderQuery>;

export interface OrderListTarget {
  apiUrl: string;
  apiKey: string;
  /** The service's database; without one, the orders come from its API. */
  databaseUrl?: string | undefined;
}

export interface OrderLists {
  newest(query: OrderQuery): Promise<OrderList>;
  close(): Promise<void>;
}

/** Milliseconds. */
const timeout = 2000;

/**
 * The newest orders. They are read from the database, because the API lists those of one client.
 *
 * @param target read at every list, because it may become known later
 */
export function createOrderLists(target: () => OrderListTarget | undefined): OrderLists {
  let pool: { url: string; sessions: Pool } | undefined;

  function poolOf(url: string): Pool {
    if (pool?.url !== url) {
      void pool?.sessions.end();
      pool = { url, sessions: connect(url) };
    }
    return pool.sessions;
  }

  return {
    async newest(query) {
      const at = target();
      if (at === undefined) return { source: 'api', orders: [], unavailable: 'No service is known yet.' };
      const { databaseUrl } = at;
      return databaseUrl === undefined ? fromApi(at, query) : fromDatabase(poolOf(databaseUrl), query);
    },
    async close() {
      await pool?.sessions.end();
    },
  };
}

function connect(url: string): Pool {
  const sessions = new Pool({
    connectionString: url,
    max: 1,
    connectionTimeoutMillis: timeout,
    query_timeout: timeout,
    statement_timeout: timeout,
    idleTimeoutMillis: 10_000,
    application_name: 'console',
    options: '-c default_transaction_read_only=on',
    allowExitOnIdle: true,
  });
  // The next list reports that the database is away.
  sessions.on('error', () => {});
  return sessions;
}

/** Filters look at so many orders, the newest: no index serves all clients, and a list must not load the database. */
const mostSearched = 10_000;

/**
 * Ids are UUIDv7, so the primary key has the newest orders. The backlog has an index of its own, and its oldest order may be
 * older than any that the primary key would reach.
 */
const newestOrders = `
  SELECT id, status, total_minor, currency, client_id, customer_id, created_at,
    coalesce(decline_code, refusal_code) AS reason,
    extract(epoch FROM clock_timestamp() - created_at)::float8 * 1000 AS age,
    extract(epoch FROM updated_at - created_at)::float8 * 1000 AS took
  FROM (
    (SELECT * FROM public.orders WHERE due_at IS NOT NULL ORDER BY id DESC LIMIT ${mostSearched})
    UNION ALL
    (SELECT * FROM (SELECT * FROM public.orders ORDER BY id DESC LIMIT ${mostSearched}) AS newest WHERE due_at IS NULL)
  ) AS recent
  WHERE ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR client_id = $2)
    AND ($3::text IS NULL OR customer_id = $3)
  ORDER BY status = 'pending' DESC, id DESC
  LIMIT $4`;

interface Row {
  id: string;
  status: string;
  total_minor: string;
  currency: string;
  client_id: string;
  customer_id: string;
  created_at: Date;
  reason: string | null;
  age: number;
  took: number;
}

async function fromDatabase(sessions: Pool, query: OrderQuery): Promise<OrderList> {
  const { status = null, client = null, customer = null, limit } = query;
  try {
    const { rows } = await sessions.query<Row>(newestOrders, [status, client, customer, limit]);
    return { source: 'database', orders: rows.map(fromRow) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { source: 'database', orders: [], unavailable: `The database does not list them: ${reason}` };
  }
}

function fromRow(row: Row): ListedOrder {
  return {
    id: row.id,
    status: row.status,
    totalMinor: Number(row.total_minor),
    currency: row.currency,
    client: row.client_id,
    customer: row.customer_id,
    createdAt: row.created_at.getTime(),
    age: Math.max(0, Math.round(row.age)),
    settledAfter: row.status === 'pending' ? null : Math.round(row.took),
    // A pending order may have been refused in an earlier round.
    reason: row.status === 'pending' ? null : row.reason,
  };
}

/** An order in the API's list. */
interface ApiOrder {
  id: string;
  status: string;
  customerId: string;
  currency: string;
  totalMinor: number;
  reason: string | null;
  createdAt: string;
  updatedAt: string;
}

async function fromApi({ apiUrl, apiKey }: OrderListTarget, query: OrderQuery): Promise<OrderList> {
  const unavailable = (reason: string): OrderList => ({ source: 'api', orders: [], unavailable: reason });
  if (query.client !== undefined)
    return unavailable('Only the database has the orders of other clients: set CONSOLE_DATABASE_URL.');
  const list = async (status: string | undefined): Promise<ApiOrder[]> => {
    const url = new URL('/orders', apiUrl);
    url.searchParams.set('limit', String(query.limit));
    if (status !== undefined) url.searchParams.set('status', status);
    if (query.customer !== undefined) url.searchParams.set('customerId', query.customer);
    const response = await request(url, {
      headers: { authorization: `Bearer ${apiKey}`, ...untraced() },
      dispatcher: overHttp1,
      signal: AbortSignal.timeout(timeout),
    });
    if (response.statusCode !== 200) {
      await response.body.dump();
      throw new TypeError(`The service answers ${response.statusCode}.`);
    }
    return ((await response.body.json()) as { orders: ApiOrder[] }).orders;
  };
  try {
    const lists =
      query.status === undefined
        ? await Promise.all([list('pending'), list(undefined)])
        : [await list(query.status), []];
    const [first = [], rest = []] = lists;
    const known = new Set(first.map(({ id }) => id));
    const orders = [...first, ...rest.filter(({ id }) => !known.has(id))].slice(0, query.limit);
    return { source: 'api', orders: orders.map(fromApiOrder) };
  } catch (error) {
    return unavailable(error instanceof TypeError ? error.message : 'The service does not answer.');
  }
}

function fromApiOrder({ createdAt, updatedAt, customerId, ...order }: ApiOrder): ListedOrder {
  const created = Date.parse(createdAt);
  return {
    id: order.id,
    status: order.status,
    totalMinor: order.totalMinor,
    currency: order.currency,
    client: null,
    customer: customerId,
    createdAt: created,
    age: Math.max(0, Date.now() - created),
    settledAfter: order.status === 'pending' ? null : Date.parse(updatedAt) - created,
    reason: order.reason,
  };
}
