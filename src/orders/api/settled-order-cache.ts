import { type Static, Type } from 'typebox';
import { orAtDeadline } from '../../resilience/deadline.ts';
import { ServiceError } from '../../errors.ts';
import { identity } from '../../identity.ts';
import type { Redis } from '../../redis/redis.ts';
import { shapeOf } from '../../shapes.ts';
import { orderSchema } from './order-schema.ts';
import type { Settlement } from '../order-state.ts';
import type { ReadOrder } from './read-order.ts';

/** Change it together with the schema, so that copies in an earlier format are no longer found. */
const version = 'v2';

const settled = ['paid', 'declined', 'refused', 'cancelled'] as const satisfies ReadonlyArray<
  Settlement['status']
>;
const isSettledOrder = shapeOf(
  Type.Object(
    { ...orderSchema.properties, status: Type.Enum([...settled]) },
    { additionalProperties: false },
  ),
);

export interface SettledOrderCacheOptions {
  redis: Pick<Redis, 'get' | 'set' | 'delete'>;
  /** Milliseconds, varied by up to a tenth so that orders cached together do not expire together. */
  ttl: number;
  /** Called for every answered read; `error` if Redis did not answer. Reads that share a lookup share its result. */
  onRead(result: LookupResult): void;
}

type LookupResult = 'hit' | 'miss' | 'error';

interface Lookup {
  result: LookupResult;
  order: Awaited<ReturnType<ReadOrder>>;
}

/** Without its lookup once that has ended: a Map may keep entries long after it has lost them (`src/in-flight.ts` says why). */
interface InFlight {
  lookup: Promise<Lookup> | undefined;
}

/**
 * Caches settled orders in Redis: they never change, so a copy is never stale. Pending orders are always read from the
 * store. The key of a copy contains the client, and a value that does not parse as the order is deleted and counts as a
 * miss. So Redis can be flushed, lost or written to at any moment without changing a response.
 *
 * Concurrent reads of the same order share one lookup, but only if it finds the order settled. A pending or missing
 * order answers only the read that started the lookup: the others may have arrived after a change, so they read the
 * store themselves. They also do so if their own deadline comes first, or if that of the first read ends the lookup.
 */
export function cacheSettledOrders(
  read: ReadOrder,
  { redis, ttl, onRead }: SettledOrderCacheOptions,
): ReadOrder {
  const inFlight = new Map<string, InFlight>();

  async function lookUp(key: string, ...[clientId, id, deadline]: Parameters<ReadOrder>): Promise<Lookup> {
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
    const key = `${identity.name}:${version}:settled:${clientId}:${id}`;
    const running = inFlight.get(key)?.lookup;
    if (running === undefined) {
      const entry: InFlight = { lookup: undefined };
      const own = lookUp(key, clientId, id, deadline).finally(() => {
        entry.lookup = undefined;
        inFlight.delete(key);
      });
      entry.lookup = own;
      inFlight.set(key, entry);
      const { result, order } = await own;
      onRead(result);
      return order;
    }
    const shared = await orAtDeadline(deadline, running.catch(ignoreDeadline), () => undefined);
    onRead(shared?.result ?? 'miss');
    const order = shared?.order;
    return isSettled(order) ? order : read(clientId, id, deadline);
  };
}

/** The deadline of the first read does not concern the others. */
function ignoreDeadline(error: unknown): undefined {
  if (error instanceof ServiceError && error.code === 'deadline_exceeded') return undefined;
  throw error;
}

function isSettled(order: Lookup['order']): order is NonNullable<Lookup['order']> {
  return order !== undefined && order.status !== 'pending';
}

function parse(kept: string, id: string): Static<typeof orderSchema> | undefined {
  try {
    const value: unknown = JSON.parse(kept);
    return isSettledOrder(value) && value.id === id ? value : undefined;
  } catch {
    return undefined;
  }
}
