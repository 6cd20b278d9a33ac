import type { FastifyRequest } from 'fastify';

/** How the simulator handled a request, in the names of its log fields. */
export interface HandledRequest {
  key: string;
  /** Number of the request among those with this key, counted from 1. */
  attempt?: number;
  outcome: string;
  /** The injected fault, or `none`. */
  fault: string;
  /** Status of the answer; null if there was none. */
  status: number | null;
}

/** Domain probe of the gateway's own API. */
export interface ChargeEvents {
  handled(request: FastifyRequest, operation: 'charge' | 'cancel', result: HandledRequest): void;
}
