import type { Toxic } from '../api-types.ts';

/** Faults in words, for the bands over the plots and for the map: `400 ms slower` instead of `latencyMs 400`. */

type Settings = Readonly<Record<string, number | null>>;

const shareOf =
  (effect: string) =>
  (share: number): string =>
    `${Number((share * 100).toPrecision(3))} % ${effect}`;

/** What a setting of the simulator does to its answers. Settings without a line have no effect of their own. */
const effects: Readonly<Record<string, (value: number, settings: Settings) => string>> = {
  latencyMs: (least, { latencyJitterMs }) => slower(least, least + (latencyJitterMs ?? 0)),
  // Said with the latency, if there is one.
  latencyJitterMs: (most, { latencyMs }) => (latencyMs ? '' : slower(0, most)),
  unauthorizedRate: shareOf('answered 401'),
  rateLimitRate: shareOf('answered 429'),
  errorRate: shareOf('answered 500'),
  resetRate: shareOf('dropped'),
  timeoutRate: shareOf('not answered'),
  declineRate: shareOf('declined'),
  malformedRate: shareOf('unreadable'),
  slowSuccessRate: (share, { slowSuccessDelayMs }) =>
    shareOf(`answered ${slowSuccessDelayMs ?? 'many'} ms late`)(share),
};

/** The settings of the gateway that have an effect, one text each. */
export function gatewayFaultWords(settings: Settings): string[] {
  return Object.entries(settings).flatMap(([name, value]) => {
    const words = value ? effects[name]?.(value, settings) : '';
    return words ? [words] : [];
  });
}

/** What disturbs a connection, one text per fault. */
export function networkFaultWords({
  enabled,
  toxics,
}: {
  enabled: boolean;
  toxics: readonly Toxic[];
}): string[] {
  return [...(enabled ? [] : ['cut']), ...toxics.map(toxicWords)];
}

/** What a toxic does, by its type. */
const toxicEffects: Readonly<Record<string, (value: (attribute: string) => number) => string>> = {
  latency: (value) =>
    slower(Math.max(value('latency') - value('jitter'), 0), value('latency') + value('jitter')),
  bandwidth: (value) => `at most ${value('rate')} kB/s`,
  timeout: () => 'every packet dropped',
  reset_peer: (value) => `reset after ${value('timeout')} ms`,
  slow_close: (value) => `closed ${value('delay')} ms late`,
};

/** A toxic of another kind is at least named. */
function toxicWords(toxic: Toxic): string {
  return toxicEffects[toxic.type]?.((attribute) => Number(toxic[attribute] ?? 0)) ?? toxic.type;
}

const slower = (least: number, most: number): string =>
  least === most ? `${least} ms slower` : `${least} to ${most} ms slower`;
