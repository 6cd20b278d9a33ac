import { type Exemplar, type Labels, line, type Sample } from './exposition.ts';

/** How many values fell into each bucket, for one combination of label values. */
export class Histogram {
  readonly #name: string;
  readonly #labels: Labels;
  readonly #refuse: () => void;
  /** Inclusive upper bounds. The last is infinite, so the search always ends. */
  readonly #bounds: Float64Array;
  readonly #bucketLabels: Labels[];
  /** Per bucket, not cumulative as in the exposition. */
  readonly #counts: Float64Array;
  readonly #exemplarInterval: number;
  #sum = 0;
  #exemplars: Exemplars | undefined;

  /**
   * @param bounds positive and ascending, without the infinite one
   * @param exemplarInterval milliseconds before a newer exemplar may replace the one of a bucket
   */
  constructor(
    name: string,
    labels: Labels,
    bounds: readonly number[],
    refuse: () => void,
    exemplarInterval = 0,
  ) {
    this.#name = name;
    this.#exemplarInterval = exemplarInterval;
    this.#labels = labels;
    this.#refuse = refuse;
    this.#bounds = Float64Array.of(...bounds, Infinity);
    this.#bucketLabels = Array.from(this.#bounds, (bound) => ({ ...labels, le: show(bound) }));
    this.#counts = new Float64Array(this.#bounds.length);
  }

  /**
   * Allocates nothing except for the first exemplar.
   *
   * @param value 0 or more. Any other value is dropped and reported: a single NaN would make every later sum NaN
   * @param traceId of a sampled trace. It becomes the exemplar of its bucket unless the current one is younger than the
   *   interval
   * @returns whether it became the exemplar; the caller then marks that trace
   */
  observe(value: number, traceId?: string): boolean {
    if (!(value >= 0 && value < Infinity)) {
      this.#refuse();
      return false;
    }
    // Faster than a binary search for a dozen buckets, because most values fall into the lower ones.
    let bucket = 0;
    while (value > (this.#bounds[bucket] ?? Infinity)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
    if (traceId === undefined) return false;
    this.#exemplars ??= new Exemplars(this.#counts.length, this.#exemplarInterval);
    return this.#exemplars.offer(bucket, value, traceId);
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

/** One exemplar per bucket, in columns: a request writes three cells, and only a scrape allocates objects. */
class Exemplars {
  /** Empty for a bucket without an exemplar. */
  readonly #traceIds: string[];
  readonly #values: Float64Array;
  /** Milliseconds since 1970. */
  readonly #times: Float64Array;
  readonly #interval: number;

  constructor(buckets: number, interval: number) {
    this.#interval = interval;
    this.#traceIds = Array.from({ length: buckets }, () => '');
    this.#values = new Float64Array(buckets);
    this.#times = new Float64Array(buckets);
  }

  /** @returns whether it became the exemplar */
  offer(bucket: number, value: number, traceId: string): boolean {
    const now = Date.now();
    // The absolute value: after the clock is set back, an old exemplar must not stay for that much longer.
    if (Math.abs(now - (this.#times[bucket] ?? 0)) < this.#interval) return false;
    this.#traceIds[bucket] = traceId;
    this.#values[bucket] = value;
    this.#times[bucket] = now;
    return true;
  }

  of(bucket: number): Exemplar | undefined {
    const traceId = this.#traceIds[bucket];
    const value = this.#values[bucket];
    const time = this.#times[bucket];
    if (!traceId || value === undefined || time === undefined) return undefined;
    return { labelSet: { trace_id: traceId }, value, timestamp: time / 1000 };
  }
}

/** OpenMetrics demands `1.0` instead of `1`. Both formats use it, so a series has the same name in either. */
function show(bound: number): string {
  if (bound === Infinity) return '+Inf';
  return Number.isInteger(bound) ? bound.toFixed(1) : String(bound);
}
