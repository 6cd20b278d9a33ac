import type { FaultState, ProxySettings } from '../api-types.ts';
import { h } from './h.ts';
import { showNetwork } from './network-settings.ts';
import { showScenarios } from './scenario-buttons.ts';

/** What the user wants of the network between the service and a dependency. */
export interface ProxyChange {
  kind: 'proxy';
  name: string;
  settings: ProxySettings;
}

export interface NetworkPanel {
  scenarios: readonly HTMLElement[];
  settings: readonly HTMLElement[];
  update(state: FaultState): void;
  /** Whether the network disturbs anything. */
  isFaulty(state: FaultState): boolean;
}

/** The faults of the network, for the view of all faults. */
export function createNetworkPanel(change: (change: ProxyChange) => void): NetworkPanel {
  const setProxy = (name: string, { enabled, toxics }: ProxySettings) =>
    change({ kind: 'proxy', name, settings: { enabled, toxics } });
  const scenarios = h('div', { class: 'scenarios' });
  const proxies = h('div', { class: 'network' });
  const noProxies = h(
    'p',
    { class: 'empty' },
    'There are no proxies. npm start puts one in front of each dependency of the service.',
  );
  return {
    scenarios: [h('h2', {}, 'Network'), noProxies, scenarios],
    settings: [
      h('h2', {}, 'All settings of the network'),
      h(
        'p',
        { class: 'muted' },
        'One group per proxy, in the names and units of Toxiproxy. An empty field is off.',
      ),
      proxies,
    ],
    update(state) {
      noProxies.hidden = state.network.length > 0;
      showNetwork(proxies, state, ({ name }, settings) => setProxy(name, settings));
      showScenarios(
        scenarios,
        state.networkScenarios.map((each) => ({
          ...each,
          isOn: state.network.some(({ scenario }) => scenario === each.id),
          set: () => setProxy(each.proxy, each),
        })),
      );
    },
    isFaulty: ({ network }) => network.some(({ enabled, toxics }) => !enabled || toxics.length > 0),
  };
}
