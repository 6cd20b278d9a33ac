import {
  type Context,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  TraceFlags,
  type TraceState,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
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
  readonly #decidesAlone: boolean;

  /** @param decidesAlone whether the sampler ignores the decision of the caller */
  constructor({ decidesAlone }: { decidesAlone: boolean }) {
    this.#decidesAlone = decidesAlone;
  }

  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    this.#standard.inject(context, carrier, setter);
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    const extracted = this.#standard.extract(context, carrier, getter);
    const caller = extracted === context ? undefined : trace.getSpanContext(extracted);
    if (caller === undefined) return context;
    // The object is as new as the context that holds it.
    caller.traceFlags &= definedFlags;
    const state = parseTraceState(String(getter.get(carrier, 'tracestate') ?? ''));
    const kept = this.#decidesAlone ? withoutThreshold(state) : state;
    if (kept === undefined) delete caller.traceState;
    else caller.traceState = kept;
    return extracted;
  }

  fields(): string[] {
    return this.#standard.fields();
  }
}

/**
 * Removes the sampling threshold of the caller, from which receivers calculate how many traces one of them stands for. It
 * does not hold for the decision of another sampler.
 *
 * @see https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/
 */
function withoutThreshold(state: TraceState | undefined): TraceState | undefined {
  const sampling = state?.get('ot');
  if (state === undefined || sampling === undefined) return state;
  const rest = sampling
    .split(';')
    .filter((field) => !field.startsWith('th:'))
    .join(';');
  if (rest === sampling) return state;
  const kept = rest === '' ? state.unset('ot') : state.set('ot', rest);
  return kept.serialize() === '' ? undefined : kept;
}
