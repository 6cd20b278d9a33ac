import { type Metric, Registry, type RegistryContentType } from 'prom-client';

/** By label name. */
export type Labels = Readonly<Record<string, string>>;

/** One line of the exposition, in the shape that prom-client renders. */
export interface Sample {
  /** Only if it differs from the name of the metric. */
  metricName?: string;
  labels: Labels;
  /** Must be the same object at every scrape: prom-client caches the rendered text by it. */
  sharedLabels: Labels;
  value: number;
  exemplar?: Exemplar;
}

/** A trace that stands for the values of a bucket. */
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
  /** Called at every scrape. It must settle, because the scrape waits for it. */
  samples(): Sample[] | Promise<Sample[]>;
  shown?: Shown;
}

/** What of a metric the names of the service show, if more is recorded for those of the semantic conventions. */
export interface Shown {
  /** The labels that they leave out. */
  detail: readonly string[];
  /** The upper bounds that they keep. */
  buckets: readonly number[] | undefined;
}

/** A metric with its series, as the registry gives it in JSON. */
export interface Family extends Pick<Exposed, 'name' | 'help' | 'type' | 'shown'> {
  values: readonly Sample[];
}

/** Everything that a registry has, with what is recorded for the semantic conventions alone. */
export async function familiesOf(registry: Registry<RegistryContentType>): Promise<Family[]> {
  // Its types have no exemplars, and no field of ours.
  return (await registry.getMetricsAsJSON()) as unknown as Family[];
}

/**
 * Makes prom-client render a metric that is not one of its own: its registry needs nothing but this object.
 *
 * @throws {Error} if the registry already has a metric of that name
 */
export function expose(
  registry: Registry<RegistryContentType>,
  { name, help, type, samples, shown }: Exposed,
): void {
  const describe = (values: Sample[]) => ({ name: familyName(), help, type, aggregator: 'sum', values });
  // prom-client appends `_total` to the name of a counter in OpenMetrics only.
  const familyName = () =>
    type === 'counter' && registry.contentType === Registry.OPENMETRICS_CONTENT_TYPE
      ? name.replace(/_total$/, '')
      : name;

  const metric = {
    name,
    help,
    type,
    aggregator: 'sum',
    getForPromString: async () => describe(await samples()),
    // For JSON, which does not know shared labels.
    get: async () => ({
      ...describe((await samples()).map(unshare)),
      name,
      ...(shown && { shown }),
    }),
  };
  // Its types accept its own classes only; its code needs no more than the above.
  registry.registerMetric(metric as unknown as Metric);
}

function unshare({ sharedLabels, ...sample }: Sample): Sample {
  return { ...sample, labels: sharedLabels, sharedLabels: none };
}
