import { type Labels, line, type Sample } from './exposition.ts';

/** A number that only grows, for one combination of label values. It starts at 0. */
export class Counter {
  readonly #labels: Labels;
  readonly #refuse: () => void;
  #value = 0;

  constructor(labels: Labels, refuse: () => void) {
    this.#labels = labels;
    this.#refuse = refuse;
  }

  /**
   * @param by 0 or more. Any other value is dropped and reported: a negative one would look like a restart, and a NaN
   *   would stay until the process ends
   */
  increment(by = 1): void {
    if (by >= 0 && by < Infinity) this.#value += by;
    else this.#refuse();
  }

  samples(): Sample[] {
    return [line(this.#labels, this.#value)];
  }
}
