import { hasKeyboard } from './key-hints.ts';

/** The links to the views, in the order of the digits that open them. */
export interface Navigation {
  /** Marks the link to the current view. */
  mark(path: string): void;
  /** The address that a key opens. */
  addressOf(key: string): string | undefined;
}

export function createNavigation(element: HTMLElement): Navigation {
  const links = [...element.querySelectorAll('a')];
  if (hasKeyboard())
    for (const [index, link] of links.slice(0, 10).entries()) link.title = `Press ${(index + 1) % 10}`;
  return {
    mark(path) {
      for (const link of links) {
        if (link.pathname === `/${path}`) link.setAttribute('aria-current', 'page');
        else link.removeAttribute('aria-current');
      }
    },
    addressOf: (key) => (/^\d$/.test(key) ? links[(Number(key) + 9) % 10]?.pathname : undefined),
  };
}
