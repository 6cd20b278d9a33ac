import type { Navigation } from './navigation.ts';

/** `/` focuses the search and 1 to 6 open views; the current view handles every other key. */
export function listenToKeys(options: {
  search: { focus(): void };
  navigation: Navigation;
  go(path: string): void;
  isTaken(key: string): boolean;
}): void {
  const { search, navigation, go, isTaken } = options;
  document.addEventListener('keydown', (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    const { target, key } = event;
    const isTyping = target instanceof HTMLElement && target.matches('input, select, textarea');
    if (isTyping) {
      if (key === 'Escape') target.blur();
      return;
    }
    const address = navigation.addressOf(key);
    if (key === '/') search.focus();
    else if (address !== undefined) go(address);
    // Enter activates the link or button that has the focus.
    else if (key === 'Enter' && target instanceof HTMLElement && target.matches('a, button')) return;
    else if (!isTaken(key)) return;
    event.preventDefault();
  });
}
