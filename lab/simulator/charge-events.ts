import type { FastifyRequest } from 'fastify';

/** How the simulator dealt with a request, in the names of its log fields. */
export interface Dealing {
  key: string;
  /** Which request with this key it was, counted from 1. */
  attempt?: number;
  outcome: string;
  /** What was made to go wrong, `none` where nothing was. */
  fault: string;
  /** Of the answer; null where there was none. */
  status: number | null;
}

/** Told what happens at the gateway's own API. */
export interface ChargeEvents {
  dealtWith(request: FastifyRequest, operation: 'charge' | 'cancel', dealing: Dealing): void;
}
