import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Admission } from '../../admission/admission.ts';
import type { AdmissionEvents } from '../../admission/admission-events.ts';
import type { Shed, ShedReason } from '../../admission/concurrency-limiter.ts';
import { lowestPriority, type Priority } from '../../admission/priorities.ts';
import { currentContext } from '../../async-context.ts';
import { problems, sendProblem } from '../problem-details.ts';
import { afterRequestId, beforeRequestId, retryAfter, status } from './overloaded.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The priority of the route's requests under overload, or how to derive it. Default the lowest. */
    priority?: Priority | ((request: FastifyRequest) => Priority);
    /**
     * Beside a function: the highest priority that a request with these headers can have, whoever sends it. With it, the
     * route's requests can be refused before their client is known.
     */
    highestPriority?: (headers: IncomingHttpHeaders) => Priority;
  }
  interface FastifyRequest {
    [slot]?: Slot;
  }
}

/** One of the concurrency limiter's slots, held by an admitted request. */
interface Slot {
  leave: () => void;
  /** Whether the handler has started. It then runs to its end, even when the client has gone. */
  started: boolean;
  /** Whether the slot is kept until the operating system has taken the answer. */
  untilTaken: boolean;
}

const slot = Symbol('slot of an admitted request');

/**
 * Passes the requests of a scope through admission control before their bodies are read. Register it after every hook
 * that may refuse a request on its own grounds. A request whose client has gone meanwhile is not started.
 */
export function admitRequests(scope: FastifyInstance, admission: Admission, events: AdmissionEvents): void {
  scope.addHook('onRequest', (request, reply, done) => {
    const { priority: configured = lowestPriority, largeAnswers = false } = request.routeOptions.config;
    const priority = typeof configured === 'function' ? configured(request) : configured;
    const shed = (reason: ShedReason) => events.shed({ reason, priority });

    // The client may have gone while an earlier hook was waiting.
    if (reply.raw.destroyed) {
      shed('client_gone');
      return;
    }
    const begin = (leave: () => void) => {
      const held: Slot = { leave, started: false, untilTaken: largeAnswers };
      request[slot] = held;
      // No further hook runs for a request whose connection closes before its handler starts.
      reply.raw.once('close', () => {
        if (!held.started) leave();
      });
      done();
    };
    const refuse = ({ reason, ownLimit }: Shed) => {
      shed(reason);
      if (ownLimit) answerDeadlineExceeded(reply);
      else answerOverloaded(request, reply);
    };

    const entrance = admission.enter(
      priority,
      request.deadline.remaining(),
      // Called in the async context of the request that leaves, so this one's context has to be restored.
      (decision) => {
        inContext(() => {
          reply.raw.off('close', gone);
          if (decision.kind === 'admitted') begin(decision.leave);
          else refuse(decision);
        });
      },
    );
    if (entrance.kind === 'admitted') {
      begin(entrance.leave);
      return;
    }
    if (entrance.kind === 'shed') {
      refuse(entrance);
      return;
    }
    const inContext = currentContext();
    const gone = () => {
      entrance.abandon();
      inContext(() => shed('client_gone'));
    };
    // First in line, so that the request log names the reason before another listener ends it.
    reply.raw.prependOnceListener('close', gone);
  });

  scope.addHook('preHandler', (request, _reply, done) => {
    const held = request[slot];
    if (held) held.started = true;
    done();
  });
  scope.addHook('onSend', (request, reply, _payload, done) => {
    const held = request[slot];
    if (held !== undefined) {
      if (held.untilTaken && !reply.raw.destroyed) leaveWhenTaken(reply, held);
      else held.leave();
    }
    done();
  });
}

/** Milliseconds. After it, a client that does not read holds memory, which unread-answers.ts bounds, and no slot. */
const longestTaking = 1000;

/** Keeps the slot until the operating system has taken the answer: until then it is memory of this process. */
function leaveWhenTaken({ raw }: FastifyReply, { leave }: Slot): void {
  const overdue = setTimeout(leave, longestTaking).unref();
  raw.once('close', () => {
    clearTimeout(overdue);
    leave();
  });
}

/**
 * Sends the same body as `sendProblem`, assembled from constant parts, because under overload this is the most frequent
 * response. Both ids have forms that need no JSON escapes.
 */
function answerOverloaded(request: FastifyRequest, reply: FastifyReply): void {
  const { id, traceId } = request;
  const ids = traceId === undefined ? id + afterRequestId : `${id}${afterRequestId},"traceId":"${traceId}"`;
  void reply
    .code(status)
    .header('content-type', 'application/problem+json')
    .header('retry-after', retryAfter())
    .send(`${beforeRequestId}${ids}}`);
}

function answerDeadlineExceeded(reply: FastifyReply): void {
  sendProblem(
    reply,
    problems.deadline_exceeded,
    'Nothing was done: the request had to wait for longer than `x-request-timeout-ms` allows. Allow more time, or try again later.',
  );
}
