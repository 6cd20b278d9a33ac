import { request } from 'undici';
import { FaultSettings } from '../../simulator/faults.ts';
import { problem } from '../../simulator/answer.ts';
import type { FaultState, FaultWindow, Knob } from '../page-api.ts';
import { createFaultWindows } from './fault-windows.ts';
import { scenarios } from './scenarios.ts';

/** The simulator's faults: looked at every second, because anybody may set them. */
export interface GatewayFaults {
  state(): FaultState;
  /** @returns what the simulator says: its settings, or a problem with a status of 400 or more. Never throws. */
  set(settings: unknown): Promise<{ status: number; body: unknown }>;
  restore(): Promise<{ status: number; body: unknown }>;
  windows(): FaultWindow[];
  close(): void;
}

const interval = 1000;
const timeout = 900;
const silent = 'The payment gateway simulator does not answer.';
/** They do nothing by themselves. */
const details: ReadonlySet<string> = new Set(['retryAfterSeconds', 'slowSuccessDelayMs', 'seed']);

/** @param url asked for every time, for it may be told later; `undefined` where there is no simulator */
export function watchGatewayFaults(url: () => string | undefined): GatewayFaults {
  const windows = createFaultWindows();
  let settings: Record<string, number | null> | undefined;
  let unavailable = 'No payment gateway simulator is known.';
  /** How often they were changed from here: what was read before a change is out of date. */
  let changes = 0;

  function take(next: Record<string, number | null> | undefined): void {
    settings = next;
    windows.note(next && describe(next));
  }

  async function call(base: string, method: 'GET' | 'PUT' | 'DELETE', body?: unknown) {
    const response = await request(new URL('/faults', base), {
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

  async function look(): Promise<void> {
    const base = url();
    if (base === undefined) return;
    const before = changes;
    let found: Record<string, number | null> | undefined;
    try {
      const { status, body } = await call(base, 'GET');
      if (status === 200) found = settingsOf(body);
      else unavailable = 'The payment gateway is not the simulator.';
    } catch {
      unavailable = silent;
    }
    if (before === changes) take(found);
  }

  async function change(method: 'PUT' | 'DELETE', wanted?: unknown) {
    const base = url();
    if (base === undefined) return problem(404, 'no_simulator', unavailable);
    try {
      const answer = await call(base, method, wanted);
      changes += 1;
      if (answer.status === 200) take(settingsOf(answer.body));
      return answer;
    } catch {
      return problem(502, 'simulator_unavailable', silent);
    }
  }

  const timer = setInterval(() => void look(), interval);
  return {
    state: () => ({
      ...(settings ? { settings } : { unavailable }),
      knobs: [...knobs],
      scenarios: [...scenarios],
    }),
    set: (wanted) => change('PUT', wanted),
    restore: () => change('DELETE'),
    windows: windows.all,
    close: () => clearInterval(timer),
  };
}

/** @throws {TypeError} where it is none */
function settingsOf(body: unknown): Record<string, number | null> {
  if (typeof body !== 'object' || body === null) throw new TypeError('These are no settings.');
  const values = Object.entries(body).flatMap(
    ([name, value]): Array<[string, number | null]> =>
      typeof value === 'number' || value === null ? [[name, value]] : [],
  );
  return Object.fromEntries(values);
}

/** As the scenario that it is, or else as its knobs. */
function describe(settings: Record<string, number | null>): string | undefined {
  const set = Object.entries(settings).filter(([name, value]) => !details.has(name) && value !== 0);
  if (set.length === 0) return undefined;
  const scenario = scenarios.find(
    ({ settings: wanted }) =>
      Object.keys(wanted).length === set.length &&
      set.every(([name, value]) =>
        Object.entries(wanted).some(([other, its]) => other === name && its === value),
      ),
  );
  return scenario?.title ?? set.map(([name, value]) => `${name} ${value}`).join(', ');
}

/** As the simulator describes them itself. */
const knobs: readonly Knob[] = Object.entries(FaultSettings.properties).map(([name, schema]) => {
  // TypeBox keeps annotations in a schema, but not in its type.
  const { description, default: initial, maximum }: Record<string, unknown> = { ...schema };
  const largest = typeof maximum === 'number' ? maximum : 2 ** 32 - 1;
  return {
    name,
    meaning: typeof description === 'string' ? description : name,
    form: name === 'seed' ? 'seed' : largest === 1 ? 'rate' : 'number',
    default: typeof initial === 'number' ? initial : null,
    maximum: largest,
  };
});
