import type { Deadline } from '../resilience/deadline.ts';
import type { Database } from '../postgres/database.ts';
import { lookUp } from '../postgres/look-up.ts';
import { type RowWriter, writeAlone, writeTogether } from '../postgres/row-writer.ts';
import type { LeasedOrder, NewOrder, Order } from './order.ts';
import {
  type BigintText,
  integerOf,
  type OrderRow,
  type StateRow,
  stateOf,
  timeOf,
  toOrder,
} from './order-rows.ts';
import { outcomeRows, type PlacedOrder, placedRows, type RecordedOutcome } from './order-writes.ts';
import * as statements from './order-statements.ts';
import { type DueOrders, taking } from './due-orders.ts';
import type { OrderStatus, Settlement } from './order-state.ts';
import { noHistory, type RoundHistory } from './round-history.ts';

export interface BacklogCount {
  pending: number;
  /** The same, by client. */
  byClient: ReadonlyMap<string, number>;
  /** Age of the oldest, in milliseconds by the database's clock: the clock of this process may be wrong. */
  age: number | undefined;
}

/**
 * Orders in Postgres. Every method is one statement, and none leaves a transaction open. If the deadline comes first, a
 * method throws `deadline_exceeded` and has changed nothing. Default: no deadline.
 */
export interface OrderStore {
  /**
   * Stores a pending order and claims its idempotency key, or finds the order that has the key. The order is leased to
   * the caller for `lease` ms. With `accept` false it only looks up the key.
   */
  place(
    order: NewOrder,
    options: { lease: number; accept: boolean; deadline?: Deadline },
  ): Promise<PlaceResult>;
  /** Settles a pending order if the caller still holds its lease. Returns the current state in any case. */
  settle(leased: LeasedOrder, settlement: Settlement): Promise<CurrentState>;
  /**
   * Ends the lease of an order that stays pending; a worker may take it after `wait` ms. Returns what `settle` returns.
   *
   * @param history with what this round has shown; default: nothing new
   */
  release(leased: LeasedOrder, wait: number, history?: RoundHistory): Promise<CurrentState>;
  /** Leases up to `limit` due orders. Concurrent callers get different orders. */
  takeDue(which: DueOrders, limit: number, lease: number): Promise<LeasedOrder[]>;
  /** Leases an order of the client that is pending and has no holder. From then on it is only cancelled. */
  takeToCancel(
    clientId: string,
    id: string,
    lease: number,
    deadline?: Deadline,
  ): Promise<LeasedOrder | undefined>;
  find(clientId: string, id: string, deadline?: Deadline): Promise<Order | undefined>;
  /** Newest first, by the database's clock. */
  list(clientId: string, query: ListQuery, deadline?: Deadline): Promise<ListedOrder[]>;
  /** Counts orders that their request left pending. */
  backlog(): Promise<BacklogCount>;
}

export type PlaceResult =
  | { kind: 'placed'; leased: LeasedOrder }
  | {
      kind: 'existing';
      id: string;
      /** Whether the earlier request under this key asked for the same. */
      sameRequest: boolean;
      /** Whether the request that placed it may still be in flight. */
      inFlight: boolean;
    }
  /** The key is new, and `accept` was false. */
  | { kind: 'not_accepted' };

/** The state of an order after an attempt to change it. */
export interface CurrentState {
  order: Order;
  /** Whether it was settled under the caller's fencing token. */
  settledHere: boolean;
}

export interface ListQuery {
  status?: OrderStatus | undefined;
  customerId?: string | undefined;
  /** Only orders further down than this position. */
  before?: ListPosition | undefined;
  limit: number;
}

/** The position of an order in lists, which never changes. */
export interface ListPosition {
  /** When the order was stored, in microseconds since 1970 by the database's clock. */
  time: number;
  /** Orders of one statement have one time. */
  id: string;
}

export interface ListedOrder {
  order: Order;
  position: ListPosition;
}

/** How the store writes: new orders, and what has become of them. */
export interface OrderWrites {
  place: RowWriter<PlacedOrder, { created_at: BigintText }>;
  record: RowWriter<RecordedOutcome, { updated_at: BigintText }>;
}

/** Every write is a statement of its own. */
export function separateWrites(database: Pick<Database, 'run'>): OrderWrites {
  return { place: writeAlone(database, placedRows), record: writeAlone(database, outcomeRows) };
}

/**
 * Writes of orders that arrive together share a statement.
 *
 * @param onSent called with the name and the number of rows of each
 */
export function sharedWrites(
  database: Database,
  onSent: (statement: string, rows: number) => void,
): OrderWrites {
  return {
    place: writeTogether(database, placedRows, (rows) => onSent(placedRows.together.name, rows)),
    record: writeTogether(database, outcomeRows, (rows) => onSent(outcomeRows.together.name, rows)),
  };
}

