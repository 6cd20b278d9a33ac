import { h } from './h.ts';

/** In the order of the keys 1 to 6. */
export const places = [
  { path: '', title: 'Overview' },
  { path: 'traces', title: 'Traces' },
  { path: 'logs', title: 'Logs' },
  { path: 'orders', title: 'Orders' },
  { path: 'faults', title: 'Faults' },
  { path: 'traffic', title: 'Traffic' },
] as const;

export function showNavigation(element: HTMLElement): { mark(path: string): void } {
  const links = places.map(({ path, title }, index) =>
    h('a', { href: `/${path}`, title: `${title} (press ${index + 1})` }, title),
  );
  element.replaceChildren(...links);
  return {
    mark(path) {
      for (const [index, link] of links.entries()) {
        if (places[index]?.path === path) link.setAttribute('aria-current', 'page');
        else link.removeAttribute('aria-current');
      }
    },
  };
}
