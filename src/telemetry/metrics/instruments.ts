import type { Registry, RegistryContentType } from 'prom-client';
import { Children, type Refusal } from './children.ts';
import { Counter } from './counter.ts';
import { type Exposed, expose, type Labels, type Sample } from './exposition.ts';
import { Gauge } from './gauge.ts';
import { Histogram } from './histogram.ts';

/**
 * Counters, gauges and histograms for the hot path, rendered by prom-client but not recorded by it: there a record
 * looks its child up by label values and checks them every time, here a caller resolves the child once and keeps it.
 */
export interface Instruments {
  /** @throws {TypeError} on a definition that Prometheus would not take */
  counter<const Names extends LabelNames = []>(definition: Collected<Names, Counter>): Metric<Names, Counter>;
  /** @throws {TypeError} on a definition that Prometheus would not take */
  gauge<const Names extends LabelNames = []>(definition: Collected<Names, Gauge>): Metric<Names, Gauge>;
  /** @throws {TypeError} on a definition that Prometheus would not take */
  histogram<const Names extends LabelNames = []>(
    definition: Definition<Names> & {
      /** Upper bounds in the unit of the values, ascending; the infinite one goes without saying. */
      buckets: readonly number[];
    },
  ): Metric<Names, Histogram>;
}

type LabelNames = readonly string[];

export interface Metric<Names extends LabelNames, Child> {
  /**
   * The child for these label values, in the order of the label names; from now on it is shown. Beyond the bound on
   * combinations, and for a value that is not fit to be a label, it is the one whose values are all `other`.
   */
  child(...values: { [Index in keyof Names]: string }): Child;
}

interface Definition<Names extends LabelNames> {
  name: string;
  /** One line, without double quotes. */
  help: string;
  labels?: Names;
}

interface Collected<Names extends LabelNames, Child> extends Definition<Names> {
  /**
   * Asked at every scrape, to bring the metric up to date. Must settle, because the scrape waits for it. Where it
   * fails, the metric is missing from that scrape, rather than old, and the other metrics are not.
   */
  collect?: (metric: Metric<Names, Child>) => void | Promise<void>;
}

/** Something that was meant for a metric and is not in it. */
export interface Drop {
  metric: string;
  /**
   * `cardinality`, `label`: recorded under `other` (told whenever such a child is asked for) · `value`: a number that
   * cannot be recorded · `collect`: the metric was missing from a scrape.
   */
  reason: Refusal | 'value' | 'collect';
  /** What `collect` failed on. */
  error?: unknown;
}

export interface InstrumentOptions {
  /** Most label combinations per metric, without the one for all others. A histogram shows each with all its buckets. */
  maxChildren?: number;
  /** Milliseconds that an exemplar stays before a newer one may take its place. Default 0: the newest is shown. */
  exemplarInterval?: number;
  /** So that what is left out shows. Called on the hot path. */
  onDrop?: (drop: Drop) => void;
}

export function createInstruments(
  registry: Registry<RegistryContentType>,
  { maxChildren = 1000, exemplarInterval = 0, onDrop = () => {} }: InstrumentOptions = {},
): Instruments {
  function define<const Names extends LabelNames, Child extends { samples(): Sample[] }>(
    type: Exposed['type'],
    { name, help, labels, collect }: Collected<Names, Child>,
    create: (labels: Labels, refuse: () => void) => Child,
  ): Metric<Names, Child> {
    check(type, name, help, labels ?? []);
    const refuse = () => onDrop({ metric: name, reason: 'value' });
    const children = new Children<Child>(labels ?? [], maxChildren, {
      create: (own) => create(own, refuse),
      refused: (reason) => onDrop({ metric: name, reason }),
    });
    const metric: Metric<Names, Child> = { child: (...values) => children.resolve(values) };
    const samples = () => children.all().flatMap((child) => child.samples());

    expose(registry, {
      name,
      help,
      type,
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
    counter: (definition) => define('counter', definition, (...parts) => new Counter(...parts)),
    gauge: (definition) => define('gauge', definition, (...parts) => new Gauge(...parts)),
    histogram(definition) {
      const { name, buckets } = definition;
      checkBuckets(name, buckets);
      return define(
        'histogram',
        definition,
        (labels, refuse) => new Histogram(name, labels, buckets, refuse, exemplarInterval),
      );
    },
  };
}

/** What Prometheus would refuse, or take for something else, is found at start and not by the scrape. */
function check(type: Exposed['type'], name: string, help: string, labels: LabelNames): void {
  const require = (held: boolean, rule: string) => {
    if (!held) throw new TypeError(`Metric ${name}: ${rule}`);
  };
  require(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name), 'that is no metric name.');
  require(name.endsWith('_total') === (type === 'counter'), 'counters, and only they, end in _total.');
  require(/^[^"\n]+$/.test(help), 'the help must be one line without double quotes.');
  for (const label of labels) {
    require(/^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/.test(label), `"${label}" is no label name.`);
    require(type !== 'histogram' || label !== 'le', 'the label "le" is that of the buckets.');
  }
  require(new Set(labels).size === labels.length, 'a label is there twice.');
}

function checkBuckets(name: string, bounds: readonly number[]): void {
  const ascending = bounds.every((bound, index) => bound > (bounds[index - 1] ?? 0) && bound < Infinity);
  if (bounds.length === 0 || !ascending) {
    throw new TypeError(`Metric ${name}: the buckets must be positive, finite and ascending.`);
  }
}
