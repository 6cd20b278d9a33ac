import type { TraceDetail, TraceList } from '../api-types.ts';
import { call, messageOf, query } from './api.ts';
import { dated, duration, named, shortId } from './format.ts';
import { fill, h } from './h.ts';
import { mainTree, toSpanTrees } from './span-tree.ts';
import { differencesOf, type SpanDifference } from './trace-difference.ts';
import type { CreateView } from './view.ts';
import { createWaterfall } from './waterfall.ts';

/** Number of traces that are offered for the comparison. */
const offered = 50;

/** Two traces side by side, and where the time differs. The other one is `with` in the address. */
export const compareView: CreateView = (address, page) => {
  const other = address.query.get('with') ?? '';
  const choice = h('select', {
    'aria-label': 'Trace to compare with',
    on: {
      change: () => compareWith(choice.value),
    },
  });
  const wanted = h('input', {
    placeholder: 'or the id of any trace',
    'aria-label': 'Id of any other trace',
    autocomplete: 'off',
    spellcheck: 'false',
    style: { width: '36ch' },
  });
  const form = h(
    'form',
    { class: 'controls', on: { submit: compareWithWanted } },
    wanted,
    h('button', { type: 'submit' }, 'Compare'),
  );
  const body = h('div', { class: 'comparison' });

  function compareWithWanted(event: Event): void {
    event.preventDefault();
    const [id] = /[\da-f]{32}/i.exec(wanted.value) ?? [];
    if (id === undefined) page.say('The id of a trace has 32 hexadecimal digits.');
    else compareWith(id.toLowerCase());
  }

  function compareWith(id: string): void {
    page.go(`/compare/${encodeURIComponent(address.id)}${query({ with: id })}`);
  }

  async function load(): Promise<void> {
    try {
      const left = await traceOf(address.id);
      const { traces: others } = await call<TraceList>(
        'GET',
        `/api/traces${query({ like: address.id, limit: offered })}`,
      );
      const isOffered = others.some(({ traceId }) => traceId === other);
      const hasOthers = others.length > 0;
      fill(
        choice,
        h(
          'option',
          { value: '', selected: other === '' },
          hasOthers ? 'Choose a trace' : 'No other trace of this name',
        ),
        // A link may name any trace.
        other !== '' && !isOffered && h('option', { value: other, selected: true }, shortId(other)),
        ...others.map((each) =>
          h(
            'option',
            { value: each.traceId, selected: each.traceId === other },
            [
              dated(each.start),
              duration(each.duration),
              ...(each.httpStatus === null ? [] : [each.httpStatus]),
              ...(each.failed ? ['failed'] : []),
            ].join('  '),
          ),
        ),
      );
      if (other === '') {
        const hint = hasOthers
          ? 'Choose another trace of the same name above.'
          : 'The console has no other trace of this name and service.';
        body.replaceChildren(h('p', { class: 'empty' }, hint));
        return;
      }
      const right = await traceOf(other);
      body.replaceChildren(
        h('div', { class: 'side-by-side' }, sideOf(left), sideOf(right)),
        differenceTable(differencesOf(left.spans, right.spans)),
      );
    } catch (error) {
      page.notify(messageOf(error));
    }
  }

  void load();
  return {
    title: 'Comparison',
    element: h(
      'div',
      { class: 'page' },
      h('div', { class: 'heading' }, h('h1', {}, 'Comparison'), choice, form),
      body,
    ),
    onKey(key) {
      if (key !== 'Escape') return false;
      page.back(`/traces/${encodeURIComponent(address.id)}`);
      return true;
    },
  };
};

function traceOf(traceId: string): Promise<TraceDetail> {
  return call('GET', `/api/traces/${encodeURIComponent(traceId)}`);
}

function sideOf(trace: TraceDetail): HTMLElement {
  const root = mainTree(toSpanTrees(trace.spans))?.span;
  const start = Math.min(...trace.spans.map((span) => span.start));
  const end = Math.max(...trace.spans.map((span) => span.end));
  return h(
    'section',
    {},
    h('h2', {}, named(root?.name ?? '')),
    h(
      'p',
      { class: 'muted' },
      `${dated(start)}, ${duration(end - start)}, `,
      h('a', { href: `/traces/${trace.traceId}` }, 'open'),
    ),
    createWaterfall(trace, () => {}).element,
  );
}

function differenceTable(differences: readonly SpanDifference[]): HTMLElement {
  const cell = (text: string, tone = '') => h('td', { class: `number ${tone}` }, text);
  const side = ({ count, total }: SpanDifference['left']) =>
    count === 0 ? '–' : `${count} × ${duration(total / count)}`;
  return h(
    'table',
    { class: 'outcomes' },
    h('caption', { class: 'unseen' }, 'Spans by name, with the time of each trace'),
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        h('th', {}, 'Span'),
        ...['Left', 'Right', 'Right minus left'].map((title) => h('th', { class: 'number' }, title)),
      ),
    ),
    h(
      'tbody',
      {},
      ...differences.map((each) =>
        h(
          'tr',
          {},
          h('td', {}, `${each.service} ${named(each.name)}`),
          cell(side(each.left)),
          cell(side(each.right)),
          cell(
            `${each.change < 0 ? '−' : '+'}${duration(Math.abs(each.change))}`,
            each.change > 0 ? 'bad' : 'ok',
          ),
        ),
      ),
    ),
  );
}
