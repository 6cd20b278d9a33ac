import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
import type { ProxySettings } from './toxics.ts';

export interface NetworkProxy extends ProxySettings {
  /** Where the service connects to. */
  listen: string;
  /** Where that leads. */
  upstream: string;
}

/** The network between the service and what it depends on, by the name of the dependency. */
export interface Network {
  /**
   * Puts a wire in front of an address.
   *
   * @param target a URL with host and port
   * @returns host and port of the wire
   */
  connect(name: string, target: string): Promise<string>;
  all(): Readonly<Record<string, NetworkProxy>>;
  /** @returns `undefined` where there is no such wire */
  set(name: string, settings: ProxySettings): Promise<NetworkProxy | undefined>;
  /** All of them, to a network that works. */
  restore(): Promise<void>;
  close(): Promise<void>;
}

const works: ProxySettings = { enabled: true, toxics: [] };

export function createNetwork(): Network {
  const proxies = new Map<string, { tcp: TcpProxy; proxy: NetworkProxy }>();
  let turn: Promise<unknown> = Promise.resolve();

  /** One change after the other: a port is not opened again before it is closed. */
  function inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = turn.then(change);
    turn = result.catch(() => {});
    return result;
  }

  async function apply(name: string, settings: ProxySettings): Promise<NetworkProxy | undefined> {
    const known = proxies.get(name);
    if (known === undefined) return undefined;
    const { tcp, proxy } = known;
    if (settings.enabled) await tcp.open();
    else await tcp.close();
    tcp.setToxics(settings.toxics);
    return Object.assign(proxy, settings);
  }

  return {
    async connect(name, target) {
      const tcp = await startTcpProxy(target);
      const listen = new URL(tcp.url).host;
      proxies.set(name, { tcp, proxy: { ...works, listen, upstream: new URL(target).host } });
      return listen;
    },
    all: () => Object.fromEntries([...proxies].map(([name, { proxy }]) => [name, proxy])),
    set: (name, settings) => inTurn(() => apply(name, settings)),
    restore: () =>
      inTurn(async () => {
        for (const name of proxies.keys()) await apply(name, works);
      }),
    async close() {
      await turn;
      for (const { tcp } of proxies.values()) await tcp.close();
    },
  };
}
