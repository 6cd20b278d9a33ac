import type { RangeChoice } from './range.ts';

/** The content under an address. */
export interface View {
  /** Title of the browser window. */
  title: string;
  element: HTMLElement;
  /** Where Escape leads once no time range is left to clear. Default: nowhere. */
  up?: string | undefined;
  /** Handles a key that the page itself does not use. @returns whether the view uses it */
  onKey?(key: string): boolean;
}

/** The address: `/traces/4bf9…?span=…` has the path `traces`, the id `4bf9…` and a query. */
export interface Address {
  path: string;
  id: string;
  query: URLSearchParams;
}

export interface Page {
  /** The period that the user has chosen. */
  range: RangeChoice;
  /** Aborts when the view is left, and ends everything that it started. */
  signal: AbortSignal;
  /** Opens another address. */
  go(path: string): void;
  /** Goes back to where the user came from; to another address if the page was opened here. */
  back(otherwise: string): void;
  /** Replaces the address of this view without a new history entry. */
  note(path: string): void;
  /** Sets parameters of this view's address, as `note` does. An empty one is removed. */
  choose(values: Readonly<Record<string, string>>): void;
  /** Says why what the view shows is not up to date; an empty message clears it. */
  notify(message: string): void;
  /** Says how what the user did went, until the next time or until the view is left; an empty message clears it. */
  say(message: string): void;
}

export type CreateView = (address: Address, page: Page) => View;
