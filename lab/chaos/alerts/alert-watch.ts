import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { heartbeat } from '../experiment.ts';
import { runPrometheus } from '../../harness/prometheus.ts';
import { scaleRules, type TimeScale } from './scale-rules.ts';

/** One period during which an alert with these labels was active. Times by `performance.now()`. */
export interface AlertHistory {
  alert: string;
  labels: Readonly<Record<string, string>>;
  pendingAt: number;
  firingAt?: number;
  goneAt?: number;
}

/** A Prometheus that scrapes the environment and evaluates the project's rules. */
export interface AlertWatch extends AsyncDisposable {
  scale: TimeScale;
  histories(): readonly AlertHistory[];
  /** Whether rules are evaluated and the service is scraped. Prometheus discovers its targets only after 5 s. */
  isWatching(): boolean;
}

const rulesFolder = path.resolve(import.meta.dirname, '../../../prometheus/rules');

/** Seconds between two scrapes. A rule's scaled window of a minute must hold a few of them. */
const scrapeInterval = (scale: TimeScale) => Math.min(5, Math.max(0.5, 15 / scale));
/** Milliseconds between two polls of the active alerts. */
const pollInterval = 250;

/** @param options.targets addresses such as `127.0.0.1:7071`, by the name of their job in prometheus.yml */
export async function watchAlerts(options: {
  command: string;
  targets: Targets;
  scale: TimeScale;
  /** `host:port` of an Alertmanager that gets the alerts. */
  alertmanager?: string;
}): Promise<AlertWatch> {
  const { command, targets, scale, alertmanager } = options;
  await using started = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(tmpdir(), 'orders-alerts-'));
  started.defer(() => rm(folder, { recursive: true, force: true }));
  await mkdir(path.join(folder, 'rules'));
  for (const name of await readdir(rulesFolder)) {
    const text = await readFile(path.join(rulesFolder, name), 'utf8');
    await writeFile(path.join(folder, 'rules', name), scaleRules(text, scale));
  }
  const { url, stop } = await runPrometheus({
    command,
    folder,
    configuration: configuration(targets, scale, alertmanager),
  });
  started.defer(stop);
  const watch = pollAlerts(url, scale);
  started.use(watch);

  const owned = started.move();
  return { ...watch, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

type Targets = Readonly<Record<string, readonly string[]>>;

function configuration(targets: Targets, scale: TimeScale, alertmanager: string | undefined) {
  const interval = `${1000 * scrapeInterval(scale)}ms`;
  return {
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    rule_files: ['rules/*.yml'],
    ...(alertmanager !== undefined && {
      alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
    }),
    scrape_configs: Object.entries(targets).map(([job, addresses]) => ({
      job_name: job,
      static_configs: [{ targets: addresses }],
    })),
  };
}

interface ReportedAlert {
  labels: Record<string, string>;
  state: 'pending' | 'firing';
}

/** Polls a Prometheus for active alerts. @see https://prometheus.io/docs/prometheus/latest/querying/api/#alerts */
export function pollAlerts(url: string, scale: TimeScale): AlertWatch {
  const histories: AlertHistory[] = [];
  /** The currently active alerts, by their labels. */
  const present = new Map<string, AlertHistory>();
  const ending = new AbortController();
  const has = (name: string) => [...present.values()].some(({ alert }) => alert === name);

  async function look(): Promise<void> {
    const response = await fetch(`${url}/api/v1/alerts`, { signal: AbortSignal.timeout(2000) });
    const { data } = (await response.json()) as { data: { alerts: ReportedAlert[] } };
    const now = performance.now();
    const seen = new Map(data.alerts.map((alert) => [JSON.stringify(alert.labels), alert]));
    for (const [key, { labels, state }] of seen) {
      let history = present.get(key);
      if (history === undefined) {
        history = { alert: labels['alertname'] ?? '', labels, pendingAt: now };
        histories.push(history);
        present.set(key, history);
      }
      if (state === 'firing') history.firingAt ??= now;
    }
    for (const [key, history] of present) {
      if (seen.has(key)) continue;
      history.goneAt = now;
      present.delete(key);
    }
  }

  const polling = (async () => {
    while (!ending.signal.aborted) {
      // A busy Prometheus may not answer in time; the next poll will.
      await look().catch(() => {});
      await delay(pollInterval, undefined, { signal: ending.signal }).catch(() => {});
    }
  })();
  return {
    scale,
    histories: () => histories,
    isWatching: () => has(heartbeat) && !has('ServiceDown'),
    async [Symbol.asyncDispose]() {
      ending.abort();
      await polling;
    },
  };
}
