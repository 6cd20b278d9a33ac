import { connectPrometheus, type Prometheus, type ReportedRule } from './prometheus.ts';

/** Where a Prometheus may run. */
export interface PrometheusPlace {
  url: string;
  /** false: it is only where that of the stack listens, and must prove that it scrapes this service. */
  isGiven: boolean;
}

/** Asks a Prometheus for the state of the rules, again and again. */
export interface PrometheusWatch {
  /** undefined while no Prometheus evaluates the rules. */
  current(): { prometheus: Prometheus; rules: readonly ReportedRule[] } | undefined;
  /** Why there is none. */
  reason(): string;
  close(): void;
}

/** Milliseconds between two questions, and while there is no answer. */
const interval = 3000;
const slowInterval = 10_000;

/**
 * @param place undefined looks for none
 * @param names the alerts of the project
 * @param metricsUrl where the console itself reads the service's metrics
 */
export function watchPrometheus(
  place: PrometheusPlace | undefined,
  names: ReadonlySet<string>,
  metricsUrl: () => string | undefined,
): PrometheusWatch {
  const prometheus = place && connectPrometheus(place.url);
  let current: ReturnType<PrometheusWatch['current']>;
  let reason =
    place === undefined ? 'No Prometheus is configured.' : `Looking for a Prometheus at ${place.url}.`;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function look(): Promise<void> {
    if (!prometheus || !place) return;
    try {
      const rules = (await prometheus.rules()).filter(({ name }) => names.has(name));
      const { url, isGiven } = place;
      if (rules.length === 0) forget(`The Prometheus at ${url} has none of the project's rules.`);
      else if (!isGiven && !(await scrapesService(prometheus)))
        forget(
          `The Prometheus at ${url} does not scrape this service. CONSOLE_PROMETHEUS_URL uses it all the same.`,
        );
      else current = { prometheus, rules };
    } catch (error) {
      const why = error instanceof Error ? error.message || error.name : String(error);
      forget(`No Prometheus answers at ${place.url}${place.isGiven ? `: ${why}` : ''}.`);
    }
    if (!closed) timer = setTimeout(() => void look(), current ? interval : slowInterval).unref();
  }

  function forget(why: string): void {
    current = undefined;
    reason = why;
  }

  /** By the port, since a Prometheus in a container knows the service by another name. */
  async function scrapesService({ targets }: Prometheus): Promise<boolean> {
    const own = metricsUrl();
    if (own === undefined) return false;
    const port = portOf(new URL(own).host);
    return (await targets()).some((host) => portOf(host) === port);
  }

  void look();
  return {
    current: () => current,
    reason: () => (current ? '' : reason),
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

const portOf = (host: string): string => host.split(':').at(-1) ?? '';
