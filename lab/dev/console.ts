import path from 'node:path';
import type { Targets } from '../console/console.ts';
import { announcedUrl, startChild } from './child.ts';
import type { DevConfig } from './config.ts';
import { childEnvironment } from './dependencies.ts';
import type { Terminal } from './terminal.ts';

/** The page that shows what the service tells about itself, as a process of its own. */
export interface DevConsole {
  /** With the token that opens it. */
  pageUrl: string;
  /** What makes a process send its telemetry there, over whatever else its environment says. */
  environment: DevConfig['inherited'];
  watch(targets: Targets): void;
  stop(): Promise<void>;
}

const entry = path.resolve(import.meta.dirname, '../console/main.ts');

/** Nobody listens at the standard address, most likely: traces still have their ids, and nothing is sent in vain. */
const withoutReceiver = { OTEL_TRACES_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' };

/** Where it is only looked at, telemetry may come as soon as it is there. */
const promptly = { OTEL_BSP_SCHEDULE_DELAY: '400', OTEL_BLRP_SCHEDULE_DELAY: '400' };

/** A dot in the plot every second. A Collector would keep a trace for each of them. */
const oftenExemplars = { EXEMPLAR_INTERVAL: '1s' };

/** What the console sends comes from one client, and is meant to show the service rather than its limit. */
const roomForTraffic = { RATE_LIMIT_MAX: '10000' };

/** @throws {StartupError} */
export async function startConsole(
  config: DevConfig,
  { say, showLogLine }: Terminal,
): Promise<DevConsole | undefined> {
  if (!config.console) return undefined;
  say('starting the console');
  const child = await startChild({
    name: 'The console',
    // It strips types for the browser as well, which Node calls experimental.
    args: ['--disable-warning=ExperimentalWarning', entry],
    env: childEnvironment(config),
    onLine: showLogLine,
  });
  let stopping = false;
  // What is looked at goes on without anybody who looks.
  void child.ended.then((how) => {
    if (!stopping) say(`${how} The service goes on without it.`);
  });
  return {
    pageUrl: announcedUrl(child, 'pageUrl'),
    environment: sendingTo(announcedUrl(child, 'url')),
    watch: (targets) => child.tell({ ...targets }),
    async stop() {
      stopping = true;
      await child.stop();
    },
  };
}

function sendingTo(url: string): DevConfig['inherited'] {
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    // The console hands on what it gets: these are for where it goes then.
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: undefined,
    OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: undefined,
    OTEL_EXPORTER_OTLP_HEADERS: undefined,
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: undefined,
    OTEL_EXPORTER_OTLP_LOGS_HEADERS: undefined,
  };
}

/** The environment of a process that may tell about itself. */
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
