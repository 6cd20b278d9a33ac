import type { TraceDetail } from '../api-types.ts';
import { statusOfAnswer } from '../http-status.ts';
import { ApiError, call, messageOf, repeat } from './api.ts';
import { dated, duration, elapsed, named, numberOf } from './format.ts';
import { copyButton } from './copy-button.ts';
import { fill, h } from './h.ts';
import { otlpOf } from './otlp-file.ts';
import { mainTree, toSpanTrees } from './span-tree.ts';
import { createSpanDetail } from './span-detail.ts';
import { statusOf } from './traces.ts';
import type { CreateView } from './view.ts';
import { createWaterfall } from './waterfall.ts';

const interval = 1500;
/** Linked traces on each side: a consumer of batches has one per message. */
const mostLinked = 8;

/** One trace: its spans over time, with the log lines of each. */
export const traceView: CreateView = (address, page) => {
  const traceId = address.id;
  const heading = h('div', { class: 'heading' }, h('h1', {}, 'Trace'));
  const spans = h('div', {});
  const detail = createSpanDetail();
  const body = h('div', { class: 'trace' });
  let shown = '';

  async function load(): Promise<void> {
    try {
      const trace = await call<TraceDetail>('GET', `/api/traces/${encodeURIComponent(traceId)}`);
      page.notify('');
      // Later spans of a trace may still arrive. An unchanged trace is not rendered again.
      const size = `${trace.spans.length} ${trace.dropped} ${trace.logs.length} ${trace.linkedFrom.length}`;
      if (size !== shown) show(trace);
      shown = size;
    } catch (error) {
      // A trace on the screen stays readable after the console has dropped it.
      const isGone = error instanceof ApiError && error.status === 404;
      if (shown === '' || !isGone) page.notify(messageOf(error));
    }
  }

  let waterfall: ReturnType<typeof createWaterfall> | undefined;
  function show(trace: TraceDetail): void {
    const selected = waterfall?.selected() ?? address.query.get('span') ?? '';
    waterfall = createWaterfall(trace, (span, key) => {
      detail.show(span, trace);
      // A span that the address names may not have ended yet, and arrives later.
      const isAwaited = span === undefined && key !== '' && key === address.query.get('span');
      if (!isAwaited) page.note(`/traces/${traceId}${span ? `?span=${span.spanId}` : ''}`);
    });
    fill(heading, ...headingOf(trace));
    fill(spans, waterfall.element);
    // What is taken out of the page loses its place and its focus.
    if (shown === '') body.append(spans, detail.element);
    waterfall.select(selected);
  }

  repeat(load, interval, page.signal);
  return {
    title: 'Trace',
    element: h('div', { class: 'page' }, heading, body),
    onKey(key) {
      if (key !== 'Escape') return waterfall?.onKey(key) ?? false;
      if (!waterfall?.clear()) page.back('/traces');
      return true;
    },
  };
};

function headingOf(trace: TraceDetail): HTMLElement[] {
  const root = mainTree(toSpanTrees(trace.spans))?.span;
  if (!root) return [h('h1', {}, 'Trace')];
  const start = Math.min(...trace.spans.map((span) => span.start));
  const end = Math.max(...trace.spans.map((span) => span.end));
  const orderIds = new Set(
    trace.spans.flatMap(({ attributes: { 'orders.order.id': id } }) => (typeof id === 'string' ? [id] : [])),
  );
  // A span may link to others of its own trace, and many may link to one.
  const links = new Map(
    trace.spans.flatMap((span) => span.links.map((link) => [link.traceId, link] as const)),
  );
  const causes = [...links.values()].filter(({ traceId }) => traceId !== '' && traceId !== trace.traceId);
  const followers = trace.linkedFrom.filter(({ traceId }) => traceId !== trace.traceId);
  return [
    h('h1', {}, named(root.name)),
    statusOf({
      failed: trace.spans.some((span) => span.failed),
      httpStatus: statusOfAnswer(root),
    }),
    h(
      'dl',
      { class: 'facts' },
      ...fact('Start', dated(start)),
      ...fact('Duration', duration(end - start)),
      ...fact(
        'Spans',
        String(trace.spans.length) + (trace.dropped > 0 ? ` of ${trace.spans.length + trace.dropped}` : ''),
      ),
      ...fact('Services', new Set(trace.spans.map(({ service }) => service)).size),
      ...[...orderIds].flatMap((id) =>
        fact('Order', h('a', { href: `/orders/${encodeURIComponent(id)}` }, id)),
      ),
      ...causes
        .slice(0, mostLinked)
        .flatMap((link) =>
          fact('Caused by', h('a', { href: `/traces/${link.traceId}?span=${link.spanId}` }, link.traceId)),
        ),
      ...more(causes.length, 'Caused by'),
      ...followers
        .slice(0, mostLinked)
        .flatMap((each) =>
          fact(
            'Followed by',
            h(
              'a',
              { href: `/traces/${each.traceId}` },
              h('span', {}, named(each.name)),
              `, ${elapsed(each.start - end)} later`,
            ),
          ),
        ),
      ...more(followers.length, 'Followed by'),
      ...fact('Trace', h('span', { class: 'id' }, trace.traceId)),
      ...fact('Logs', h('a', { href: `/logs?trace=${trace.traceId}` }, numberOf(trace.logs.length, 'line'))),
    ),
    h(
      'div',
      { class: 'buttons' },
      copyButton('Copy id', () => trace.traceId),
      h(
        'button',
        { type: 'button', class: 'small', on: { click: () => download(trace) } },
        'Download as OTLP JSON',
      ),
      h('a', { href: `/compare/${trace.traceId}` }, 'Compare with another trace'),
    ),
  ];
}

function download(trace: TraceDetail): void {
  const content = new Blob([JSON.stringify(otlpOf(trace))], { type: 'application/json' });
  const url = URL.createObjectURL(content);
  h('a', { href: url, download: `trace-${trace.traceId}.json` }).click();
  URL.revokeObjectURL(url);
}

/** @param number of all linked traces */
function more(number: number, name: string): HTMLElement[] {
  return number <= mostLinked ? [] : fact(name, `${number - mostLinked} more`);
}

function fact(name: string, value: Node | string | number): HTMLElement[] {
  return [h('div', {}, h('dt', {}, name), h('dd', {}, value))];
}
