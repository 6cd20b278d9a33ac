import { type Labels, line, type Sample } from './exposition.ts';

/** A number that rises and falls, for one combination of label values. It starts at 0. */
export class Gauge {
  readonly #labels: Labels;
  readonly #refuse: () => void;
  #value = 0;

  constructor(labels: Labels, refuse: () => void) {
    this.#labels = labels;
    this.#refuse = refuse;
  }

  set(value: number): void {
    if (Number.isFinite(value)) this.#value = value;
    else this.#refuse();
  }

  /** @param difference negative to decrease the gauge */
  add(difference: number): void {
    this.set(this.#value + difference);
  }

  samples(): Sample[] {
    return [line(this.#labels, this.#value)];
  }
}
