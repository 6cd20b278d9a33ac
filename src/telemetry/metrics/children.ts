import type { Labels } from './exposition.ts';

/** Why a label combination gets no child of its own: there are too many, or a value cannot be a label. */
export type Refusal = 'cardinality' | 'label';

/** Characters. A label is a name from a short list, not free text. */
const longestValue = 128;

/** The value of all labels for combinations beyond the bound. */
const otherValue = 'other';

/**
 * The children of a metric, one per combination of label values, and at most `limit` + 1: all later combinations share
 * a last child, whose label values are all `other`. Why not prom-client's: it has no such bound, so values that a client
 * makes up would cost memory here and series in Prometheus.
 */
export class Children<Child> {
  /** A tree with one level per label. A map would need a joined key, and hashing that costs more than the lookup. */
  readonly #root: Branch<Child> = { next: new Map() };
  readonly #all: Child[] = [];
  readonly #names: readonly string[];
  readonly #limit: number;
  readonly #create: (labels: Labels) => Child;
  readonly #refused: (reason: Refusal) => void;

  constructor(
    names: readonly string[],
    limit: number,
    parts: { create: (labels: Labels) => Child; refused: (reason: Refusal) => void },
  ) {
    this.#names = names;
    this.#limit = limit;
    this.#create = parts.create;
    this.#refused = parts.refused;
  }

  /** @param values in the order of the names */
  resolve(values: readonly string[]): Child {
    return this.#find(values) ?? this.#admit(values);
  }

  all(): readonly Child[] {
    return this.#all;
  }

  #find(values: readonly string[]): Child | undefined {
    let branch: Branch<Child> | undefined = this.#root;
    for (const value of values) branch = branch?.next.get(value);
    return branch?.child;
  }

  #admit(values: readonly string[]): Child {
    if (values.length !== this.#names.length) {
      throw new TypeError(`${values.length} values were given for the labels [${this.#names.join(', ')}].`);
    }
    if (!values.every(isLabelValue)) return this.#other('label');
    if (this.#all.length >= this.#limit) return this.#other('cardinality');
    return this.#add(values);
  }

  #other(reason: Refusal): Child {
    this.#refused(reason);
    const values = this.#names.map(() => otherValue);
    // It may exist already: a caller can pass `other` itself.
    return this.#find(values) ?? this.#add(values);
  }

  #add(values: readonly string[]): Child {
    let branch = this.#root;
    for (const value of values) {
      const next = branch.next.get(value) ?? { next: new Map() };
      branch.next.set(value, next);
      branch = next;
    }
    const child = this.#create(
      Object.fromEntries(this.#names.map((name, index) => [name, values[index] ?? ''])),
    );
    branch.child = child;
    this.#all.push(child);
    return child;
  }
}

interface Branch<Child> {
  next: Map<string, Branch<Child>>;
  child?: Child;
}

function isLabelValue(value: string): boolean {
  return value.length <= longestValue && value.isWellFormed();
}
