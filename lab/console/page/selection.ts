/** The row of a list that the keyboard is at. */
export interface Selection {
  /** The key of the row; empty where there is none. */
  readonly key: string;
  /** `j` is one down, `k` one up. @returns whether the key meant that */
  move(key: string): boolean;
  clear(): void;
  /** To be called when the rows have changed. */
  mark(): void;
}

/** @param parent its children are the rows, each with its key in `data-key` */
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
