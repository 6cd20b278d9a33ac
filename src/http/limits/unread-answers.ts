import type { FastifyInstance, FastifyRequest, onRequestHookHandler, onSendHookHandler } from 'fastify';
import { ServiceError } from '../../errors.ts';
import { clientAddress } from './client-address.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * The answers of the route can be larger than what the operating system takes at once. While a client leaves too
     * much of them unread, it gets no more of them, and each keeps its admission slot until it is taken.
     */
    largeAnswers?: true;
  }
}

/** Bytes of large answers that are made and not taken by the operating system yet. */
const mostUnread = {
  /** Of one client; of one address where no key is required. */
  perClient: 2_097_152,
  inAll: 16_777_216,
};

/** What a stream holds while its client does not read: one chunk in the file's buffer and one in the socket's. */
const heldByStream = 131_072;

export interface UnreadAnswers {
  /** Bounds the answers of every route that is added to the scope later. */
  bound(scope: FastifyInstance): void;
  /** The same for the routes that are marked with `largeAnswers`. */
  boundMarked(scope: FastifyInstance): void;
}

/**
 * Bounds the memory of large answers that clients do not read. Small ones need no bound of their own: a connection has one
 * answer at a time, and the operating system takes a small one whole.
 *
 * @param onRefused called for each refused request
 * @param onChange called with the bytes that are added to those unread, or, negative, taken from them
 */
export function boundUnreadAnswers(onRefused: () => void, onChange: (bytes: number) => void): UnreadAnswers {
  const unread = new Map<string, number>();
  let inAll = 0;

  function add(owner: string, bytes: number): void {
    const sum = (unread.get(owner) ?? 0) + bytes;
    if (sum > 0) unread.set(owner, sum);
    else unread.delete(owner);
    inAll += bytes;
    onChange(bytes);
  }

  const refuse: onRequestHookHandler = (request, _reply, done) => {
    const ofOwner = unread.get(ownerOf(request));
    // Clients that leave nothing unread do not pay for those that do.
    if (ofOwner === undefined || (ofOwner < mostUnread.perClient && inAll < mostUnread.inAll)) {
      done();
      return;
    }
    onRefused();
    done(
      new ServiceError(
        'rate_limited',
        'Too many bytes of earlier answers wait for you to read them. Read them, or close their connections, and try again.',
        { retryAfter: 1 },
      ),
    );
  };

  const count: onSendHookHandler = (request, reply, payload, done) => {
    if (!reply.raw.destroyed) {
      const owner = ownerOf(request);
      const bytes = bytesOf(payload);
      add(owner, bytes);
      reply.raw.once('close', () => add(owner, -bytes));
    }
    done();
  };

  return {
    bound(scope) {
      scope.addHook('onRequest', refuse);
      scope.addHook('onSend', count);
    },
    boundMarked(scope) {
      scope.addHook('onRoute', (route) => {
        // Fastify adds the HEAD route of a GET with the hooks that the GET already has.
        if (!route.config?.largeAnswers || [route.onSend].flat().includes(count)) return;
        route.onRequest = [route.onRequest ?? [], refuse].flat();
        route.onSend = [route.onSend ?? [], count].flat();
      });
    },
  };
}

/** A client id has no dots and no colons, so it cannot be an address. */
function ownerOf(request: FastifyRequest): string {
  return request.clientId || clientAddress(request);
}

function bytesOf(payload: unknown): number {
  return typeof payload === 'string' || payload instanceof Uint8Array
    ? Buffer.byteLength(payload)
    : heldByStream;
}
