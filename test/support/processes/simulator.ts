import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { FaultSettings } from '../../../lab/simulator/faults.ts';
import type { LedgerRecord, Totals } from '../../../lab/simulator/ledger.ts';
import { type Simulator, startSimulator } from '../../../lab/simulator/server.ts';
import { startTimeLimit } from '../../../src/resilience/time-limit.ts';

interface Options {
  /** Body, sent as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export const visa = { amountMinor: 900, currency: 'EUR', paymentToken: 'tok_visa' };

/** Starts a simulator for one test file, and resets its faults and charges before each test. */
export function useSimulator() {
  let simulator: Simulator;
  let log = '';
  const sink = new PassThrough().on('data', (chunk) => {
    log += String(chunk);
  });

  beforeAll(async () => {
    simulator = await startSimulator({ host: '127.0.0.1', port: 0, logger: pino(sink) });
  });
  beforeEach(async () => {
    await call('DELETE', '/faults');
    await call('DELETE', '/ledger');
    log = '';
  });
  afterAll(() => simulator.close());

  async function call(method: string, path: string, { body, headers, signal }: Options = {}) {
    const response = await fetch(`${simulator.url}${path}`, {
      method,
      signal: signal ?? null,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      body: body === undefined ? null : JSON.stringify(body),
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  async function callJson(method: string, path: string, options?: Options) {
    const { status, headers, text } = await call(method, path, options);
    const body: unknown = JSON.parse(text);
    return { status, headers, body };
  }

  async function ledger(query = '') {
    const { text } = await call('GET', `/ledger${query}`);
    const report: { charges: LedgerRecord[]; totals: Totals } = JSON.parse(text);
    return report;
  }

  return {
    get url() {
      return simulator.url;
    },
    /** JSON lines since the start of the test. */
    get log() {
      return log;
    },
    call,
    callJson,
    ledger,

    charge: (key: string, body: unknown = visa, headers: Record<string, string> = {}) =>
      callJson('POST', '/charges', { body, headers: { 'idempotency-key': key, ...headers } }),

    cancel: (key: string) => callJson('POST', `/charges/${encodeURIComponent(key)}/cancel`),

    faults: (settings: Partial<FaultSettings>) => call('PUT', '/faults', { body: settings }),

    /** How often the card was charged for a key; `undefined` if the ledger has no record. */
    captures: async (key: string) => (await ledger(`?key=${key}`)).charges[0]?.captures,

    /**
     * The outcome of a charge for its caller: status and first characters, `no answer` or `connection lost`.
     *
     * @param patience milliseconds in which this process runs: one that was stopped would hang up before it has asked
     */
    fate: async (key: string, { patience = 5000, body = visa } = {}): Promise<string> => {
      const hangingUp = new AbortController();
      const { signal } = hangingUp;
      const limit = startTimeLimit({ running: patience }, () => hangingUp.abort());
      try {
        const headers = { 'idempotency-key': key };
        const { status, text } = await call('POST', '/charges', { body, headers, signal });
        return `${status} ${text.slice(0, 6)}`;
      } catch {
        return signal.aborted ? 'no answer' : 'connection lost';
      } finally {
        limit.clear();
      }
    },
  };
}
