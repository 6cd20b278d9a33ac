import { isDeepStrictEqual } from 'node:util';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { toxicKinds, ProxySettings } from '../../simulator/network/toxics.ts';
import type { ToxicControl, NetworkProxy } from '../api-types.ts';
import { networkFaultWords } from './fault-words.ts';
import type { NoteFaults } from './fault-windows.ts';
import { type SimulatorSetting, watchSimulatorSetting } from './simulator-setting.ts';
import { networkScenarios } from './network-scenarios.ts';

const ProxyList = Type.Record(
  Type.String(),
  Type.Object({ ...ProxySettings.properties, upstream: Type.String(), listen: Type.String() }),
);
export type ProxyList = Static<typeof ProxyList>;

/** Watches the network between the service and its dependencies. */
export function watchNetworkFaults(
  url: () => string | undefined,
  note: NoteFaults,
): SimulatorSetting<ProxyList> {
  return watchSimulatorSetting({
    url,
    path: '/network',
    read(body) {
      if (!Value.Check(ProxyList, body)) throw new TypeError('The body is not a list of proxies.');
      return body;
    },
    seen: (list) => note(list && describe(list)),
  });
}

export function proxiesOf(list: ProxyList): NetworkProxy[] {
  return Object.entries(list).map(([name, { upstream, enabled, toxics }]) => {
    const scenario = networkScenarios.find(
      (each) => each.proxy === name && each.enabled === enabled && isDeepStrictEqual(each.toxics, toxics),
    );
    return { name, upstream, enabled, toxics, scenario: scenario?.id ?? null };
  });
}

/** For each proxy, the title of the scenario that matches, or else what its settings do. */
function describe(list: ProxyList): string | undefined {
  const labels = proxiesOf(list).flatMap(({ name, scenario, enabled, toxics }) => {
    const title = networkScenarios.find(({ id }) => id === scenario)?.title;
    if (title !== undefined) return [title];
    const set = networkFaultWords({ enabled, toxics });
    return set.length === 0 ? [] : [`${name}: ${set.join(', ')}`];
  });
  return labels.length === 0 ? undefined : labels.join(' and ');
}

/** Built from the simulator's own schema. The first attribute of a toxic appears under the name of the toxic. */
export const toxicControls: readonly ToxicControl[] = toxicKinds.flatMap((kind) => {
  const toxic = kind.properties.type.const;
  const attributes = Object.entries(kind.properties).filter(([name]) => name !== 'type');
  if (attributes.length === 0) return [controlOf({ toxic, name: toxic, attribute: null }, kind)];
  return attributes.map(([attribute, schema], index) =>
    controlOf({ toxic, name: index === 0 ? toxic : attribute, attribute }, schema),
  );
});

function controlOf(names: Pick<ToxicControl, 'toxic' | 'name' | 'attribute'>, schema: object): ToxicControl {
  // TypeBox keeps annotations in the schema, but not in its type.
  const { description, minimum, maximum }: Record<string, unknown> = { ...schema };
  return {
    ...names,
    meaning: String(description),
    minimum: Number(minimum ?? 0),
    maximum: Number(maximum ?? 1),
  };
}
