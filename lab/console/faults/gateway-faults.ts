import { FaultSettings } from '../../simulator/faults.ts';
import type { Control } from '../api-types.ts';
import { gatewayFaultWords } from './fault-words.ts';
import type { NoteFaults } from './fault-windows.ts';
import { scenarios } from './scenarios.ts';
import { type SimulatorSetting, watchSimulatorSetting } from './simulator-setting.ts';

export type GatewaySettings = Record<string, number | null>;

/** Settings without an effect of their own. */
const details: ReadonlySet<string> = new Set(['retryAfterSeconds', 'slowSuccessDelayMs', 'seed']);

/** Watches the faults of the payment gateway. */
export function watchGatewayFaults(
  url: () => string | undefined,
  note: NoteFaults,
): SimulatorSetting<GatewaySettings> {
  return watchSimulatorSetting({
    url,
    path: '/faults',
    read: settingsOf,
    seen: (settings) => note(settings && describe(settings)),
  });
}

/** @throws {TypeError} if the body is not an object */
function settingsOf(body: unknown): GatewaySettings {
  if (typeof body !== 'object' || body === null)
    throw new TypeError('The body is not an object of settings.');
  const values = Object.entries(body).flatMap(
    ([name, value]): Array<[string, number | null]> =>
      typeof value === 'number' || value === null ? [[name, value]] : [],
  );
  return Object.fromEntries(values);
}

/** The title of the scenario that matches, or else what the settings do. */
function describe(settings: GatewaySettings): string | undefined {
  const set = Object.entries(settings).filter(([name, value]) => !details.has(name) && value !== 0);
  if (set.length === 0) return undefined;
  const scenario = scenarios.find(
    ({ settings: wanted }) =>
      Object.keys(wanted).length === set.length &&
      set.every(([name, value]) =>
        Object.entries(wanted).some(([other, its]) => other === name && its === value),
      ),
  );
  return scenario?.title ?? gatewayFaultWords(settings).join(', ');
}

/** Built from the simulator's own schema, so that both describe a setting alike. */
export const controls: readonly Control[] = Object.entries(FaultSettings.properties).map(([name, schema]) => {
  // TypeBox keeps annotations in the schema, but not in its type.
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
