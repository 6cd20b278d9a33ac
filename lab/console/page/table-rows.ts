import { h, reconcile } from './h.ts';

/**
 * Shows the rows of a table that is asked for again and again. A cell that says the same is not touched: what is selected in it, to be
 * copied, stays selected, and a screen reader stays where it reads.
 */
export function showRows<Item>(
  body: HTMLTableSectionElement,
  items: readonly Item[],
  { key, cells }: { key(item: Item): string; cells(item: Item): readonly HTMLElement[] },
): void {
  reconcile(body, items, {
    key,
    create: (item) => h('tr', {}, ...cells(item)),
    update: (row, item) => renewChildren(row, cells(item)),
  });
}

/** Only those that have changed are replaced. */
export function renewChildren(parent: Element, children: readonly HTMLElement[]): void {
  while (parent.children.length > children.length) parent.lastElementChild?.remove();
  for (const [index, child] of children.entries()) {
    const shown = parent.children[index];
    if (shown === undefined) parent.append(child);
    else if (!shown.isEqualNode(child)) shown.replaceWith(child);
  }
}
