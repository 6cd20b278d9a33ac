import { AsyncLocalStorage } from 'node:async_hooks';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Admission } from '../../admission/admission.ts';
import type { AdmissionEvents } from '../../admission/admission-events.ts';
import type { Shed, ShedReason } from '../../admission/concurrency-limiter.ts';
import { lowestPriority, type Priority } from '../../admission/priorities.ts';
import { problems, sendProblem } from '../problem-details.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the requests of a route are worth under overload, or how to tell. Default the lowest. */
    priority?: Priority | ((request: FastifyRequest) => Priority);
  }
  interface FastifyRequest {
    [place]?: Place;
  }
}

/** What an admitted request holds. */
interface Place {
  leave: () => void;
  /** Whether the handler has begun, which then goes on to its end, whether or not anybody waits for it. */
  atWork: boolean;
}

const place = Symbol('place among the requests at work');

/**
 * Lets the requests of a scope through admission control, before their bodies are read; to be called after everything
 * that may refuse a request for itself. Work whose client has gone meanwhile is not begun.
 */
export function admitRequests(scope: FastifyInstance, admission: Admission, events: AdmissionEvents): void {
  scope.addHook('onRequest', (request, reply, done) => {
    const { priority: configured = lowestPriority } = request.routeOptions.config;
    const priority = typeof configured === 'function' ? configured(request) : configured;
    const shed = (reason: ShedReason) => events.shed({ reason, priority });

    // A client can go while something before this waits.
    if (reply.raw.destroyed) {
      shed('client_gone');
      return;
    }
    const begin = (leave: () => void) => {
      const held: Place = { leave, atWork: false };
      request[place] = held;
      // A request whose connection closes before its handler begins is never heard of again.
      reply.raw.once('close', () => {
        if (!held.atWork) leave();
      });
      done();
    };
    const refuse = ({ reason, ownLimit }: Shed) => {
      shed(reason);
      if (ownLimit) answerTooLate(reply);
      else answerOverloaded(request, reply);
    };

    const entrance = admission.enter(
      priority,
      request.deadline.remaining(),
      // Decided while another request leaves, and yet a part of this one.
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
    const inContext = AsyncLocalStorage.snapshot();
    const gone = () => {
      entrance.abandon();
      inContext(shed, 'client_gone');
    };
    // Before it is told how the request ended.
    reply.raw.prependOnceListener('close', gone);
  });

  scope.addHook('preHandler', (request, _reply, done) => {
    const held = request[place];
    if (held) held.atWork = true;
    done();
  });
  scope.addHook('onSend', (request, _reply, _payload, done) => {
    request[place]?.leave();
    done();
  });
}

/** Seconds. Drawn from these, so that those who were refused together do not come back together. */
const soonest = 1;
const latest = 5;

const { status, title } = problems.overloaded;
const [beforeRequestId = '', afterRequestId = ''] = JSON.stringify({
  type: 'urn:problem:overloaded',
  title,
  status,
  detail: 'Nothing was done. Repeat the request after `retry-after` seconds, with the same idempotency key.',
  code: 'overloaded',
  requestId: '?',
})
  .slice(0, -1)
  .split('?');

/**
 * The same as every other problem, put together from what is known beforehand: under overload this is what is done
 * most. Both ids are of forms that need no escapes.
 */
function answerOverloaded(request: FastifyRequest, reply: FastifyReply): void {
  const { id, traceId } = request;
  const ids = traceId === undefined ? id + afterRequestId : `${id}${afterRequestId},"traceId":"${traceId}"`;
  void reply
    .code(status)
    .header('content-type', 'application/problem+json')
    .header('retry-after', soonest + Math.floor(Math.random() * (latest - soonest + 1)))
    .send(`${beforeRequestId}${ids}}`);
}

function answerTooLate(reply: FastifyReply): void {
  sendProblem(
    reply,
    problems.deadline_exceeded,
    'Nothing was done: the request had to wait for longer than that.',
  );
}
