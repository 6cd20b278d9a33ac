import type { TrafficResult } from './traffic.ts';

export interface TrafficHealth {
  add(result: { status?: TrafficResult['status'] | undefined }): void;
  /** The service has answered for the first time. */
  answered(): void;
  /** Why the traffic is of no use; `undefined` if it is. */
  fault(): string | undefined;
}

/** Failures in a row, none of which can be by intent: the usual mix has one request in a hundred that is refused. */
const mostFailures = 10;

/** Judges whether customers are served, which a process that only sends does not show. */
export function createTrafficHealth(): TrafficHealth {
  let waiting = true;
  let failures = 0;
  let last = '';
  return {
    add({ status }) {
      failures = failed(status) ? failures + 1 : 0;
      last = status === undefined ? 'no answer' : `an answer with ${status}`;
    },
    answered() {
      waiting = false;
    },
    fault() {
      if (waiting) return 'the service has not answered yet';
      return failures >= mostFailures
        ? `the last ${failures} requests failed, the last with ${last}`
        : undefined;
    },
  };
}

/** A wrong key or a limit serves no customer either. */
function failed(status: number | undefined): boolean {
  return status === undefined || status >= 500 || status === 401 || status === 403 || status === 429;
}
