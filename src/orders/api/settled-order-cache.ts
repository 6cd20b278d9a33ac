import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { orAtDeadline } from '../../resilience/deadline.ts';
import { ServiceError } from '../../errors.ts';
import type { Redis } from '../../redis/redis.ts';
import { orderSchema } from './order-schema.ts';
import type { Settlement } from '../order-state.ts';
import type { ReadOrder } from './read-order.ts';

/** Change it with the schema: what earlier versions kept is then not found. */
const version = 'v1';

const settled = ['paid', 'declined', 'cancelled'] as const satisfies ReadonlyArray<Settlement['status']>;
const settledOrder = Compile(
  Type.Object(
    { ...orderSchema.properties, status: Type.Enum([...settled]) },
    { additionalProperties: false },
  ),
);

export interface SettledOrderCacheOptions {
  redis: Pick<Redis, 'get' | 'set' | 'delete'>;
  /** Milliseconds. A tenth more or less, so that orders read together are not looked up again together. */
  ttl: number;
  /** Told of every answered read: what Redis had, `error` where it said nothing. Reads that share a look share its result. */
  onRead(result: LookResult): void;
}

type LookResult = 'hit' | 'miss' | 'error';

interface Look {
  result: LookResult;
  order: Awaited<ReturnType<ReadOrder>>;
}

/**
 * Keeps settled orders in Redis: they never change, so a copy is never out of date. A pending order is always read from
 * where it is. The copy belongs to the client in its key, and whatever else is found under the key is removed and counts
 * as not found; so Redis may be emptied, lost or written to at any moment and no answer changes.
 *
 * Reads of the same order at the same time share one look. What it finds pending, or not at all, is true for the read
 * that began it alone: the others may have come after a change, and look for themselves. So do those whose deadline is
 * another one than that of the first.
 */
export function cacheSettledOrders(
  read: ReadOrder,
  { redis, ttl, onRead }: SettledOrderCacheOptions,
): ReadOrder {
  const underWay = new Map<string, Promise<Look>>();

  async function look(key: string, ...[clientId, id, deadline]: Parameters<ReadOrder>): Promise<Look> {
    const kept = await redis.get(key);
    if (typeof kept === 'string') {
      const order = parse(kept, id);
      if (order !== undefined) return { result: 'hit', order };
      void redis.delete(key);
    }
    const order = await read(clientId, id, deadline);
    if (isSettled(order)) void redis.set(key, JSON.stringify(order), ttl * (0.9 + 0.2 * Math.random()));
    return { result: kept === undefined ? 'error' : 'miss', order };
  }

  return async (clientId, anyCase, deadline) => {
    const id = anyCase.toLowerCase();
    const key = `orders:${version}:settled:${clientId}:${id}`;
    const others = underWay.get(key);
    if (others === undefined) {
      const own = look(key, clientId, id, deadline).finally(() => underWay.delete(key));
      underWay.set(key, own);
      const { result, order } = await own;
      onRead(result);
      return order;
    }
    const shared = await orAtDeadline(deadline, others.catch(ignoreDeadline), () => undefined);
    onRead(shared?.result ?? 'miss');
    return isSettled(shared?.order) ? shared?.order : read(clientId, id, deadline);
  };
}

/** It was that of the first. */
function ignoreDeadline(error: unknown): undefined {
  if (error instanceof ServiceError && error.code === 'deadline_exceeded') return undefined;
  throw error;
}

function isSettled(order: Static<typeof orderSchema> | undefined): boolean {
  return order !== undefined && order.status !== 'pending';
}

function parse(kept: string, id: string): Static<typeof orderSchema> | undefined {
  try {
    const value: unknown = JSON.parse(kept);
    return settledOrder.Check(value) && value.id === id ? value : undefined;
  } catch {
    return undefined;
  }
}
