/** Its height depends on the window and on what it says. What keys or the tabulator scroll into view must not be behind it. */
export function tellHeight(header: HTMLElement): void {
  const tell = (): void => document.documentElement.style.setProperty('--header', `${header.offsetHeight}px`);
  new ResizeObserver(tell).observe(header);
}
