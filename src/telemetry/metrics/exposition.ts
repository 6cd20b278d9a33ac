import { type Metric, Registry, type RegistryContentType } from 'prom-client';

/** By label name. */
export type Labels = Readonly<Record<string, string>>;

/** One line of the exposition, in the shape that prom-client renders. */
export interface Sample {
  /** Where it is not that of the metric. */
  metricName?: string;
  labels: Labels;
  /** Must stay the same object from scrape to scrape: prom-client keeps the rendered text by it. */
  sharedLabels: Labels;
  value: number;
  exemplar?: Exemplar;
}

/** A trace that shows what a bucket is made of. */
export interface Exemplar {
  labelSet: Labels;
  value: number;
  /** Seconds since 1970. */
  timestamp: number;
}

const none: Labels = {};

export function line(sharedLabels: Labels, value: number, metricName?: string): Sample {
  return { labels: none, sharedLabels, value, ...(metricName !== undefined && { metricName }) };
}

export interface Exposed {
  name: string;
  help: string;
  type: 'counter' | 'gauge' | 'histogram';
  /** Asked at every scrape; must settle, because the scrape waits for it. */
  samples(): Sample[] | Promise<Sample[]>;
}

/**
 * Makes prom-client render a metric that is not one of its own. All that it asks of a metric is this object.
 *
 * @throws {Error} where the registry knows a metric of that name already
 */
export function expose(
  registry: Registry<RegistryContentType>,
  { name, help, type, samples }: Exposed,
): void {
  const describe = (values: Sample[]) => ({ name: familyName(), help, type, aggregator: 'sum', values });
  // To a counter's name prom-client appends `_total` in one of its two formats only.
  const familyName = () =>
    type === 'counter' && registry.contentType === Registry.OPENMETRICS_CONTENT_TYPE
      ? name.replace(/_total$/, '')
      : name;

  const metric = {
    // Where prom-client finds it, and overwrites it with the family name: not to be read again.
    name,
    help,
    type,
    aggregator: 'sum',
    getForPromString: async () => describe(await samples()),
    // Asked for JSON, where shared labels are not known.
    get: async () => describe((await samples()).map(unshare)),
  };
  // Its types know its own classes only, where its code asks for no more than the above.
  registry.registerMetric(metric as unknown as Metric);
}

function unshare({ sharedLabels, ...sample }: Sample): Sample {
  return { ...sample, labels: sharedLabels, sharedLabels: none };
}
