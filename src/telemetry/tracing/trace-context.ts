import {
  type Context,
  type SpanContext,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { scrub } from '../../privacy/scrub.ts';
import { parseTraceState } from './trace-state.ts';

/**
 * The flag of a trace whose id is random. A service passes it on as it came, and sets it on the traces that it starts.
 *
 * @see https://www.w3.org/TR/trace-context-2/#random-trace-id-flag
 */
export const randomTraceId = 0x02;

/** The others are reserved, and must not be sent. */
const definedFlags = TraceFlags.SAMPLED | randomTraceId;

/** W3C Trace Context, Level 2. OpenTelemetry's propagator has Level 1, and reads a `tracestate` more loosely. */
export class TraceContextPropagator implements TextMapPropagator {
  readonly #standard = new W3CTraceContextPropagator();

  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    this.#standard.inject(context, carrier, setter);
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    const extracted = this.#standard.extract(context, carrier, getter);
    const caller = extracted === context ? undefined : trace.getSpanContext(extracted);
    if (caller === undefined) return context;
    // The object is as new as the context that holds it.
    caller.traceFlags &= definedFlags;
    readTraceState(caller, getter.get(carrier, 'tracestate'));
    return extracted;
  }

  fields(): string[] {
    return this.#standard.fields();
  }
}

/** A `tracestate` that holds a secret is dropped, because the service would pass it on and export it. */
function readTraceState(caller: SpanContext, header: string | string[] | undefined): void {
  if (header === undefined) return;
  const text = String(header);
  const state = scrub(text) === text ? parseTraceState(text) : undefined;
  if (state === undefined) delete caller.traceState;
  else caller.traceState = state;
}
