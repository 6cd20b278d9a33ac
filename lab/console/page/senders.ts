import type { Received, Sender, SenderList } from '../sender-types.ts';
import { call, messageOf, repeat } from './api.ts';
import { count, rate, roughly, text, toTheSecond } from './format.ts';
import { h, reconcile, setText } from './h.ts';
import { renewChildren, showRows } from './table-rows.ts';
import type { CreateView } from './view.ts';

const interval = 2000;
/** Milliseconds after which a sender counts as silent: an SDK sends metrics once a minute. */
const silent = 90_000;

/** Who sends telemetry to the console, what they say about themselves, and what was lost of it. */
export const sendersView: CreateView = (address, page) => {
  const cards = h('div', { class: 'page senders' });
  const empty = h(
    'p',
    { class: 'empty' },
    'Nothing has sent telemetry yet. Start a service with ',
    h('code', {}, `OTEL_EXPORTER_OTLP_ENDPOINT=${location.origin}`),
    '.',
  );
  const refusals = h('tbody', {});
  const refused = h(
    'section',
    { hidden: true },
    h('h2', {}, 'Requests that were refused'),
    h('p', { class: 'muted' }, 'They could not be read, so it is not known whose they are.'),
    h(
      'div',
      { class: 'scrolled', role: 'region', 'aria-label': 'Refused requests', tabindex: 0 },
      h(
        'table',
        { class: 'outcomes' },
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            ...['From', 'Reason', 'Last'].map((title) => h('th', {}, title)),
            ...['Status', 'Requests'].map((title) => h('th', { class: 'number' }, title)),
          ),
        ),
        refusals,
      ),
    ),
  );
  const forgotten = h('p', { class: 'muted', hidden: true });

  async function load(): Promise<void> {
    try {
      show(await call<SenderList>('GET', '/api/senders'));
      page.notify('');
    } catch (error) {
      page.notify(messageOf(error));
    }
  }

  function show(list: SenderList): void {
    empty.hidden = list.senders.length > 0;
    reconcile(cards, list.senders, {
      key: ({ id }) => id,
      create: (sender) => {
        const isOpen = sender.id === address.query.get('sender');
        const card = createCard(sender, isOpen, (id) => page.choose({ sender: id }));
        update(card, sender, list.now);
        return card;
      },
      update: (card, sender) => update(card, sender, list.now),
    });
    refused.hidden = list.refusals.length === 0;
    showRows(refusals, list.refusals, {
      key: ({ from, status, reason }) => JSON.stringify([from, status, reason]),
      cells: (each) => [
        h('td', {}, each.from || 'no user-agent'),
        h('td', {}, each.reason),
        h('td', {}, toTheSecond(each.last)),
        h('td', { class: 'number' }, each.status),
        h('td', { class: 'number' }, count(each.count)),
      ],
    });
    forgotten.hidden = list.forgotten === 0;
    setText(
      forgotten,
      `The list is bounded: ${count(list.forgotten)} that had been silent for longer are no longer shown.`,
    );
  }

  repeat(load, interval, page.signal);
  return {
    title: 'Senders',
    element: h(
      'div',
      { class: 'page' },
      h(
        'div',
        { class: 'heading' },
        h('h1', {}, 'Senders'),
        h(
          'p',
          { class: 'muted' },
          'Processes that send telemetry over OTLP, by the attributes of their resource.',
        ),
      ),
      empty,
      cards,
      forgotten,
      refused,
    ),
  };
};

/** @param onToggle takes the id when the attributes are opened, and an empty text when they are closed */
function createCard(sender: Sender, isOpen: boolean, onToggle: (id: string) => void): HTMLElement {
  const { service, version, instance, environment, sdk, host, attributes } = sender;
  const facts = [
    ['version', version],
    ['instance', instance],
    ['environment', environment],
    ['SDK', sdk],
    ['host', host],
  ] as const;
  const all = h(
    'details',
    { open: isOpen, on: { toggle: () => onToggle(all.open ? sender.id : '') } },
    h('summary', {}, `All ${Object.keys(attributes).length} attributes`),
    h(
      'dl',
      { class: 'values' },
      ...Object.entries(attributes).flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, text(value))]),
    ),
  );
  return h(
    'section',
    { class: 'card sender' },
    h('h2', {}, service),
    h('p', { class: 'seen muted' }),
    h(
      'dl',
      { class: 'values' },
      ...facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value || '–')]),
    ),
    h('dl', { class: 'values counts' }),
    all,
  );
}

function update(card: HTMLElement, sender: Sender, now: number): void {
  const { firstSeen, lastSeen, spans, logs, points, rejected, dropped } = sender;
  const seen = card.querySelector('.seen');
  const age = Math.max(now - lastSeen, 0);
  if (seen) {
    seen.className = `seen ${age > silent ? 'warn' : 'muted'}`;
    setText(
      seen,
      `since ${toTheSecond(firstSeen)}, last seen ${age < 1500 ? 'now' : `${roughly(age)} ago`}${age > silent ? ': silent' : ''}`,
    );
  }
  const amounts: ReadonlyArray<readonly [string, string, boolean]> = [
    ['spans', amount(spans), false],
    ['log lines', amount(logs), false],
    ['metric points', amount(points), false],
    [
      'rejected',
      rejected === 0 ? '0' : `${count(rejected)} spans or points, which cannot be read`,
      rejected > 0,
    ],
    [
      'cut off',
      dropped === 0 ? '0' : `${count(dropped)} attributes, events, links, labels and ends of texts`,
      dropped > 0,
    ],
  ];
  const counts = card.querySelector('.counts');
  const shown = amounts.flatMap(([name, value, isBad]) => [
    h('dt', {}, name),
    h('dd', { class: isBad ? 'bad' : '' }, value),
  ]);
  if (counts) renewChildren(counts, shown);
}

const amount = ({ total, perSecond }: Received): string =>
  total === 0 ? '0' : `${count(total)}, ${rate(perSecond)}/s over the last minute`;
