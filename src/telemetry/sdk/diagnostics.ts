import type { DiagLogger } from '@opentelemetry/api';

/** Milliseconds between two reports: an outage of the receiver deserves one line, not one per second. */
const reportInterval = 60_000;

/**
 * What the SDK's host detector causes in every container: it promises a `host.id`, finds no `/etc/machine-id`, and the resource
 * complains about the missing value. Nothing is lost.
 */
const withoutMachineId = 'dropping invalid resource attribute value for key "host.id"';

/** Reports at most one message per interval; `telemetry_dropped_total` counts every loss. */
export function createDiagLogger(onFailure: (message: string) => void): DiagLogger {
  let quietUntil = 0;
  const report = (message: string) => {
    if (message === withoutMachineId || Date.now() < quietUntil) return;
    quietUntil = Date.now() + reportInterval;
    onFailure(`telemetry: ${message.slice(0, 300)}`);
  };
  return { error: report, warn: report, info: () => {}, debug: () => {}, verbose: () => {} };
}
