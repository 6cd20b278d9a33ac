import { fill, h, setAttribute } from './h.ts';
import type { Address, Page } from './view.ts';

export interface Column<T> {
  /** Unique within its list; empty for a column that cannot be sorted. */
  name: string;
  label: string;
  /** Compares in ascending order. */
  compare?: (a: T, b: T) => number;
}

export interface SortHead<T> {
  element: HTMLElement;
  sorted(items: readonly T[]): T[];
  /** Whether the list is in the order in which it arrives. */
  isUsual(): boolean;
}

type Direction = 'ascending' | 'descending';

/**
 * The heads of a list's columns. A click sorts by one, a second click turns the order, a third returns to the usual one.
 *
 * @param list CSS class of the list, whose columns it shares
 */
export function createSortHead<T>(
  list: string,
  columns: ReadonlyArray<Column<T>>,
  { address, page }: { address: Address; page: Page },
  onChange: () => void,
): SortHead<T> {
  let chosen: Choice<T> | undefined = chosenBy(columns, address.query.get('sort') ?? '');
  const heads = columns.map((column) => ({
    column,
    button: h('button', { type: 'button', on: { click: () => turn(column) } }, column.label),
  }));

  function turn(column: Column<T>): void {
    const isSame = chosen?.column === column;
    if (isSame && chosen?.direction === 'ascending') chosen = undefined;
    else chosen = { column, direction: isSame ? 'ascending' : 'descending' };
    mark();
    page.choose({ sort: orderOf(chosen) });
    onChange();
  }

  function mark(): void {
    for (const { column, button } of heads) {
      const direction = chosen?.column === column ? chosen.direction : undefined;
      const sign = direction === undefined ? '' : direction === 'ascending' ? ' ↑' : ' ↓';
      fill(button, column.label, h('span', { 'aria-hidden': 'true' }, sign));
      setAttribute(
        button,
        'aria-label',
        `Sort by ${column.label}${direction === undefined ? '' : `: ${direction}`}`,
      );
      button.setAttribute('aria-pressed', String(direction !== undefined));
    }
  }

  mark();
  return {
    element: h(
      'div',
      { class: `head ${list}`, role: 'group', 'aria-label': 'Sort' },
      ...heads.map(({ column, button }) => (column.compare ? button : h('span', {}, column.label))),
    ),
    sorted(items) {
      const compare = chosen?.column.compare;
      if (!chosen || !compare) return [...items];
      const sign = chosen.direction === 'ascending' ? 1 : -1;
      return items.toSorted((a, b) => sign * compare(a, b));
    },
    isUsual: () => chosen === undefined,
  };
}

interface Choice<T> {
  column: Column<T>;
  direction: Direction;
}

/** As it stands in the address: the name of the column, with a `-` before it if downwards. */
function orderOf<T>(choice: Choice<T> | undefined): string {
  return choice ? `${choice.direction === 'ascending' ? '' : '-'}${choice.column.name}` : '';
}

function chosenBy<T>(columns: ReadonlyArray<Column<T>>, order: string): Choice<T> | undefined {
  const found = columns.flatMap((column) =>
    (['ascending', 'descending'] as const).map((direction) => ({ column, direction })),
  );
  return order === '' ? undefined : found.find((each) => orderOf(each) === order);
}
