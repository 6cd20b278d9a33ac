import { startTcpProxy } from '../simulator/network/tcp-proxy.ts';
import type { Toxic } from '../simulator/network/toxics.ts';

/** A proxy between the service and one of its dependencies. */
export interface NetworkProxy {
  /** The dependency's URL with the proxy's address in it. */
  url: string;
  setToxics(toxics: readonly Toxic[]): Promise<void>;
  /** Closes every connection and refuses new ones. */
  cut(): Promise<void>;
  /** Removes all faults. Connections that lost data are closed, because their streams cannot continue. */
  restore(): Promise<void>;
}

export interface Network extends AsyncDisposable {
  /** The name of the implementation, for the report. */
  implementation: string;
  connect(name: string, target: string): Promise<NetworkProxy>;
}

export function ownNetwork(): Network {
  const proxies = new AsyncDisposableStack();
  return {
    implementation: "the simulator's proxy",
    async connect(_name, target) {
      const proxy = proxies.use(await startTcpProxy(target));
      return {
        url: proxy.url,
        setToxics: async (toxics) => proxy.setToxics(toxics),
        cut: () => proxy.close(),
        async restore() {
          proxy.setToxics([]);
          await proxy.open();
        },
      };
    },
    [Symbol.asyncDispose]: () => proxies.disposeAsync(),
  };
}
