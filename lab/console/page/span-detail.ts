import type { LogRecord, Origin, SpanRecord, TraceDetail, Values } from '../api-types.ts';
import { duration, elapsed, named, said, text } from './format.ts';
import { copyButton } from './copy-button.ts';
import { fill, h } from './h.ts';
import { hasKeyboard } from './key-hints.ts';

/** All data of one span. */
export function createSpanDetail(): {
  element: HTMLElement;
  show(span: SpanRecord | undefined, trace: TraceDetail): void;
} {
  const element = h(
    'aside',
    { class: 'span-detail', 'aria-label': 'Span' },
    h('p', { class: 'muted' }, hint()),
  );
  let shown: string | undefined;

  /** The same span again, because its trace has grown: what is open stays so, and where it is. */
  function renew(content: readonly HTMLElement[]): void {
    if (element.textContent === h('div', {}, ...content).textContent) return;
    const summaries = () => [...element.querySelectorAll('details > summary')];
    const open = new Set(
      summaries()
        .filter((each) => each.parentElement?.hasAttribute('open'))
        .map(({ textContent }) => textContent),
    );
    const { scrollTop } = element;
    fill(element, ...content);
    for (const each of summaries()) each.parentElement?.toggleAttribute('open', open.has(each.textContent));
    element.scrollTop = scrollTop;
  }

  return {
    element,
    show(span, trace) {
      const content = span ? contentOf(span, trace) : [h('p', { class: 'muted' }, hint())];
      if (span?.spanId === shown) renew(content);
      else element.replaceChildren(...content);
      shown = span?.spanId;
    },
  };
}

function hint(): string {
  return `Select a span to see its attributes${hasKeyboard() ? ': click it, or press j and k' : ''}.`;
}

function contentOf(span: SpanRecord, { logs, origins }: TraceDetail): HTMLElement[] {
  const origin = origins[span.origin];
  const { traceState = '' } = span.more ?? {};
  const lines = logs.filter(({ spanId }) => spanId === span.spanId);
  return [
    h('h2', {}, named(span.name)),
    h(
      'p',
      { class: 'muted' },
      `${span.kind.toLowerCase()} span of `,
      // A name that is written from right to left would take the figure to its other side.
      h('span', {}, span.service),
      ', ',
      h('span', {}, duration(span.end - span.start)),
    ),
    ...(span.failed ? [h('p', { class: 'status bad' }, `failed: ${span.message || 'no reason given'}`)] : []),
    section('Attributes', valuesTable(span.attributes)),
    ...(span.events.length > 0
      ? [section('Events', ...span.events.map((event) => eventOf(event, span)))]
      : []),
    ...(span.links.length > 0
      ? [
          section(
            'Links',
            ...span.links.map(({ traceId, spanId, attributes }) =>
              h(
                'div',
                {},
                h('p', {}, h('a', { href: `/traces/${traceId}?span=${spanId}` }, traceId)),
                ...(Object.keys(attributes).length > 0 ? [valuesTable(attributes)] : []),
              ),
            ),
          ),
        ]
      : []),
    ...(lines.length > 0 ? [section('Log lines', ...lines.map((line) => lineOf(line, span)))] : []),
    ...(span.dropped > 0
      ? [
          h(
            'p',
            { class: 'muted' },
            `${span.dropped} attributes, events, links or ends of texts are missing.`,
          ),
        ]
      : []),
    ...(origin ? originOf(origin) : []),
    ...(traceState === '' ? [] : [h('p', { class: 'muted' }, `trace state ${traceState}`)]),
    h('p', { class: 'muted id' }, span.spanId),
    h(
      'p',
      {},
      copyButton('Copy as JSON', () => JSON.stringify({ ...span, origin })),
    ),
  ];
}

/** The resource and the scope, to be opened. */
export function originOf(origin: Origin): HTMLElement[] {
  return [
    h('details', {}, h('summary', {}, 'Resource'), valuesTable(origin.resource.attributes)),
    h('details', {}, h('summary', {}, 'Scope'), valuesTable(scopeOf(origin))),
  ];
}

/** By the names that it has where there is no scope. https://opentelemetry.io/docs/specs/otel/common/mapping-to-non-otlp/ */
function scopeOf({ scope: { name, version, attributes } }: Origin): Values {
  return { 'otel.scope.name': name, 'otel.scope.version': version, ...attributes };
}

function section(title: string, ...content: readonly Node[]): HTMLElement {
  return h('section', {}, h('h3', {}, title), ...content);
}

/** Names and values in two columns. */
export function valuesTable(values: Values): HTMLElement {
  const entries = Object.entries(values).toSorted(([a], [b]) => a.localeCompare(b));
  if (entries.length === 0) return h('p', { class: 'muted' }, 'none');
  return h(
    'dl',
    { class: 'values' },
    ...entries.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, text(value))]),
  );
}

function eventOf(event: SpanRecord['events'][number], span: SpanRecord): HTMLElement {
  return h(
    'div',
    { class: 'event-detail' },
    h('p', {}, h('strong', {}, named(event.name)), ` +${duration(Math.max(event.time - span.start, 0))}`),
    ...(Object.keys(event.attributes).length > 0 ? [valuesTable(event.attributes)] : []),
  );
}

function lineOf(line: LogRecord, span: SpanRecord): HTMLElement {
  return h(
    'details',
    {},
    h(
      'summary',
      {},
      h('span', { class: `level ${line.level}` }, line.level),
      ' ',
      h('span', {}, said(line)),
      ` +${elapsed(line.time - span.start)}`,
    ),
    valuesTable(line.attributes),
  );
}
