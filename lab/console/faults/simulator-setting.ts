import { request } from 'undici';
import { problem } from '../../simulator/answer.ts';

/** Something of the simulator that can be set: looked at every second, because anybody may set it. */
export interface SimulatorSetting<T> {
  /** `undefined` where there is none; `unavailable` says why. */
  value(): T | undefined;
  unavailable(): string;
  /** @returns what the simulator says; a problem has a status of 400 or more. Never throws. */
  change(
    method: 'PUT' | 'DELETE',
    path: string,
    wanted?: unknown,
  ): Promise<{ status: number; body: unknown }>;
  close(): void;
}

export interface SimulatorSettingOptions<T> {
  /** Asked for every time, for it may be told later; `undefined` where there is no simulator. */
  url(): string | undefined;
  path: string;
  /** @throws {TypeError} where it is none */
  read(body: unknown): T;
  /** Told what is set now, as often as it is looked at. */
  seen(value: T | undefined): void;
}

const interval = 1000;
const timeout = 900;
const silent = 'The payment gateway simulator does not answer.';

export function watchSimulatorSetting<T>(options: SimulatorSettingOptions<T>): SimulatorSetting<T> {
  const { url, path, read, seen } = options;
  let value: T | undefined;
  let unavailable = 'No payment gateway simulator is known.';
  /** How often it was changed from here: what was read before a change is out of date. */
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
    signal: AbortSignal.timeout(timeout),
    ...(body !== undefined && {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    }),
  });
  const answer: unknown = await response.body.json();
  return { status: response.statusCode, body: answer };
}
