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
import { type ConstantAttributes, noAttributes } from './constant-attributes.ts';
import type { EndedSpan } from './otlp-spans.ts';
import { preciseTime } from './precise-time.ts';

/** What a span has in common with those above it. */
export type Origin = Pick<EndedSpan, 'resource' | 'instrumentationScope'>;

const ids = new RandomIdGenerator();

/** Most spans have no events, no links and no status. */
const none: never[] = [];
const unset: SpanStatus = { code: SpanStatusCode.UNSET };

/**
 * A span below one that the SDK has made. The SDK decides about a trace where it begins: by its sampler, and whether
 * anything is recorded. What is below has nothing left to decide, and needs neither the SDK's checks of values, which
 * have types here, nor its limits; so it is written down as it is told.
 */
export class RecordedSpan implements Span, EndedSpan {
  readonly resource: EndedSpan['resource'];
  readonly instrumentationScope: EndedSpan['instrumentationScope'];
  readonly parentSpanContext: SpanContext;
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
  #record: (span: RecordedSpan) => void;

  /** @param record takes it when it has ended */
  constructor(
    about: { name: string; kind: SpanKind; constant?: ConstantAttributes },
    parent: Span & Origin,
    record: (span: RecordedSpan) => void,
  ) {
    const above = parent.spanContext();
    this.name = about.name;
    this.kind = about.kind;
    this.constant = about.constant ?? noAttributes;
    this.resource = parent.resource;
    this.instrumentationScope = parent.instrumentationScope;
    this.parentSpanContext = above;
    this.#context = {
      traceId: above.traceId,
      spanId: ids.generateSpanId(),
      traceFlags: above.traceFlags,
      ...(above.traceState && { traceState: above.traceState }),
    };
    this.#record = record;
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
    this.endTime = preciseTime();
    this.#ended = true;
    this.#record(this);
  }

  isRecording(): boolean {
    return !this.#ended;
  }
}
