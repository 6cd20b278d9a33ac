import { call, messageOf, query, repeat } from './api.ts';
import { createFilterForm, type Field } from './filter-form.ts';
import { count } from './format.ts';
import { h, setText } from './h.ts';
import type { Selection } from './selection.ts';
import type { Address, Page, View } from './view.ts';

/** Milliseconds between two requests for new entries. */
const interval = 1000;

/** The part of a list view that differs between traces, logs and orders. */
export interface ListBehaviour<List> {
  title: string;
  /** Path of the page, and of the API below `/api`. */
  path: string;
  fields: readonly Field[];
  /** Maximum number of entries in one answer. */
  limit: number;
  /** Whether its entries can be narrowed to a time range. Default: true. */
  hasRange?: boolean;
  selection: Selection;
  /** Element of `createHeldButton`. */
  held: HTMLElement;
  /** Parameters of the request beside the filters. */
  more?(): Readonly<Record<string, number>>;
  /** Stands at the end of the filters. */
  tool?: HTMLElement;
  /** Everything below the filters, including the rows. */
  content: readonly HTMLElement[];
  /** The `after` of the next request: 0 asks for the whole list. A list without one is asked for as a whole each time. */
  cursor(): number | undefined;
  /** How many entries are shown, and of how many; empty before the first answer. */
  counted(): string;
  /** Forgets all entries, because the filters have changed. */
  reset(): void;
  /** Takes the answer to one request. @returns a notice for the user; empty if there is none */
  take(list: List): string;
  /** `esc`: clears the selection and shows newer entries. */
  release(): void;
  /** `enter`: opens the selected row. */
  open(key: string): void;
}

/** A filtered list that asks for new entries every second, under an address that holds the filters. */
export function createListView<List>(address: Address, page: Page, list: ListBehaviour<List>): View {
  const { title, path, selection } = list;
  const filters = createFilterForm(list.fields, address.query, (values) => {
    page.choose(Object.fromEntries(list.fields.map(({ name }) => [name, values[name] ?? ''])));
    restart();
  });
  const counted = h('span', { class: 'muted counted' });
  let isPaused = false;
  const pause = h('button', { type: 'button', class: 'pause', on: { click: togglePause } }, 'Pause');

  function togglePause(): void {
    isPaused = !isPaused;
    setText(pause, isPaused ? 'Resume' : 'Pause');
    pause.setAttribute('aria-pressed', String(isPaused));
    if (!isPaused) void load();
  }

  /** Asks for the whole list, because the filters or the time range have changed. */
  function restart(): void {
    list.reset();
    void load();
  }

  async function load(): Promise<void> {
    const asked = wanted();
    const after = list.cursor();
    try {
      const parameters = { ...asked, after, limit: list.limit };
      const answer = await call<List>('GET', `/api/${path}${query(parameters)}`);
      // An answer for earlier filters belongs to another list.
      if (query(asked) !== query(wanted())) return;
      // Another answer came first, or the list was emptied: these entries would stand in it twice, or after a gap.
      if (list.cursor() !== after) return;
      page.notify(list.take(answer));
      // Another console counts from the beginning: what stands here is of the one before, and newer entries have smaller numbers.
      if (after !== undefined && (list.cursor() ?? 0) < after) restart();
      setText(counted, list.counted());
    } catch (error) {
      page.notify(messageOf(error));
    }
  }

  function wanted(): Record<string, string | number> {
    return { ...filters.values(), ...list.more?.(), ...(list.hasRange !== false && page.range.current) };
  }

  repeat(() => (isPaused ? Promise.resolve() : load()), interval, page.signal);
  page.range.subscribe(restart, page.signal);
  return {
    title,
    element: h(
      'div',
      { class: 'list' },
      h('h1', { class: 'unseen' }, title),
      h('div', { class: 'bar' }, filters.element, pause, list.held, counted, list.tool),
      ...list.content,
    ),
    onKey(key) {
      if (key === 'Escape' && page.range.current) page.range.choose(undefined);
      else if (key === 'Escape') list.release();
      else if (key === 'p') togglePause();
      else if (key === 'Enter' && selection.key !== '') list.open(selection.key);
      else return selection.move(key);
      return true;
    },
  };
}

export interface HeldButton {
  element: HTMLElement;
  /** @param waiting entries that are not shown yet; 0 hides the button */
  show(waiting: number, hint?: string): void;
}

/** Says how many newer entries wait while the list holds still; a click shows them. */
export function createHeldButton(release: () => void): HeldButton {
  const element = h('button', { type: 'button', class: 'held', hidden: true, on: { click: release } });
  return {
    element,
    show(waiting, hint) {
      element.hidden = waiting === 0;
      setText(element, `${count(waiting)} newer${hint === undefined ? '' : ` — ${hint}`}`);
    },
  };
}
