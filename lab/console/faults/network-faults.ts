import { isDeepStrictEqual } from 'node:util';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { toxicKinds, WireSettings } from '../../simulator/network/toxics.ts';
import type { ToxicKnob, Wire } from '../api-types.ts';
import type { NoteFaults } from './fault-windows.ts';
import { type SimulatorSetting, watchSimulatorSetting } from './simulator-setting.ts';
import { wireScenarios } from './network-scenarios.ts';

const WireList = Type.Record(
  Type.String(),
  Type.Object({ ...WireSettings.properties, upstream: Type.String(), listen: Type.String() }),
);
export type WireList = Static<typeof WireList>;

/** The network between the service and its dependencies. */
export function watchWireFaults(url: () => string | undefined, note: NoteFaults): SimulatorSetting<WireList> {
  return watchSimulatorSetting({
    url,
    path: '/wires',
    read(body) {
      if (!Value.Check(WireList, body)) throw new TypeError('These are no wires.');
      return body;
    },
    seen: (list) => note(list && describe(list)),
  });
}

export function wiresOf(list: WireList): Wire[] {
  return Object.entries(list).map(([name, { upstream, enabled, toxics }]) => {
    const scenario = wireScenarios.find(
      (each) => each.wire === name && each.enabled === enabled && isDeepStrictEqual(each.toxics, toxics),
    );
    return { name, upstream, enabled, toxics, scenario: scenario?.id ?? null };
  });
}

/** Each wire as the scenario that it is in, or else as what is set of it. */
function describe(list: WireList): string | undefined {
  const labels = wiresOf(list).flatMap(({ name, scenario, enabled, toxics }) => {
    const title = wireScenarios.find(({ id }) => id === scenario)?.title;
    if (title !== undefined) return [title];
    const set = [
      ...(enabled ? [] : ['cut']),
      ...toxics.map((toxic) =>
        Object.entries(toxic)
          .flatMap(([attribute, value]) =>
            attribute === 'type' || attribute === toxic.type ? [value] : [attribute, value],
          )
          .join(' '),
      ),
    ];
    return set.length === 0 ? [] : [`${name}: ${set.join(', ')}`];
  });
  return labels.length === 0 ? undefined : labels.join(' and ');
}

/** As the simulator describes them itself. A toxic has the name of its first attribute. */
export const toxicKnobs: readonly ToxicKnob[] = toxicKinds.flatMap((kind) => {
  const toxic = kind.properties.type.const;
  const attributes = Object.entries(kind.properties).filter(([name]) => name !== 'type');
  if (attributes.length === 0) return [knobOf({ toxic, name: toxic, attribute: null }, kind)];
  return attributes.map(([attribute, schema], index) =>
    knobOf({ toxic, name: index === 0 ? toxic : attribute, attribute }, schema),
  );
});

function knobOf(names: Pick<ToxicKnob, 'toxic' | 'name' | 'attribute'>, schema: object): ToxicKnob {
  // TypeBox keeps annotations in a schema, but not in its type.
  const { description, minimum, maximum }: Record<string, unknown> = { ...schema };
  return {
    ...names,
    meaning: String(description),
    minimum: Number(minimum ?? 0),
    maximum: Number(maximum ?? 1),
  };
}
