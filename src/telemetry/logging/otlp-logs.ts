import {
  type Attributes,
  type Context,
  type LogRecord,
  logs,
  ROOT_CONTEXT,
  SeverityNumber,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import type { DestinationStream } from 'pino';
import { identity } from '../../identity.ts';
import type { ErrorDescription } from './describe-error.ts';
import { currentRequestContext } from '../request-log.ts';
import { schemaUrl, serviceVersion } from '../version.ts';

type Line = Readonly<Record<string, Attributes[string]>>;

/**
 * Also passes every line to the OpenTelemetry SDK as a log record. The record is parsed from the finished line, so it
 * holds nothing that redaction removed.
 *
 * @returns the destination itself if the SDK exports no logs
 */
export function alsoSendOtlp(destination: DestinationStream & { flushSync?(): void }): DestinationStream {
  // The SDK is preloaded, so a provider that is not registered by now never will be.
  const records = logs.getLogger(identity.name, serviceVersion, { schemaUrl });
  if (!records.enabled()) return destination;
  return Object.assign(
    {
      write(line: string) {
        destination.write(line);
        records.emit(toRecord(JSON.parse(line) as Line));
      },
    },
    { flushSync: () => destination.flushSync?.() },
  );
}

const severities: Readonly<Record<string, SeverityNumber>> = {
  trace: SeverityNumber.TRACE,
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
  fatal: SeverityNumber.FATAL,
};

/** Characters per attribute. The SDK bounds their number. */
const longestValue = 4096;

/** Fields that have their own place in a log record or in its resource. */
const dedicatedFields: ReadonlySet<string> = new Set([
  'time',
  'level',
  'msg',
  'err',
  'service',
  'version',
  'trace_id',
  'span_id',
]);

/** @see https://opentelemetry.io/docs/specs/otel/logs/data-model/ */
function toRecord(line: Line): LogRecord {
  const { time, level, msg, err, event } = line;
  const severityText = String(level);
  return {
    timestamp: Date.parse(String(time)),
    severityText,
    severityNumber: severities[severityText] ?? SeverityNumber.UNSPECIFIED,
    body: msg,
    ...(typeof event === 'string' && { eventName: `${identity.namespace}.${event}` }),
    attributes: Object.assign(
      attributesOf(line),
      // `describeError` built it.
      err && attributesOfError(err as unknown as ErrorDescription),
    ),
    context: contextOf(line),
  };
}

function attributesOf(line: Line): Attributes {
  const attributes: Attributes = {};
  for (const [name, value] of Object.entries(line)) {
    if (dedicatedFields.has(name)) continue;
    attributes[name] = typeof value === 'string' ? value.slice(0, longestValue) : value;
  }
  return attributes;
}

/** @see https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-logs/ */
function attributesOfError({ type, code, message, stack, cause }: ErrorDescription): Attributes {
  return {
    'exception.type': type,
    'exception.message': message,
    ...(stack !== undefined && { 'exception.stacktrace': stack.slice(0, longestValue) }),
    ...(code !== undefined && { 'error.code': code }),
    ...(cause !== undefined && { 'error.cause': JSON.stringify(cause).slice(0, longestValue) }),
  };
}

/** The context of the ids in the line, so that line and record lead to the same span. */
function contextOf({ trace_id: traceId, span_id: spanId }: Line): Context {
  if (typeof traceId !== 'string' || typeof spanId !== 'string') return ROOT_CONTEXT;
  const traceFlags = currentRequestContext()?.trace?.traceFlags ?? TraceFlags.NONE;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags });
}
