import { setAttribute } from './h.ts';
import { hasKeyboard } from './key-hints.ts';

/** The keys that open the views, in the order of the links. */
const keys = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '-'];

/** The links to the views. */
export interface Navigation {
  /** Marks the link to the current view. */
  mark(path: string): void;
  /** The address that a key opens. */
  addressOf(key: string): string | undefined;
}

export function createNavigation(element: HTMLElement): Navigation {
  const links = [...element.querySelectorAll('a')];
  if (hasKeyboard())
    for (const [index, link] of links.entries())
      if (keys[index]) setAttribute(link, 'title', `Press ${keys[index]}`);
  return {
    mark(path) {
      for (const link of links) {
        if (link.pathname === `/${path}`) {
          link.setAttribute('aria-current', 'page');
          // In a narrow window the links scroll.
          link.scrollIntoView({ block: 'nearest', inline: 'nearest' });
        } else link.removeAttribute('aria-current');
      }
    },
    addressOf: (key) => links[keys.indexOf(key)]?.pathname,
  };
}
