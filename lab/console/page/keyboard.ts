import type { Navigation } from './navigation.ts';

/** `/` focuses the search, `?` shows the help and digits open views; the current view handles every other key. */
export function listenToKeys(options: {
  search: { focus(): void };
  help: { show(): void };
  navigation: Navigation;
  go(path: string): void;
  isTaken(key: string): boolean;
}): void {
  const { search, help, navigation, go, isTaken } = options;
  document.addEventListener('keydown', (event) => {
    // A part of the page, such as a plot, has used the key.
    if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented) return;
    const { target, key } = event;
    if (target instanceof HTMLElement && target.closest('dialog')) return;
    const isTyping = target instanceof HTMLElement && target.matches('input, select, textarea');
    if (isTyping) {
      if (key === 'Escape') target.blur();
      return;
    }
    const address = navigation.addressOf(key);
    if (key === '/') search.focus();
    else if (key === '?') help.show();
    else if (address !== undefined) go(address);
    // Enter activates the link or button that has the focus.
    else if (key === 'Enter' && target instanceof HTMLElement && target.matches('a, button')) return;
    else if (!isTaken(key)) return;
    event.preventDefault();
  });
}
