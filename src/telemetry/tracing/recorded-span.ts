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

/** The fields that a span shares with its parent. */
type Origin = Pick<EndedSpan, 'resource' | 'instrumentationScope'>;

/** The fields that the SDK has set on a span when its `startSpan` returns. */
export type StartedSpan = Origin &
  Pick<EndedSpan, 'parentSpanContext' | 'attributes' | 'links' | 'spanContext'>;

export interface SpanDescription {
  name: string;
  kind: SpanKind;
  constant?: ConstantAttributes;
}

/** Receives each span once, when it ends. */
export type Recorder = (span: RecordedSpan) => void;

const ids = new RandomIdGenerator();
export const newSpanId = (): string => ids.generateSpanId();

/** Shared by all spans without events and links, which most are. */
const none: never[] = [];
const unset: SpanStatus = { code: SpanStatusCode.UNSET };

/**
 * Why not the SDK's span: it checks each attribute value, which TypeScript does here, keeps limits, and cannot hold
 * attributes that are encoded once for all spans. This one saves 12 µs of CPU per request of six spans, about 2 % of a
 * request whose trace is sampled (docs/benchmarks/spans.md). The SDK still starts each trace, with its sampler and ids.
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
    { name, kind, constant = noAttributes }: SpanDescription,
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

  /** Takes over a span that the SDK just started and that holds no data yet; the SDK's own is never ended. */
  static takeOver(started: StartedSpan, description: SpanDescription, record: Recorder): RecordedSpan {
    const { parentSpanContext, attributes, links } = started;
    const span = new RecordedSpan(description, started, parentSpanContext, started.spanContext(), record);
    span.setAttributes(attributes);
    if (links.length > 0) span.addLinks(links);
    return span;
  }

  /** Creates a child, which is sampled like its parent and goes to the same recorder. */
  static below(parent: RecordedSpan, description: SpanDescription): RecordedSpan {
    const above = parent.spanContext();
    const own = {
      traceId: above.traceId,
      spanId: newSpanId(),
      traceFlags: above.traceFlags,
      ...(above.traceState && { traceState: above.traceState }),
    };
    return new RecordedSpan(description, parent, above, own, parent.#record);
  }

  spanContext(): SpanContext {
    return this.#context;
  }

  setAttribute(key: string, value: AttributeValue): this {
    if (this.#ended || value === undefined) return this;
    // Encoded bytes cannot change, so the constant attributes move to the others before one of them is set.
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

  /** Records the type alone: the message may quote what a client sent. */
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

/** A trace that starts in the meantime may set the clock back, see `followWallClock`. */
function notBefore(start: HrTime, time: HrTime): HrTime {
  return time[0] < start[0] || (time[0] === start[0] && time[1] < start[1]) ? start : time;
}
