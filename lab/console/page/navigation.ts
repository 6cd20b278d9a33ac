/** The links to the views, in the order of keys 1 to 6. */
export interface Navigation {
  /** Marks the link to the current view. */
  mark(path: string): void;
  /** The address that a key opens. */
  addressOf(key: string): string | undefined;
}

export function createNavigation(element: HTMLElement): Navigation {
  const links = [...element.querySelectorAll('a')];
  return {
    mark(path) {
      for (const link of links) {
        if (link.pathname === `/${path}`) link.setAttribute('aria-current', 'page');
        else link.removeAttribute('aria-current');
      }
    },
    addressOf: (key) => (/^[1-9]$/.test(key) ? links[Number(key) - 1]?.pathname : undefined),
  };
}
