/** The row of a list that the keyboard has selected. */
export interface Selection {
  /** The key of the row; empty if no row is selected. */
  readonly key: string;
  /** `j` and the arrow down select the next row, `k` and the arrow up the previous one. @returns whether it has used the key */
  move(key: string): boolean;
  /** Selects a row that was clicked. */
  select(key: string): void;
  clear(): void;
  /** Marks the selected row again, after the rows have changed. */
  mark(): void;
}

const steps: Readonly<Record<string, number>> = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };

/**
 * The list is one stop of the tabulator: of its links and buttons only those of the selected row, or else of the first,
 * can be reached by it.
 *
 * @param parent contains the rows, each with its key in `data-key`
 */
export function createSelection(parent: Element, onChange: (key: string) => void): Selection {
  let selected = '';

  const rows = () => [...parent.children].filter((each) => each instanceof HTMLElement);

  function mark(): void {
    const all = rows();
    const known = selected !== '' && all.some((row) => row.dataset['key'] === selected);
    for (const [index, row] of all.entries()) {
      const isSelected = row.dataset['key'] === selected && selected !== '';
      row.classList.toggle('selected', isSelected);
      const isReached = known ? isSelected : index === 0;
      for (const each of row.querySelectorAll<HTMLElement>('a, button')) each.tabIndex = isReached ? 0 : -1;
    }
  }

  function select(key: string): void {
    selected = key;
    mark();
    onChange(key);
  }

  return {
    get key() {
      return selected;
    },
    move(key) {
      const step = steps[key];
      // Outside the list, the arrows scroll the page.
      if (step === undefined || (key.startsWith('Arrow') && !parent.contains(document.activeElement)))
        return false;
      const all = rows();
      const at = all.findIndex((row) => row.dataset['key'] === selected);
      const next = all[at === -1 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1)];
      if (next?.dataset['key'] !== undefined) {
        select(next.dataset['key']);
        next.scrollIntoView({ block: 'nearest' });
        // The focus goes along, so that it does not stay on a row that is out of sight.
        if (parent.contains(document.activeElement)) next.querySelector<HTMLElement>('a, button')?.focus();
      }
      return true;
    },
    select,
    clear: () => select(''),
    mark,
  };
}
