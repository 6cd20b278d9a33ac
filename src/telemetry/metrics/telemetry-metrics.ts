import type { Counter } from './counter.ts';
import type { Instruments, Metric } from './instruments.ts';

/** Telemetry about telemetry: the log lines written, and whatever was recorded and lost. */
export interface TelemetryMetrics {
  logged(level: string): void;
  logsDropped(reason: 'overflow' | 'failed', lines: number): void;
}

/** Losses since the start of the process, by signal and reason. */
export type DroppedTelemetry = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** @param dropped read at every scrape, for the losses that are counted elsewhere */
export function createTelemetryMetrics(make: Instruments, dropped: () => DroppedTelemetry): TelemetryMetrics {
  const telemetryDropped = make.counter({
    name: 'telemetry_dropped_total',
    help: 'Telemetry that was made and is missing: log lines, spans, values of metrics.',
    labels: ['signal', 'reason'],
    collect: addIncreases(dropped),
  });
  const logMessages = make.counter({
    name: 'log_messages_total',
    help: 'Log lines written. An error line means that a person must look.',
    labels: ['level'],
  });

  // An alert compares with the value before the first event, so the series exist from the start.
  for (const level of ['info', 'warn', 'error']) logMessages.child(level);
  for (const reason of ['overflow', 'failed']) telemetryDropped.child('logs', reason);
  for (const signal of ['traces', 'logs'])
    for (const reason of ['queue_full', 'export_failed', 'rejected']) telemetryDropped.child(signal, reason);
  for (const reason of ['cardinality', 'label', 'value', 'collect'])
    telemetryDropped.child('metrics', reason);

  return {
    logged: (level) => logMessages.child(level).increment(),
    logsDropped: (reason, lines) => telemetryDropped.child('logs', reason).increment(lines),
  };
}

/** Adds what each total has grown by since the last scrape. */
function addIncreases(
  dropped: () => DroppedTelemetry,
): (counter: Metric<['signal', 'reason'], Counter>) => void {
  const reported = new Map<string, number>();
  return (counter) => {
    for (const [signal, reasons] of Object.entries(dropped())) {
      for (const [reason, total] of Object.entries(reasons)) {
        const series = `${signal} ${reason}`;
        counter.child(signal, reason).increment(total - (reported.get(series) ?? 0));
        reported.set(series, total);
      }
    }
  };
}
