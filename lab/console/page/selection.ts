/** The row of a list that the keyboard has selected. */
export interface Selection {
  /** The key of the row; empty if no row is selected. */
  readonly key: string;
  /** `j` moves down, `k` moves up. @returns whether the key was one of them */
  move(key: string): boolean;
  clear(): void;
  /** Marks the selected row again, after the rows have changed. */
  mark(): void;
}

/** @param parent contains the rows, each with its key in `data-key` */
export function createSelection(parent: Element, onChange: (key: string) => void = () => {}): Selection {
  let selected = '';

  const rows = () => [...parent.children].filter((each) => each instanceof HTMLElement);

  function mark(): void {
    for (const row of rows())
      row.classList.toggle('selected', row.dataset['key'] === selected && selected !== '');
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
      const step = key === 'j' ? 1 : key === 'k' ? -1 : 0;
      if (step === 0) return false;
      const all = rows();
      const at = all.findIndex((row) => row.dataset['key'] === selected);
      const next = all[at === -1 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1)];
      if (next?.dataset['key'] !== undefined) {
        select(next.dataset['key']);
        next.scrollIntoView({ block: 'nearest' });
      }
      return true;
    },
    clear: () => select(''),
    mark,
  };
}
