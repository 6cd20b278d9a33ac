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
  readonly #exemplarInterval: number;
  #sum = 0;
  #exemplars: Exemplars | undefined;

  /**
   * @param bounds positive, ascending, without the infinite one
   * @param exemplarInterval milliseconds
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
   * Allocates nothing, but for the first exemplar.
   *
   * @param value 0 or more. What is not is left out and reported: a single NaN would spoil the sum for ever.
   * @param traceId of a trace that is recorded: it becomes the example of its bucket, unless the one before is younger
   *   than the interval
   * @returns whether it did: then somebody will want to see that trace
   */
  observe(value: number, traceId?: string): boolean {
    if (!(value >= 0 && value < Infinity)) {
      this.#refuse();
      return false;
    }
    // For a dozen buckets, most values being in the lower ones, faster than a binary search.
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

/** An example of each bucket, in columns: what a request leaves here is made an object when it is asked for. */
class Exemplars {
  /** Empty where there is none yet. */
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

  /** @returns whether it is the example now */
  offer(bucket: number, value: number, traceId: string): boolean {
    const now = Date.now();
    // Of either sign: a clock that was set back must not keep an old example for as long.
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

/** As OpenMetrics wants it, in both formats, so that a bucket keeps its name whoever asks: `1.0`, not `1`. */
function show(bound: number): string {
  if (bound === Infinity) return '+Inf';
  return Number.isInteger(bound) ? bound.toFixed(1) : String(bound);
}
