import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import { type Answer, json, problem } from './answer.ts';
import type { Draw } from './faults.ts';

/**
 * Answers a request as its fault prescribes.
 *
 * @param carryOut makes the request take effect; called at most once
 * @returns the status that was sent, or null if the caller got no answer
 */
export async function answerUnderFault(
  reply: FastifyReply,
  { latencyMs, fault }: Draw,
  carryOut: () => Answer,
): Promise<number | null> {
  // A gateway does not notice that its caller has hung up: it carries out the request all the same. `ref: false`,
  // because pending requests must not keep the process of a closed simulator alive.
  if (latencyMs > 0) await sleep(latencyMs, undefined, { ref: false });

  switch (fault.kind) {
    case 'none':
    case 'decline':
      return send(reply, carryOut());
    case 'unauthorized':
      return send(reply, problem(401, 'unauthorized', 'These credentials are not valid.'));
    case 'rate_limit': {
      const headers = { 'retry-after': String(fault.retryAfterSeconds) };
      return send(reply, problem(429, 'rate_limited', 'Too many requests.', { headers }));
    }
    case 'refused':
      return send(reply, problem(422, fault.code, 'The gateway does not accept this charge.'));
    case 'error':
      return send(reply, problem(500, 'gateway_error', 'The gateway failed.'));
    case 'timeout':
      return silence(reply);
    case 'reset':
      if (fault.carriedOut) carryOut();
      silence(reply);
      reply.raw.socket?.resetAndDestroy();
      return null;
    case 'malformed':
      carryOut();
      return send(reply, json(200, fault.validJson ? { ok: true } : '{"id":"ch_'));
    case 'slow_success': {
      const answer = carryOut();
      await sleepWhileConnected(reply, fault.delayMs);
      return send(reply, answer);
    }
    default:
      return fault satisfies never;
  }
}

function send(reply: FastifyReply, { status, headers, body }: Answer): number | null {
  if (reply.raw.destroyed) return silence(reply);
  void reply.code(status).headers(headers).send(body);
  return status;
}

/** Leaves the connection open until the caller or the closing simulator ends it. */
function silence(reply: FastifyReply): null {
  reply.hijack();
  return null;
}

async function sleepWhileConnected(reply: FastifyReply, duration: number): Promise<void> {
  if (reply.raw.destroyed) return;
  const hungUp = new AbortController();
  reply.raw.once('close', () => hungUp.abort());
  try {
    await sleep(duration, undefined, { signal: hungUp.signal });
  } catch (error) {
    if (!hungUp.signal.aborted) throw error;
  }
}
