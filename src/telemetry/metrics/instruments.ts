import type { Registry, RegistryContentType } from 'prom-client';
import { Children, type Refusal } from './children.ts';
import { Counter } from './counter.ts';
import { type Exposed, expose, type Labels, type Sample } from './exposition.ts';
import { Gauge } from './gauge.ts';
import { Histogram } from './histogram.ts';

/**
 * Counters, gauges and histograms that prom-client renders but does not record. Why not its own: they have no bound on
 * label combinations, so a client that makes up values would grow memory and the number of series without end, and no
 * minimum age of an exemplar, so every sampled request would replace one and mark its trace. Speed comes second: a
 * record on a kept child takes 2 to 9 ns here and 230 to 490 ns there (docs/benchmarks/metrics.md).
 */
export interface Instruments {
  /** Whether what only the semantic conventions show is recorded, too. */
  readonly detailed: boolean;
  /** @throws {TypeError} on a definition that Prometheus would not take */
  counter<const Names extends LabelNames = [], const Detail extends LabelNames = []>(
    definition: Collected<Names, Detail, Counter>,
  ): Metric<Names, Counter, Detail>;
  /** @throws {TypeError} on a definition that Prometheus would not take */
  gauge<const Names extends LabelNames = [], const Detail extends LabelNames = []>(
    definition: Collected<Names, Detail, Gauge>,
  ): Metric<Names, Gauge, Detail>;
  /** @throws {TypeError} on a definition that Prometheus would not take */
  histogram<const Names extends LabelNames = [], const Detail extends LabelNames = []>(
    definition: Definition<Names, Detail> & {
      /** Ascending upper bounds in the unit of the values, without the infinite one. */
      buckets: readonly number[];
      /** Those that the semantic conventions advise, recorded besides if anybody is shown them. Default: none. */
      advised?: readonly number[] | undefined;
    },
  ): Metric<Names, Histogram, Detail>;
}

type LabelNames = readonly string[];

export interface Metric<Names extends LabelNames, Child, Detail extends LabelNames = []> {
  /**
   * The child for these label values, in the order of the label names. Scrapes show it from now on. Beyond the bound on
   * combinations, and for a value that cannot be a label, it is the child whose values are all `other`. Labels of `detail`
   * have values if and only if the instruments are {@link Instruments.detailed}.
   */
  child(...values: Strings<Names> | Strings<[...Names, ...Detail]>): Child;
}

type Strings<Names extends LabelNames> = { [Index in keyof Names]: string };

interface Definition<Names extends LabelNames, Detail extends LabelNames> {
  name: string;
  /** One line, without double quotes. */
  help: string;
  labels?: Names;
  /** Further labels, which only the semantic conventions show. */
  detail?: Detail;
}

interface Collected<Names extends LabelNames, Detail extends LabelNames, Child>
  extends Definition<Names, Detail> {
  /**
   * Called at every scrape to update the metric. It must settle, because the scrape waits for it. If it fails, that
   * scrape lacks this metric, instead of showing an old value, and has all others.
   */
  collect?: (metric: Metric<Names, Child, Detail>) => void | Promise<void>;
}

/** A record that a metric refused, or holds under `other`. */
export interface Drop {
  metric: string;
  /**
   * `cardinality`, `label`: recorded under `other`, and reported whenever a caller resolves such a child · `value`: not
   * a valid number · `collect`: missing from a scrape.
   */
  reason: Refusal | 'value' | 'collect';
  /** The error of `collect`. */
  error?: unknown;
}

export interface InstrumentOptions {
  /** Whether what only the semantic conventions show is recorded, too. Default false. */
  detailed?: boolean;
  /** Upper bound of label combinations per metric, besides `other`. A histogram has all its buckets for each. */
  maxChildren?: number;
  /** Milliseconds that an exemplar stays before a newer one may replace it. Default 0: the newest is shown. */
  exemplarInterval?: number;
  /** Reports every record that is refused. It runs on the hot path. */
  onDrop?: (drop: Drop) => void;
}

export function createInstruments(
  registry: Registry<RegistryContentType>,
  { detailed = false, maxChildren = 1000, exemplarInterval = 0, onDrop = () => {} }: InstrumentOptions = {},
): Instruments {
  function define<
    const Names extends LabelNames,
    const Detail extends LabelNames,
    Child extends { samples(): Sample[] },
  >(
    type: Exposed['type'],
    { name, help, labels, detail, collect }: Collected<Names, Detail, Child>,
    create: (labels: Labels, refuse: () => void) => Child,
    buckets?: readonly number[],
  ): Metric<Names, Child, Detail> {
    const all = [...(labels ?? []), ...(detail ?? [])];
    check(type, name, help, all);
    const refuse = () => onDrop({ metric: name, reason: 'value' });
    const children = new Children<Child>(detailed ? all : (labels ?? []), maxChildren, {
      create: (own) => create(own, refuse),
      refused: (reason) => onDrop({ metric: name, reason }),
    });
    const metric: Metric<Names, Child, Detail> = { child: (...values) => children.resolve(values) };
    const samples = () => children.all().flatMap((child) => child.samples());

    expose(registry, {
      name,
      help,
      type,
      ...(detailed && { shown: { detail: detail ?? [], buckets } }),
      samples: collect
        ? async () => {
            try {
              await collect(metric);
            } catch (error) {
              onDrop({ metric: name, reason: 'collect', error });
              return [];
            }
            return samples();
          }
        : samples,
    });
    return metric;
  }

  return {
    detailed,
    counter: (definition) => define('counter', definition, (...parts) => new Counter(...parts)),
    gauge: (definition) => define('gauge', definition, (...parts) => new Gauge(...parts)),
    histogram(definition) {
      const { name, buckets, advised = [] } = definition;
      checkBuckets(name, buckets);
      const bounds = detailed ? [...new Set([...buckets, ...advised])].toSorted((a, b) => a - b) : buckets;
      return define(
        'histogram',
        definition,
        (labels, refuse) => new Histogram(name, labels, bounds, refuse, exemplarInterval),
        buckets,
      );
    },
  };
}

/** A definition that Prometheus would refuse or misread fails at start instead of at the first scrape. */
function check(type: Exposed['type'], name: string, help: string, labels: LabelNames): void {
  const require = (held: boolean, rule: string) => {
    if (!held) throw new TypeError(`Metric ${name}: ${rule}`);
  };
  require(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name), 'not a valid metric name.');
  require(name.endsWith('_total') === (type === 'counter'), 'counters, and only they, end in _total.');
  require(/^[^"\n]+$/.test(help), 'the help must be one line without double quotes.');
  for (const label of labels) {
    require(/^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/.test(label), `"${label}" is not a valid label name.`);
    require(type !== 'histogram' || label !== 'le', 'the label "le" is reserved for the buckets.');
  }
  require(new Set(labels).size === labels.length, 'a label name is repeated.');
}

function checkBuckets(name: string, bounds: readonly number[]): void {
  const ascending = bounds.every((bound, index) => bound > (bounds[index - 1] ?? 0) && bound < Infinity);
  if (bounds.length === 0 || !ascending) {
    throw new TypeError(`Metric ${name}: the buckets must be positive, finite and ascending.`);
  }
}
