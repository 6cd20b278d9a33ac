import { request } from 'undici';
import { overHttp1 } from '../over-http1.ts';
import { problem } from '../../simulator/answer.ts';

/** A setting of the simulator, polled every second because other clients may change it too. */
export interface SimulatorSetting<T> {
  /** `undefined` if the setting cannot be read; `unavailable` says why. */
  value(): T | undefined;
  unavailable(): string;
  /** Never throws. @returns the simulator's answer, or a problem with a status of 400 or more */
  change(
    method: 'PUT' | 'DELETE',
    path: string,
    wanted?: unknown,
  ): Promise<{ status: number; body: unknown }>;
  close(): void;
}

export interface SimulatorSettingOptions<T> {
  /** Read at every poll, because it may become known later; `undefined` if there is no simulator. */
  url(): string | undefined;
  path: string;
  /** @throws {TypeError} if the body is not this setting */
  read(body: unknown): T;
  /** Called with the current value after every poll. */
  seen(value: T | undefined): void;
}

const interval = 1000;
const timeout = 900;
const silent = 'The payment gateway simulator does not answer.';

export function watchSimulatorSetting<T>(options: SimulatorSettingOptions<T>): SimulatorSetting<T> {
  const { url, path, read, seen } = options;
  let value: T | undefined;
  let unavailable = 'No payment gateway simulator is known.';
  /** Number of changes made here: a poll that began before a change returns a stale value. */
  let changes = 0;

  function take(next: T | undefined): void {
    value = next;
    seen(next);
  }

  async function look(): Promise<void> {
    const base = url();
    if (base === undefined) return;
    const before = changes;
    let found: T | undefined;
    try {
      const { status, body } = await call(base, 'GET', path);
      if (status === 200) found = read(body);
      else unavailable = 'The payment gateway is not the simulator.';
    } catch {
      unavailable = silent;
    }
    if (before === changes) take(found);
  }

  const timer = setInterval(() => void look(), interval);
  return {
    value: () => value,
    unavailable: () => unavailable,
    async change(method, where, wanted) {
      const base = url();
      if (base === undefined) return problem(404, 'no_simulator', unavailable);
      try {
        const answer = await call(base, method, where, wanted);
        changes += 1;
        if (answer.status === 200) await look();
        return answer;
      } catch {
        return problem(502, 'simulator_unavailable', silent);
      }
    },
    close: () => clearInterval(timer),
  };
}

async function call(base: string, method: 'GET' | 'PUT' | 'DELETE', path: string, body?: unknown) {
  const response = await request(new URL(path, base), {
    method,
    dispatcher: overHttp1,
    signal: AbortSignal.timeout(timeout),
    ...(body !== undefined && {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    }),
  });
  const answer: unknown = await response.body.json();
  return { status: response.statusCode, body: answer };
}
