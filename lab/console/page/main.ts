import { find, setAttribute, setText } from './h.ts';
import { alertView } from './alert.ts';
import { alertsView } from './alerts.ts';
import { compareView } from './compare.ts';
import { domainViews } from './domain-views.ts';
import { tellHeight } from './header.ts';
import { createHelp } from './help.ts';
import { hasKeyboard } from './key-hints.ts';
import { listenToKeys } from './keyboard.ts';
import { createLive } from './live.ts';
import { logsView } from './logs.ts';
import { mapView } from './map.ts';
import { metricsView } from './metrics.ts';
import { createNavigation } from './navigation.ts';
import { overviewView } from './overview.ts';
import { showPulse } from './pulse.ts';
import { createRangeChoice } from './range.ts';
import { listenToSearch } from './search.ts';
import { sendersView } from './senders.ts';
import { createThemeSwitch } from './theme.ts';
import { traceView } from './trace.ts';
import { tracesView } from './traces.ts';
import { trafficView } from './traffic.ts';
import type { Address, CreateView, View } from './view.ts';
import { visible } from './visible.ts';

const main = find('main', HTMLElement);
const notice = find('.notice', HTMLElement);
const live = createLive();
const range = createRangeChoice(find('.range', HTMLButtonElement), new URLSearchParams(location.search));

const views: Readonly<Record<string, CreateView>> = {
  '': overviewView(live),
  traces: (address, page) => (address.id === '' ? tracesView : traceView)(address, page),
  compare: compareView,
  logs: logsView,
  map: mapView,
  metrics: metricsView(live),
  alerts: (address, page) => (address.id === '' ? alertsView(live) : alertView)(address, page),
  senders: sendersView,
  traffic: trafficView(live),
  ...domainViews(live),
};

/** What the user did stays beside what the view says of itself, which changes each second. */
let notices = { ofAction: '', ofView: '' };

function say(change: Partial<typeof notices>): void {
  notices = { ...notices, ...change };
  setText(notice, [...new Set([notices.ofAction, notices.ofView])].join(' ').trim());
}

let shown: { view: View; ending: AbortController } | undefined;

function show(): void {
  shown?.ending.abort();
  const ending = new AbortController();
  const address = readAddress();
  const create = views[address.path] ?? overviewView(live);
  say({ ofAction: '', ofView: '' });
  /** What a view asked for may arrive after it was left: the address and the notices are those of another one then. */
  const whileShown =
    <Args extends readonly unknown[]>(act: (...args: Args) => void) =>
    (...args: Args): void => {
      if (!ending.signal.aborted) act(...args);
    };
  const view = create(address, {
    signal: ending.signal,
    range,
    go: whileShown(go),
    back: whileShown(back),
    note: whileShown(note),
    choose: whileShown(choose),
    notify: whileShown((message: string) => say({ ofView: message })),
    say: whileShown((message: string) => say({ ofAction: message })),
  });
  const wasShown = shown !== undefined;
  const { activeElement } = document;
  const isLeft = activeElement === document.body || main.contains(activeElement);
  shown = { view, ending };
  setTitle();
  main.replaceChildren(view.element);
  // What had the focus is gone: the next stop of the tabulator is the first one of the new view.
  if (wasShown && isLeft) main.focus({ preventScroll: true });
  navigation.mark(address.path);
  scrollTo(0, 0);
}

/** The tab names the view and the service, so that several consoles can be told apart. */
function setTitle(): void {
  const title = visible(`${shown?.view.title ?? ''} – ${live.latest?.serviceName || 'Console'}`);
  if (document.title !== title) document.title = title;
}

function go(path: string): void {
  history.pushState(withinPage, '', withRange(path));
  show();
}

function note(path: string): void {
  history.replaceState(history.state, '', withRange(path));
}

function choose(values: Readonly<Record<string, string>>): void {
  const { pathname, searchParams } = new URL(location.href);
  for (const [name, value] of Object.entries(values)) {
    if (value === '') searchParams.delete(name);
    else searchParams.set(name, value);
  }
  note(`${pathname}?${searchParams.toString()}`);
}

/** The time range stays from view to view, and stands in the address of each. */
function withRange(path: string): string {
  const { pathname, searchParams } = new URL(path, location.origin);
  for (const name of ['from', 'to'] as const) {
    if (range.current) searchParams.set(name, String(range.current[name]));
    else searchParams.delete(name);
  }
  return searchParams.size === 0 ? pathname : `${pathname}?${searchParams.toString()}`;
}

function noteRange(): void {
  note(location.pathname + location.search);
}

/** The state of an address that was opened from another one of this page. */
const withinPage = 'within the page';

/** Without an earlier address of this page, the browser would go to another site, or nowhere. */
function back(otherwise: string): void {
  if (history.state === withinPage) history.back();
  else go(otherwise);
}

function isTaken(key: string): boolean {
  if (shown?.view.onKey?.(key)) return true;
  if (key !== 'Escape') return false;
  const up = shown?.view.up;
  if (range.current) range.choose(undefined);
  else if (up === undefined) return false;
  else back(up);
  return true;
}

function readAddress(): Address {
  const [, path = '', id = ''] = location.pathname.split('/');
  return { path, id: decoded(id), query: new URLSearchParams(location.search) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

tellHeight(find('.top', HTMLElement));
const navigation = createNavigation(find('nav', HTMLElement));
showPulse(find('.pulse', HTMLElement), live);
const search = listenToSearch(find('.search', HTMLFormElement), {
  go,
  say: (text) => say({ ofAction: text }),
});
const help = createHelp();
document.body.append(help.element);
const helpButton = find('.help-button', HTMLButtonElement);
if (hasKeyboard()) setAttribute(helpButton, 'title', 'Press ?');
helpButton.addEventListener('click', () => help.show());
createThemeSwitch(find('.theme', HTMLButtonElement));
listenToKeys({ search, help, navigation, go, isTaken: isTaken });

// Links within the page switch the view without reloading the page.
document.addEventListener('click', (event) => {
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !isPlain || link.origin !== location.origin || link.target !== '') return;
  event.preventDefault();
  go(link.pathname + link.search);
});
// A plot that has its values from the beginning is drawn once, not first without them.
void live.begun.then(() => {
  range.subscribe(noteRange, new AbortController().signal);
  addEventListener('popstate', () => {
    noteRange();
    show();
  });
  show();
  live.subscribe(setTitle, new AbortController().signal);
});
