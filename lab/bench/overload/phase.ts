/** Messages between the benchmark and its load generator. */

/** Load at one rate after the other. */
export interface Phase {
  /** Base URL of the service. */
  url: string;
  steps: readonly Step[];
}

export interface Step {
  /** Requests a second. */
  rate: number;
  seconds: number;
}

/** The outcome of a phase, in no particular order and by column, which keeps the message small. Milliseconds. */
export interface Answers {
  /** When each request was due, from the start of the phase. */
  due: number[];
  /** Delay from then to the moment it was sent. */
  late: number[];
  /** Time from that moment to the end of the answer. */
  latencies: number[];
  /** HTTP status, or one of {@link unanswered}. */
  statuses: number[];
  /** When requests that could not be sent were due. */
  unsent: number[];
}

/** Stand in for the status of a request without an answer. */
export const unanswered = { lost: 0, gaveUp: 1 };
