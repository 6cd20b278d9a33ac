import type { Values } from './api-types.ts';

/** The part of the API that is about senders of telemetry. Times are milliseconds since 1970. */

export interface SenderList {
  now: number;
  senders: Sender[];
  /** Requests that were refused as a whole, the newest first. */
  refusals: Array<{
    /** The `user-agent`; may be empty. */
    from: string;
    /** HTTP status of the answer. */
    status: number;
    reason: string;
    count: number;
    last: number;
  }>;
  /** Number of senders that were dropped, because there are too many. */
  forgotten: number;
}

/** A process that sends telemetry over OTLP. Texts that it does not send are empty. */
export interface Sender {
  id: string;
  service: string;
  version: string;
  instance: string;
  environment: string;
  /** Name, language and version of its SDK. */
  sdk: string;
  host: string;
  /** Everything that it says about itself. */
  attributes: Values;
  firstSeen: number;
  lastSeen: number;
  spans: Received;
  logs: Received;
  /** Points of metrics. */
  points: Received;
  /** Spans without valid ids, and points that cannot be read. */
  rejected: number;
  /** Attributes, events, links and labels that the limits of the sender or of the console cut off, and texts that the console shortened. */
  dropped: number;
}

/** Since the first one, and per second over the last minute. */
export interface Received {
  total: number;
  perSecond: number;
}
