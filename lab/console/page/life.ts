import type { LogRecord, TraceSummary } from '../api-types.ts';
import { clock, duration, elapsed, named, numberOf } from './format.ts';
import { h } from './h.ts';
import type { Moment } from './moments.ts';
import { statusOf } from './traces.ts';

/** Whether a request was answered before the order was decided. */
export function isAccepted({ httpStatus }: TraceSummary): boolean {
  return httpStatus === 202;
}

export function tracesCard({
  traces,
  logs,
}: {
  traces: readonly TraceSummary[];
  logs: readonly LogRecord[];
}): HTMLElement {
  return h(
    'section',
    { class: 'card' },
    h('h2', {}, 'Traces'),
    ...traces
      .toReversed()
      .map((trace) =>
        h(
          'p',
          {},
          h('a', { href: `/traces/${trace.traceId}` }, named(trace.name)),
          ' ',
          statusOf(trace),
          h(
            'span',
            { class: 'muted' },
            `${isAccepted(trace) ? ', still pending,' : ''} ${duration(trace.duration)}`,
          ),
        ),
      ),
    h('p', { class: 'muted' }, traces.length === 0 ? 'none kept' : numberOf(logs.length, 'log line')),
  );
}

export function momentRow(
  { time, source, tone, what, detail, traceId, spanId }: Moment,
  start: number,
): HTMLElement {
  return h(
    'li',
    { class: source },
    h('span', { class: 'time', title: clock(time) }, `+${elapsed(time - start)}`),
    h('span', { class: 'source' }, source),
    h('span', { class: `what ${tone}` }, what, detail !== '' && h('span', { class: 'muted' }, ` ${detail}`)),
    h(
      'span',
      { class: 'ids' },
      traceId !== '' && h('a', { href: `/traces/${traceId}?span=${spanId}` }, 'trace'),
    ),
  );
}
