import {
  type AttributeValue,
  type Attributes,
  type Exception,
  type HrTime,
  type Link,
  type Span,
  type SpanContext,
  type SpanKind,
  type SpanStatus,
  SpanStatusCode,
} from '@opentelemetry/api';
import { RandomIdGenerator, type TimedEvent } from '@opentelemetry/sdk-trace';
import { type ConstantAttributes, noAttributes } from '../otlp/constant-attributes.ts';
import type { EndedSpan } from '../otlp/otlp-spans.ts';
import { preciseTime } from './precise-time.ts';

/** What a span has in common with those above it. */
export type Origin = Pick<EndedSpan, 'resource' | 'instrumentationScope'>;

/** What the SDK has decided about a span before it is told anything. */
export type Decided = Origin & Pick<EndedSpan, 'parentSpanContext' | 'attributes' | 'links' | 'spanContext'>;

export interface About {
  name: string;
  kind: SpanKind;
  constant?: ConstantAttributes;
}

/** Takes a span when it has ended. */
export type Recorder = (span: RecordedSpan) => void;

const ids = new RandomIdGenerator();

/** Most spans have no events, no links and no status. */
const none: never[] = [];
const unset: SpanStatus = { code: SpanStatusCode.UNSET };

/**
 * A span as it is told, without the SDK's checks of values, which have types here, and without its limits. Whether
 * there is one at all the SDK decides where a trace begins: by its sampler, with its ids.
 */
export class RecordedSpan implements Span, EndedSpan {
  readonly resource: EndedSpan['resource'];
  readonly instrumentationScope: EndedSpan['instrumentationScope'];
  readonly parentSpanContext: SpanContext | undefined;
  readonly kind: SpanKind;
  constant: ConstantAttributes;
  attributes: Attributes = {};
  readonly startTime: HrTime = preciseTime();
  readonly droppedAttributesCount = 0;
  readonly droppedEventsCount = 0;
  readonly droppedLinksCount = 0;
  name: string;
  endTime: HrTime = this.startTime;
  events: TimedEvent[] = none;
  links: Link[] = none;
  status: SpanStatus = unset;
  #context: SpanContext;
  #ended = false;
  #record: Recorder;

  private constructor(
    { name, kind, constant = noAttributes }: About,
    { resource, instrumentationScope }: Origin,
    parent: SpanContext | undefined,
    own: SpanContext,
    record: Recorder,
  ) {
    this.name = name;
    this.kind = kind;
    this.constant = constant;
    this.resource = resource;
    this.instrumentationScope = instrumentationScope;
    this.parentSpanContext = parent;
    this.#context = own;
    this.#record = record;
  }

  /** In the place of a span that the SDK has started and nobody has told anything yet; that one is never ended. */
  static inPlaceOf(decided: Decided, about: About, record: Recorder): RecordedSpan {
    const span = new RecordedSpan(about, decided, decided.parentSpanContext, decided.spanContext(), record);
    span.setAttributes(decided.attributes);
    if (decided.links.length > 0) span.addLinks(decided.links);
    return span;
  }

  /** What is below has nothing left to decide. */
  static below(parent: Span & Origin, about: About, record: Recorder): RecordedSpan {
    const above = parent.spanContext();
    const own = {
      traceId: above.traceId,
      spanId: ids.generateSpanId(),
      traceFlags: above.traceFlags,
      ...(above.traceState && { traceState: above.traceState }),
    };
    return new RecordedSpan(about, parent, above, own, record);
  }

  spanContext(): SpanContext {
    return this.#context;
  }

  setAttribute(key: string, value: AttributeValue): this {
    if (this.#ended || value === undefined) return this;
    // What is encoded already cannot be changed any more.
    if (key in this.constant.attributes) {
      this.attributes = { ...this.constant.attributes, ...this.attributes };
      this.constant = noAttributes;
    }
    this.attributes[key] = value;
    return this;
  }

  setAttributes(attributes: Attributes): this {
    for (const [key, value] of Object.entries(attributes)) this.setAttribute(key, value);
    return this;
  }

  addEvent(name: string, attributes: Attributes = {}): this {
    if (this.#ended) return this;
    if (this.events === none) this.events = [];
    this.events.push({ name, time: preciseTime(), attributes });
    return this;
  }

  addLink(link: Link): this {
    if (this.#ended) return this;
    if (this.links === none) this.links = [];
    this.links.push(link);
    return this;
  }

  addLinks(links: Link[]): this {
    for (const link of links) this.addLink(link);
    return this;
  }

  setStatus(status: SpanStatus): this {
    if (!this.#ended) this.status = status;
    return this;
  }

  updateName(name: string): this {
    if (!this.#ended) this.name = name;
    return this;
  }

  /** Without its message, which may hold anything. */
  recordException(exception: Exception): void {
    const type = typeof exception === 'string' ? 'Error' : String(exception.code ?? exception.name);
    this.addEvent('exception', { 'exception.type': type });
  }

  end(): void {
    if (this.#ended) return;
    this.endTime = notBefore(this.startTime, preciseTime());
    this.#ended = true;
    this.#record(this);
  }

  isRecording(): boolean {
    return !this.#ended;
  }
}

/** The wall clock may have been set back meanwhile. */
function notBefore(start: HrTime, time: HrTime): HrTime {
  return time[0] < start[0] || (time[0] === start[0] && time[1] < start[1]) ? start : time;
}
