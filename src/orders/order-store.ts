import type { Database } from '../postgres/database.ts';
import type { HeldOrder, NewOrder, Order } from './order.ts';
import { type OrderRow, type StateRow, stateOf, toOrder } from './order-rows.ts';
import * as statements from './order-statements.ts';
import type { OrderStatus, Settlement } from './order-state.ts';

/** Orders in Postgres. Every method is one statement on its own; none leaves a transaction open. */
export interface OrderStore {
  /**
   * Stores a pending order and claims its idempotency key, or finds the order that has the key. Until `lease` ms
   * have passed, the order is in the hands of the caller. With `accept` false it only looks for the key.
   */
  place(order: NewOrder, options: { lease: number; accept: boolean }): Promise<PlaceResult>;
  /** Settles a pending order that is still in the hands of the caller. Says how it stands, in any case. */
  settle(held: HeldOrder, settlement: Settlement): Promise<Standing>;
  /** Lets go of an order that stays pending; a worker may take it after `wait` ms. Answers as `settle` does. */
  release(held: HeldOrder, wait: number): Promise<Standing>;
  /** Takes up to `limit` pending orders that are due, the longest due first. Callers at the same time get others. */
  takeDue(limit: number, lease: number): Promise<HeldOrder[]>;
  /** Takes an order of a client that is pending and in nobody's hands. */
  take(clientId: string, id: string, lease: number): Promise<HeldOrder | undefined>;
  find(clientId: string, id: string): Promise<Order | undefined>;
  /** Newest first. */
  list(clientId: string, query: ListQuery): Promise<Order[]>;
  /** Orders that their request left pending, counted up to `limit`, and when the oldest of them was placed. */
  backlog(limit: number): Promise<{ pending: number; oldest: Date | undefined }>;
}

export type PlaceResult =
  | { kind: 'placed'; held: HeldOrder }
  | {
      kind: 'existing';
      id: string;
      /** Whether the earlier request under this key asked for the same. */
      sameRequest: boolean;
      /** Whether the request that placed it may still be at work. */
      inFlight: boolean;
    }
  /** The key is new, and no order was to be accepted. */
  | { kind: 'not_accepted' };

/** How an order stands after an attempt to change it. */
export interface Standing {
  order: Order;
  /** Whether it was settled in the round of the caller. */
  settledHere: boolean;
}

export interface ListQuery {
  status?: OrderStatus | undefined;
  customerId?: string | undefined;
  /** Only orders placed before the one with this id. */
  before?: string | undefined;
  limit: number;
}

export function createOrderStore(database: Database): OrderStore {
  const store: OrderStore = {
    async place(order, options) {
      const { id, clientId, idempotencyKey, requestHash, totalMinor } = order;
      const { customerId, currency, items, paymentToken } = order.request;
      const [row] = await database.run<PlaceRow>(statements.placeOrder, [
        id,
        clientId,
        idempotencyKey ?? null,
        requestHash,
        customerId,
        currency,
        JSON.stringify(items),
        totalMinor,
        paymentToken,
        options.lease,
        options.accept,
      ]);
      if (row === undefined) {
        // The key was taken by a transaction that this statement's snapshot does not show yet: look again.
        return options.accept ? store.place(order, options) : { kind: 'not_accepted' };
      }
      if (row.id !== id) {
        const sameRequest = row.request_hash.equals(requestHash);
        return { kind: 'existing', id: row.id, sameRequest, inFlight: row.in_flight };
      }
      const createdAt = row.created_at;
      const details = {
        id,
        clientId,
        customerId,
        currency,
        items,
        totalMinor,
        createdAt,
        updatedAt: createdAt,
      };
      return {
        kind: 'placed',
        held: { order: { ...details, status: 'pending' }, paymentToken, age: 0, round: 1 },
      };
    },

    async settle(held, settlement) {
      const paymentId = settlement.status === 'paid' ? settlement.paymentId : null;
      const declineCode = settlement.status === 'declined' ? settlement.declineCode : null;
      const values = [held.order.id, held.round, settlement.status, paymentId, declineCode];
      const [row] = await database.run<StandingRow>(statements.settleOrder, values);
      // Somebody changed the row while this statement waited for it, and its snapshot is older: look again.
      if (row?.status === 'pending' && row.round === held.round) return store.settle(held, settlement);
      return standing(held, row);
    },

    async release(held, wait) {
      const [row] = await database.run<StandingRow>(statements.releaseOrder, [
        held.order.id,
        held.round,
        wait,
      ]);
      return standing(held, row);
    },

    async takeDue(limit, lease) {
      const rows = await database.run<HeldRow>(statements.takeDueOrders, [limit, lease]);
      return rows.map(toHeldOrder);
    },

    async take(clientId, id, lease) {
      const [row] = await database.run<HeldRow>(statements.takeOrder, [clientId, id, lease]);
      return row && toHeldOrder(row);
    },

    async find(clientId, id) {
      const [row] = await database.run<OrderRow>(statements.findOrder, [clientId, id]);
      return row && toOrder(row);
    },

    async list(clientId, { limit, status, customerId, before }) {
      const filters = (
        [
          { filter: 'status', value: status },
          { filter: 'customer_id', value: customerId },
          { filter: 'before', value: before },
        ] as const
      ).filter(({ value }) => value !== undefined);
      const rows = await database.run<OrderRow>(statements.listOrders(filters.map(({ filter }) => filter)), [
        clientId,
        limit,
        ...filters.map(({ value }) => value),
      ]);
      return rows.map(toOrder);
    },

    async backlog(limit) {
      const [row] = await database.run<{ pending: number; oldest: Date | null }>(statements.countBacklog, [
        limit,
      ]);
      return { pending: row?.pending ?? 0, oldest: row?.oldest ?? undefined };
    },
  };
  return store;
}

interface PlaceRow {
  id: string;
  request_hash: Buffer;
  created_at: Date;
  in_flight: boolean;
}

interface StandingRow extends StateRow {
  round: number;
}

function standing({ order, round }: HeldOrder, row: StandingRow | undefined): Standing {
  if (row === undefined) throw new Error(`order ${order.id} is gone`);
  return {
    order: { ...order, ...stateOf(row), updatedAt: row.updated_at },
    // Only the holder of a round can settle in it, so that this is true as well for a repeat after a lost answer.
    settledHere: row.status !== 'pending' && row.round === round,
  };
}

interface HeldRow extends OrderRow {
  payment_token: string;
  age: number;
  round: number;
}

function toHeldOrder(row: HeldRow): HeldOrder {
  return { order: toOrder(row), paymentToken: row.payment_token, age: row.age, round: row.round };
}
