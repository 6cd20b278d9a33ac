import { type Exemplar, type Labels, line, type Sample } from './exposition.ts';

/** How often values fell into which range, for one combination of label values. */
export class Histogram {
  readonly #name: string;
  readonly #labels: Labels;
  readonly #refuse: () => void;
  /** Upper bounds, themselves included. The last is infinite, so that the search needs no other end. */
  readonly #bounds: Float64Array;
  readonly #bucketLabels: Labels[];
  /** Per bucket, not yet added up from the lowest one. */
  readonly #counts: Float64Array;
  #sum = 0;
  #exemplars: Exemplars | undefined;

  /** @param bounds positive, ascending, without the infinite one */
  constructor(name: string, labels: Labels, bounds: readonly number[], refuse: () => void) {
    this.#name = name;
    this.#labels = labels;
    this.#refuse = refuse;
    this.#bounds = Float64Array.of(...bounds, Infinity);
    this.#bucketLabels = Array.from(this.#bounds, (bound) => ({ ...labels, le: show(bound) }));
    this.#counts = new Float64Array(this.#bounds.length);
  }

  /**
   * Allocates nothing, but for the first exemplar.
   *
   * @param value 0 or more. What is not is left out and reported: a single NaN would spoil the sum for ever.
   * @param traceId of a trace that is kept: it becomes the example of its bucket, in place of the one before
   */
  observe(value: number, traceId?: string): void {
    if (!(value >= 0 && value < Infinity)) {
      this.#refuse();
      return;
    }
    // For a dozen buckets, most values being in the lower ones, faster than a binary search.
    let bucket = 0;
    while (value > (this.#bounds[bucket] ?? Infinity)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
    if (traceId !== undefined) {
      this.#exemplars ??= new Exemplars(this.#counts.length);
      this.#exemplars.keep(bucket, value, traceId);
    }
  }

  samples(): Sample[] {
    let count = 0;
    const buckets = this.#bucketLabels.map((labels, bucket) => {
      count += this.#counts[bucket] ?? 0;
      const sample = line(labels, count, `${this.#name}_bucket`);
      const exemplar = this.#exemplars?.of(bucket);
      return exemplar ? { ...sample, exemplar } : sample;
    });
    return [
      ...buckets,
      line(this.#labels, this.#sum, `${this.#name}_sum`),
      line(this.#labels, count, `${this.#name}_count`),
    ];
  }
}

/** The newest example of each bucket, in columns: what a request leaves here is made an object when it is asked for. */
class Exemplars {
  /** Empty where there is none yet. */
  readonly #traceIds: string[];
  readonly #values: Float64Array;
  /** Milliseconds since 1970. */
  readonly #times: Float64Array;

  constructor(buckets: number) {
    this.#traceIds = Array.from({ length: buckets }, () => '');
    this.#values = new Float64Array(buckets);
    this.#times = new Float64Array(buckets);
  }

  keep(bucket: number, value: number, traceId: string): void {
    this.#traceIds[bucket] = traceId;
    this.#values[bucket] = value;
    this.#times[bucket] = Date.now();
  }

  of(bucket: number): Exemplar | undefined {
    const traceId = this.#traceIds[bucket];
    const value = this.#values[bucket];
    const time = this.#times[bucket];
    if (!traceId || value === undefined || time === undefined) return undefined;
    return { labelSet: { trace_id: traceId }, value, timestamp: time / 1000 };
  }
}

/** As OpenMetrics wants it, in both formats, so that a bucket keeps its name whoever asks: `1.0`, not `1`. */
function show(bound: number): string {
  if (bound === Infinity) return '+Inf';
  return Number.isInteger(bound) ? bound.toFixed(1) : String(bound);
}
