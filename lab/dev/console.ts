import path from 'node:path';
import type { Targets } from '../console/targets.ts';
import { heapEnvironment, heapOptions } from '../console/heap-options.ts';
import { announcedUrl, startChild } from './child.ts';
import type { DevConfig } from './config.ts';
import { childEnvironment } from './dependencies.ts';
import type { Terminal } from './terminal.ts';

/** The console as a process of its own. */
export interface DevConsole {
  /** Address of the page, with its token. */
  pageUrl: string;
  /** Variables that make a process send its telemetry to the console; they override its own. */
  environment: DevConfig['inherited'];
  watch(targets: Targets): void;
  stop(): Promise<void>;
}

const entry = path.resolve(import.meta.dirname, '../console/main.ts');

/** Without a receiver, exporting would only fail. Traces keep their ids. */
const withoutReceiver = { OTEL_TRACES_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' };

/** Short export delays in milliseconds, so that the console shows telemetry promptly. */
const promptly = { OTEL_BSP_SCHEDULE_DELAY: '400', OTEL_BLRP_SCHEDULE_DELAY: '400' };

/** One exemplar per second gives the plot enough dots. Not for a Collector, which would keep a trace for each. */
const oftenExemplars = { EXEMPLAR_INTERVAL: '1s' };

/** The console's traffic comes from one client, and should show the service rather than its rate limit. */
const roomForTraffic = { RATE_LIMIT_MAX: '10000' };

/** @throws {StartupError} */
export async function startConsole(
  config: DevConfig,
  { say, showLogLine }: Terminal,
  signal: AbortSignal,
): Promise<DevConsole | undefined> {
  if (!config.console) return undefined;
  say('starting the console');
  const child = await startChild({
    name: 'The console',
    args: [...heapOptions, entry],
    env: { ...heapEnvironment, ...childEnvironment(config) },
    onLine: showLogLine,
    signal,
  });
  let stopping = false;
  // The service does not depend on the console.
  void child.ended.then((how) => {
    if (!stopping) say(`${how} The service goes on without it.`);
  });
  return {
    pageUrl: announcedUrl(child, 'pageUrl'),
    environment: sendingTo(announcedUrl(child, 'url')),
    watch: (targets) => child.send({ ...targets }),
    async stop() {
      stopping = true;
      await child.stop();
    },
  };
}

function sendingTo(url: string): DevConfig['inherited'] {
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    // The console forwards telemetry to these destinations; the service must not send there itself.
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: undefined,
    OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: undefined,
    OTEL_EXPORTER_OTLP_HEADERS: undefined,
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: undefined,
    OTEL_EXPORTER_OTLP_LOGS_HEADERS: undefined,
  };
}

/** The environment of a process that emits telemetry. */
export function telemetryEnvironment(
  config: DevConfig,
  receiver: DevConsole | undefined,
): DevConfig['inherited'] {
  if (receiver === undefined)
    return { ...(!config.hasCollector && withoutReceiver), ...childEnvironment(config) };
  return {
    ...promptly,
    ...roomForTraffic,
    ...(!config.hasCollector && oftenExemplars),
    ...childEnvironment(config),
    ...receiver.environment,
  };
}
