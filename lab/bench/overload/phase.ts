/** Orders at one rate after the other. */
export interface Phase {
  /** Of the service. */
  url: string;
  steps: readonly Step[];
}

export interface Step {
  /** Requests a second. */
  rate: number;
  seconds: number;
}

/** What came of them, in no order. Milliseconds. */
export interface Answers {
  /** When each was due, from the start of the phase. */
  due: number[];
  /** How much later it was sent. */
  late: number[];
  /** From then to the end of its answer. */
  latencies: number[];
  statuses: number[];
  /** When those were due that could not be sent. */
  unsent: number[];
}

/** In the place of a status, where there was no answer. */
export const unanswered = { lost: 0, gaveUp: 1 };
