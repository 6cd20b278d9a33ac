import { startTcpProxy } from '../simulator/network/tcp-proxy.ts';
import type { Toxic } from '../simulator/network/toxics.ts';

/** The network between the service and one of its dependencies. */
export interface NetworkProxy {
  /** The address of the dependency with the wire in between. */
  url: string;
  setToxics(toxics: readonly Toxic[]): Promise<void>;
  /** Closes every connection and refuses new ones. */
  cut(): Promise<void>;
  /** A network that works. Connections whose packets were dropped are closed, for they could not go on. */
  restore(): Promise<void>;
}

export interface Network extends AsyncDisposable {
  /** What they are made of, for the report. */
  madeOf: string;
  connect(name: string, target: string): Promise<NetworkProxy>;
}

export function ownNetwork(): Network {
  const proxies = new AsyncDisposableStack();
  return {
    madeOf: 'the proxy of the simulator',
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
