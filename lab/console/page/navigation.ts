/** The links to the views, in the order of the keys 1 to 6. */
export interface Navigation {
  /** Shows where one is. */
  mark(path: string): void;
  /** The address that the key leads to. */
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
