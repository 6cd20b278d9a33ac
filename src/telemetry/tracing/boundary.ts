import {
  type Context,
  propagation,
  type Span,
  type SpanContext,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  type TraceState,
  trace,
} from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator } from '@opentelemetry/core';
import { B3InjectEncoding, B3Propagator } from '@opentelemetry/propagator-b3';
import type { PropagatorName } from '../../config/sdk-variables.ts';
import type { PropagationConfig } from '../../config/telemetry-config.ts';
import { hostnameOf, hostsNamed } from '../../http/hardening/known-hosts.ts';
import { rememberLast } from './remember-last.ts';
import { TraceContextPropagator } from './trace-context.ts';

/** The boundary of the system that the service is part of, where a trace enters and leaves it. */
export interface Boundary {
  /** What the API of OpenTelemetry uses. It takes every callee for a third party, unless told otherwise. */
  propagator: TextMapPropagator;
  /** Tells where the request of a span goes. Call it before its headers are written. */
  sendsTo(span: Span, origin: string | URL): void;
  /** Keeps the propagator from reading these headers. */
  ignore(headers: object): void;
}

/**
 * Decides by _who is called_ what goes along: a host of the same system gets `tracestate` and `baggage` whole, whether the
 * trace is sampled or not. A third party gets the ids of the trace, and beyond these only what is listed, because clients
 * and other services put into `baggage` what they like.
 *
 * @see https://www.w3.org/TR/baggage/#privacy-considerations
 */
export function createBoundary({
  formats,
  decidesAlone,
  internalHosts,
  sharedKeys,
}: Omit<PropagationConfig, 'callers'>): Boundary {
  const all = new CompositePropagator({ propagators: formats.map((name) => makers[name](decidesAlone)) });
  const isNamed = hostsNamed(internalHosts);
  const isInternal = rememberLast(
    (origin) => URL.canParse(origin) && isNamed(hostnameOf(new URL(origin).host)),
  );
  const shared = new Set(sharedKeys);
  const internalCalls = new WeakSet<Span>();
  const ignored = new WeakSet<object>();

  return {
    propagator: {
      inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
        const span = trace.getSpan(context);
        const stays = span !== undefined && internalCalls.has(span);
        all.inject(stays ? context : withSharedOnly(context, span, shared), carrier, setter);
      },
      extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
        return ignored.has(carrier as object) ? context : all.extract(context, carrier, getter);
      },
      fields: () => all.fields(),
    },
    sendsTo(span, origin) {
      if (isInternal(String(origin))) internalCalls.add(span);
    },
    ignore: (headers) => void ignored.add(headers),
  };
}

const makers: Readonly<Record<PropagatorName, (decidesAlone: boolean) => TextMapPropagator>> = {
  tracecontext: (decidesAlone) => new TraceContextPropagator({ decidesAlone }),
  baggage: () => new W3CBaggagePropagator(),
  b3: () => new B3Propagator(),
  b3multi: () => new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER }),
};

/** The context without the members of baggage and tracestate that are not shared. Most requests have neither. */
function withSharedOnly(context: Context, span: Span | undefined, shared: ReadonlySet<string>): Context {
  const baggage = propagation.getBaggage(context);
  const caller = span?.spanContext();
  let reduced = context;
  if (caller?.traceState)
    reduced = trace.setSpanContext(reduced, stateReduced(caller, caller.traceState, shared));
  if (baggage === undefined) return reduced;
  const entries = baggage.getAllEntries().filter(([key]) => shared.has(key));
  return entries.length === 0
    ? propagation.deleteBaggage(reduced)
    : propagation.setBaggage(reduced, propagation.createBaggage(Object.fromEntries(entries)));
}

function stateReduced(
  { traceState: _dropped, ...rest }: SpanContext,
  state: TraceState,
  shared: ReadonlySet<string>,
): SpanContext {
  const kept = state
    .serialize()
    .split(',')
    .map((member) => member.split('=', 1)[0] ?? '')
    .filter((key) => !shared.has(key))
    .reduce((left, key) => left.unset(key), state);
  return kept.serialize() === '' ? rest : { ...rest, traceState: kept };
}
