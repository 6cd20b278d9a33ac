import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
import type { ProxySettings } from './toxics.ts';

export interface NetworkProxy extends ProxySettings {
  /** Host and port that the service connects to. */
  listen: string;
  /** Host and port that the proxy forwards to. */
  upstream: string;
}

/** The network between the service and its dependencies: one proxy per dependency, under its name. */
export interface Network {
  /**
   * Puts a proxy in front of an address.
   *
   * @param target a URL with a host and a port
   * @returns host and port of the proxy
   */
  connect(name: string, target: string): Promise<string>;
  all(): Readonly<Record<string, NetworkProxy>>;
  /**
   * @returns `undefined` if no proxy has this name
   * @throws `EADDRINUSE` when another process has taken its port while it was cut
   */
  set(name: string, settings: ProxySettings): Promise<NetworkProxy | undefined>;
  /**
   * Resets every proxy to a working network, as far as its port is free.
   *
   * @returns names of the proxies that stay cut, because another process has taken their ports meanwhile
   */
  restore(): Promise<string[]>;
  close(): Promise<void>;
}

const works: ProxySettings = { enabled: true, toxics: [] };

export function createNetwork(): Network {
  const proxies = new Map<string, { tcp: TcpProxy; proxy: NetworkProxy }>();
  let turn: Promise<unknown> = Promise.resolve();

  /** Serializes changes, so that a port is closed before it is opened again. */
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
        const taken: string[] = [];
        for (const name of proxies.keys()) {
          try {
            await apply(name, works);
          } catch (error) {
            if (!isPortTaken(error)) throw error;
            taken.push(name);
          }
        }
        return taken;
      }),
    async close() {
      await turn;
      for (const { tcp } of proxies.values()) await tcp.close();
    },
  };
}

export function isPortTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}
