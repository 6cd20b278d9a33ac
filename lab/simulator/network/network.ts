import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
import type { WireSettings } from './toxics.ts';

export interface Wire extends WireSettings {
  /** Where the service connects to. */
  listen: string;
  /** Where that leads. */
  upstream: string;
}

/** The network between the service and what it depends on, by the name of the dependency. */
export interface Wires {
  /**
   * Puts a wire in front of an address.
   *
   * @param target a URL with host and port
   * @returns host and port of the wire
   */
  connect(name: string, target: string): Promise<string>;
  all(): Readonly<Record<string, Wire>>;
  /** @returns `undefined` where there is no such wire */
  set(name: string, settings: WireSettings): Promise<Wire | undefined>;
  /** All of them, to a network that works. */
  restore(): Promise<void>;
  close(): Promise<void>;
}

const works: WireSettings = { enabled: true, toxics: [] };

export function createWires(): Wires {
  const wires = new Map<string, { proxy: TcpProxy; wire: Wire }>();
  let turn: Promise<unknown> = Promise.resolve();

  /** One change after the other: a port is not opened again before it is closed. */
  function inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = turn.then(change);
    turn = result.catch(() => {});
    return result;
  }

  async function apply(name: string, settings: WireSettings): Promise<Wire | undefined> {
    const known = wires.get(name);
    if (known === undefined) return undefined;
    const { proxy, wire } = known;
    if (settings.enabled) await proxy.open();
    else await proxy.close();
    proxy.setToxics(settings.toxics);
    return Object.assign(wire, settings);
  }

  return {
    async connect(name, target) {
      const proxy = await startTcpProxy(target);
      const listen = new URL(proxy.url).host;
      wires.set(name, { proxy, wire: { ...works, listen, upstream: new URL(target).host } });
      return listen;
    },
    all: () => Object.fromEntries([...wires].map(([name, { wire }]) => [name, wire])),
    set: (name, settings) => inTurn(() => apply(name, settings)),
    restore: () =>
      inTurn(async () => {
        for (const name of wires.keys()) await apply(name, works);
      }),
    async close() {
      await turn;
      for (const { proxy } of wires.values()) await proxy.close();
    },
  };
}
