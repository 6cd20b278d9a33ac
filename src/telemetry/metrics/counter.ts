import { type Labels, line, type Sample } from './exposition.ts';

/** A number that only grows, for one combination of label values. Shown as 0 from when it exists. */
export class Counter {
  readonly #labels: Labels;
  readonly #refuse: () => void;
  #value = 0;

  constructor(labels: Labels, refuse: () => void) {
    this.#labels = labels;
    this.#refuse = refuse;
  }

  /** @param by 0 or more. What is not is left out and reported: it would look like a restart, or stay for ever. */
  increment(by = 1): void {
    if (by >= 0 && by < Infinity) this.#value += by;
    else this.#refuse();
  }

  samples(): Sample[] {
    return [line(this.#labels, this.#value)];
  }
}
