import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Senders } from '../senders/senders.ts';
import { formatOfAnswer, refuse } from './answers.ts';

/** Longest part of an address that an answer repeats. */
const longestPath = 200;

export type RefuseLost = (request: FastifyRequest, reply: FastifyReply) => FastifyReply;

/** Answers telemetry at an address that takes none. Many senders do not say what they were answered, so it is counted as well. */
export function createRefusalOfLost(senders: Pick<Senders, 'refused'>): RefuseLost {
  return ({ method, url, headers }, reply) => {
    const path = url.replace(/\?.*$/s, '').slice(0, longestPath);
    const message = `Telemetry goes to /v1/traces, /v1/logs or /v1/metrics, not to ${path}. An endpoint of all signals ends before /v1.`;
    if (method === 'POST') senders.refused(headers['user-agent'] ?? '', 404, message);
    return refuse(reply, formatOfAnswer(headers['content-type'] ?? ''), 404, message);
  };
}
