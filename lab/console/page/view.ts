/** What is shown under an address. */
export interface View {
  /** For the title of the window. */
  title: string;
  element: HTMLElement;
  /** A key that nobody else has taken. @returns whether it meant something here */
  onKey?(key: string): boolean;
}

/** The address: `/traces/4bf9…?span=…` has the path `traces`, the id `4bf9…` and a query. */
export interface Address {
  path: string;
  id: string;
  query: URLSearchParams;
}

export interface Page {
  /** Ends with the view: what it started ends too. */
  signal: AbortSignal;
  /** Goes to another address. */
  go(path: string): void;
  /** Rewrites the address of this view, without a new entry in the history. */
  note(path: string): void;
  /** Says what went wrong, or nothing any more. */
  tell(message: string): void;
}

export type CreateView = (address: Address, page: Page) => View;
