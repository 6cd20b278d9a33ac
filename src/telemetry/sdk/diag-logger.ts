import { inspect } from 'node:util';
import type { DiagLogger } from '@opentelemetry/api';
import { outsideRequests } from '../../async-context.ts';
import { scrub } from '../../privacy/scrub.ts';

/** Milliseconds between two reports: an outage of the receiver deserves one line, not one per second. */
const reportInterval = 60_000;
/** Characters. A receiver may answer anything. */
const longestReport = 500;

/**
 * What the SDK's host detector causes in every container: it promises a `host.id`, finds no `/etc/machine-id`, and the resource
 * complains about the missing value. Nothing is lost.
 */
const withoutMachineId = 'dropping invalid resource attribute value for key "host.id"';

/**
 * Reports at most one message of OpenTelemetry per interval; `telemetry_dropped_total` counts every loss.
 *
 * @param onFailure called with one sentence, in no request: an export may run in the context of one
 */
export function createDiagLogger(onFailure: (message: string) => void): DiagLogger {
  let quietUntil = 0;
  const report = (...parts: unknown[]) => {
    if (parts[0] === withoutMachineId || Date.now() < quietUntil) return;
    quietUntil = Date.now() + reportInterval;
    const text = `telemetry: ${parts.map(textOf).join(' ')}`;
    // Scrubs before it cuts: half a card number would not match.
    const clean = scrub(text.slice(0, 2 * longestReport)).slice(0, longestReport);
    outsideRequests(() => onFailure(clean));
  };
  return { error: report, warn: report, info: () => {}, debug: () => {}, verbose: () => {} };
}

/** The parts of a message of the SDK: its component, a text, and often an error or an answer. */
function textOf(part: unknown): string {
  if (typeof part === 'string') return part;
  if (part instanceof Error) return `${part.name}: ${part.message}`;
  return inspect(part, { breakLength: Infinity, depth: 3 });
}
