import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { refuseArguments } from '../../src/arguments.ts';
import { environmentWarnings } from '../../src/config/environment-warnings.ts';
import { listen } from '../../src/http/listen.ts';
import { runProcess } from '../../src/process.ts';
import { loadTrafficConfig } from './config.ts';
import { createTraffic } from './traffic.ts';
import { createTrafficControl } from './control.ts';
import { createTrafficHealth } from './health.ts';
import { createTrafficSummary } from './summary.ts';
import { trafficVariables } from './variables.ts';

/** Milliseconds between two summaries. */
const summaryInterval = 10_000;

/** Milliseconds for one look whether a replica answers. A frozen one takes connections and never does. */
const patience = 3000;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

refuseArguments();
await runProcess(async (ending) => {
  // Without a listener, the first line that cannot be written would end the process with a stack.
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', () => ending.request('nobody reads the output any more'));
  const { rate, host, port, allowedHosts, greeting, ...options } = loadTrafficConfig();
  for (const warning of environmentWarnings(trafficVariables)) say(`Warning: ${warning}`);
  const summary = createTrafficSummary();
  const health = createTrafficHealth();
  const ended = new AbortController();
  // No traffic before the service answers.
  const traffic = createTraffic({
    ...options,
    rate: 0,
    onResult(result) {
      summary.add(result);
      health.add(result);
    },
  });
  const control = createTrafficControl(traffic, health, allowedHosts);
  const controlUrl = port === undefined ? undefined : await listen(control, { host, port }, 'TRAFFIC_PORT');

  void waitForService(options.urls, ended.signal).then(() => {
    health.answered();
    if (greeting !== undefined) say(`\n${greeting.trimEnd()}\n`);
    say(
      `Sending ${rate} requests a second to ${options.urls.join(', ')}. Ctrl-C ends it once all are answered.`,
    );
    if (traffic.rate() === 0) traffic.setRate(rate);
  }, ignoreAbort);
  const summaries = setInterval(() => {
    const line = summary.take();
    if (line === undefined) return;
    const fault = health.fault();
    say(fault === undefined ? line : `${line}. This says nothing about customers: ${fault}.`);
  }, summaryInterval);

  return {
    announcement: { type: 'sending', ...(controlUrl !== undefined && { url: controlUrl }) },
    async close() {
      ended.abort();
      clearInterval(summaries);
      await traffic.stop();
      await control.close();
      const line = summary.take();
      if (line !== undefined) say(line);
    },
    closeDeadline: 20_000,
  };
});

/** Waits until one of the URLs answers, with any status. */
async function waitForService(urls: readonly string[], signal: AbortSignal): Promise<void> {
  const dispatcher = new Agent({ allowH2: false });
  let waiting = false;
  for (let turn = 0; ; turn += 1) {
    const url = urls[turn % urls.length] ?? '';
    try {
      const { body } = await request(new URL('/openapi.json', url), {
        signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
        dispatcher,
      });
      await body.dump();
      await dispatcher.close();
      return;
    } catch {
      signal.throwIfAborted();
    }
    if (!waiting)
      say(
        `Waiting for ${urls.join(', ')} to answer. npm start starts a service; TRAFFIC_URLS names another one.`,
      );
    waiting = true;
    await sleep(250, undefined, { signal });
  }
}

function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error;
}
