import type { Labels } from './exposition.ts';

/** Why a label combination got no child of its own: there are too many, or a value is not fit to be a label. */
export type Refusal = 'cardinality' | 'label';

/** Characters. A label is a name out of a short list, not a text. */
const longestValue = 128;

/** What all combinations beyond the bound have in common. */
const otherValue = 'other';

/**
 * The children of a metric, one per combination of label values, and never more than `limit` and one: what comes
 * later shares a last child, whose label values are all `other`. So whatever a client makes up costs no memory here
 * and no series in Prometheus.
 */
export class Children<Child> {
  /** A tree, one level per label: looked up without making a key, whose hash would cost more than all the rest. */
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
      throw new TypeError(`There are ${values.length} values for the labels [${this.#names.join(', ')}].`);
    }
    if (!values.every(isLabelValue)) return this.#other('label');
    if (this.#all.length >= this.#limit) return this.#other('cardinality');
    return this.#add(values);
  }

  #other(reason: Refusal): Child {
    this.#refused(reason);
    const values = this.#names.map(() => otherValue);
    // May be there already: a caller can mean it, too.
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