export function createOrderStore(
  database: Pick<Database, 'run'>,
  writes: OrderWrites = separateWrites(database),
): OrderStore {
  /** Reads an order that could not be changed: it is already settled, or leased to another holder. */
  async function readState({ order, fencingToken }: LeasedOrder): Promise<CurrentState> {
    const [row] = await database.run<CurrentStateRow>(statements.findCurrentState, [order.id]);
    if (row === undefined) throw new Error(`order ${order.id} is gone`);
    return {
      order: { ...order, ...stateOf(row), updatedAt: timeOf(row.updated_at) },
      // Only the holder of this token can settle with it, so this repeats a write whose answer was lost.
      settledHere: row.status !== 'pending' && row.round === fencingToken,
    };
  }

  /** Finds what a new order conflicts with: another one with its key, or itself, stored by an attempt in doubt. */
  async function findConflicting(
    { id, clientId, idempotencyKey }: NewOrder,
    { accept, deadline }: { accept: boolean; deadline: Deadline | undefined },
  ): Promise<KeyRow[]> {
    const find = () =>
      database.run<KeyRow>(statements.findByKey, [id, clientId, idempotencyKey ?? null], deadline);
    // Only a conflict with another order means that nothing was stored, and it is not known which conflict this is.
    return accept ? lookUp(find) : find();
  }

  return {
    async place(order, { lease, accept, deadline }) {
      const { id, requestHash, clientId, formerKey } = order;
      // Only a key in quotes has a former name, so only such a key costs this statement.
      const [former] =
        formerKey === undefined
          ? []
          : await database.run<KeyRow>(statements.findByKey, [id, clientId, formerKey], deadline);
      if (former !== undefined) return existing(former, requestHash);
      const row = accept ? await writes.place.write({ order, lease }, deadline) : undefined;
      if (row) return { kind: 'placed', leased: newlyLeased(order, timeOf(row.created_at)) };

      const [conflicting] = await findConflicting(order, { accept, deadline });
      if (conflicting === undefined) {
        if (!accept) return { kind: 'not_accepted' };
        throw new Error(`order ${id} conflicts with an order that does not exist`);
      }
      // The answer of an earlier attempt was lost, and that attempt stored the order.
      if (conflicting.id === id)
        return { kind: 'placed', leased: newlyLeased(order, timeOf(conflicting.created_at)) };
      return existing(conflicting, requestHash);
    },

    async settle(leased, settlement) {
      const row = await writes.record.write({ leased, settlement });
      if (row === undefined) return readState(leased);
      return {
        order: { ...leased.order, ...settlement, updatedAt: timeOf(row.updated_at) },
        settledHere: true,
      };
    },

    async release(leased, wait, history = leased.history) {
      const row = await writes.record.write({ leased, wait, history });
      if (row === undefined) return readState(leased);
      return { order: { ...leased.order, updatedAt: timeOf(row.updated_at) }, settledHere: false };
    },

    async takeDue(which, limit, lease) {
      const { statement, values } = taking[which];
      const rows = await database.run<LeasedRow>(statement, [limit, lease, ...values]);
      return rows.map(toLeasedOrder);
    },

    async takeToCancel(clientId, id, lease, deadline) {
      const [row] = await database.run<LeasedRow>(
        statements.takeOrderToCancel,
        [clientId, id, lease],
        deadline,
      );
      return row && toLeasedOrder(row);
    },

    async find(clientId, id, deadline) {
      const [row] = await database.run<OrderRow>(statements.findOrder, [clientId, id], deadline);
      return row && toOrder(row);
    },

    async list(clientId, { limit, status, customerId, before }, deadline) {
      const filters = (
        [
          { filter: 'status', values: [status] },
          { filter: 'customer_id', values: [customerId] },
          { filter: 'before', values: [before?.time, before?.id] },
        ] as const
      ).filter(({ values: [value] }) => value !== undefined);
      const rows = await database.run<OrderRow & { created_micros: BigintText }>(
        statements.listOrders(filters.map(({ filter }) => filter)),
        [clientId, limit, ...filters.flatMap(({ values }) => values)],
        deadline,
      );
      return rows.map((row) => ({
        order: toOrder(row),
        position: { time: integerOf(row.created_micros), id: row.id },
      }));
    },

    async backlog() {
      const rows = await database.run<BacklogRow>(statements.countBacklog, []);
      const ages = rows.map(({ age }) => integerOf(age));
      return {
        pending: rows.reduce((sum, { pending }) => sum + pending, 0),
        byClient: new Map(rows.map(({ client_id, pending }) => [client_id, pending])),
        age: ages.length === 0 ? undefined : Math.max(...ages),
      };
    },
  };
}

interface BacklogRow {
  client_id: string;
  pending: number;
  age: BigintText;
}

interface KeyRow {
  id: string;
  /** In hexadecimal digits. */
  request_hash: string;
  created_at: BigintText;
  in_flight: boolean;
}

function existing({ id, request_hash, in_flight }: KeyRow, requestHash: string): PlaceResult {
  const sameRequest = request_hash === requestHash;
  return { kind: 'existing', id, sameRequest, inFlight: in_flight };
}

function newlyLeased(
  { id, clientId, request, totalMinor, traceparent }: NewOrder,
  createdAt: Date,
): LeasedOrder {
  const { customerId, currency, items, paymentToken } = request;
  const order: Order = {
    id,
    clientId,
    customerId,
    currency,
    items,
    totalMinor,
    status: 'pending',
    createdAt,
    updatedAt: createdAt,
  };
  return { order, paymentToken, age: 0, cancelling: false, history: noHistory, fencingToken: 1, traceparent };
}

interface CurrentStateRow extends StateRow {
  round: number;
}

interface LeasedRow extends OrderRow {
  payment_token: string;
  age: BigintText;
  cancelling: boolean;
  traceparent: string | null;
  round: number;
  refusals: number;
  unanswered: number;
}

function toLeasedOrder(row: LeasedRow): LeasedOrder {
  return {
    order: toOrder(row),
    paymentToken: row.payment_token,
    age: integerOf(row.age),
    cancelling: row.cancelling,
    history: {
      refusals: row.refusals,
      refusalCode: row.refusal_code ?? undefined,
      unanswered: row.unanswered,
    },
    fencingToken: row.round,
    traceparent: row.traceparent ?? undefined,
  };
}
