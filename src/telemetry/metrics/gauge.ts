import { type Labels, line, type Sample } from './exposition.ts';

/** A number that rises and falls, for one combination of label values. It starts at 0. */
export class Gauge {
  readonly #labels: Labels;
  readonly #refuse: () => void;
  #value: number | undefined = 0;

  constructor(labels: Labels, refuse: () => void) {
    this.#labels = labels;
    this.#refuse = refuse;
  }

  /** @param value undefined if it is not known: then there is no sample, until it is set again */
  set(value: number | undefined): void {
    if (value === undefined || Number.isFinite(value)) this.#value = value;
    else this.#refuse();
  }

  /** @param difference negative to decrease the gauge */
  add(difference: number): void {
    this.set((this.#value ?? 0) + difference);
  }

  samples(): Sample[] {
    return this.#value === undefined ? [] : [line(this.#labels, this.#value)];
  }
}
