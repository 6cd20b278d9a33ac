import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { answers, startProgram } from '../../stack/native/program.ts';
import { freePort } from '../harness/free-port.ts';
import { pathOf } from '../harness/path-of.ts';
import type { Toxic } from '../simulator/network/toxics.ts';
import type { NetworkProxy, Network } from './network.ts';

export const findToxiproxy = (): string | undefined => pathOf('toxiproxy-server');

/** Starts a Toxiproxy server, which is controlled over HTTP. @see https://github.com/Shopify/toxiproxy#http-api */
export async function startToxiproxy(command: string): Promise<Network> {
  await using started = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(tmpdir(), 'orders-toxiproxy-'));
  started.defer(() => rm(folder, { recursive: true }));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = await startProgram({
    name: 'toxiproxy',
    command,
    args: ['-host', '127.0.0.1', '-port', String(port)],
    logFile: path.join(folder, 'toxiproxy.log'),
    ready: () => answers(`${url}/version`),
  });
  started.defer(() => server.stop());

  async function call(method: string, where: string, body?: object): Promise<unknown> {
    const response = await fetch(`${url}${where}`, { method, ...(body && { body: JSON.stringify(body) }) });
    const text = await response.text();
    if (!response.ok) throw new Error(`Toxiproxy: ${method} ${where}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  const owned = started.move();
  return {
    implementation: 'Toxiproxy',
    connect: (name, target) => connectThrough(call, name, target),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

type Call = (method: string, where: string, body?: object) => Promise<unknown>;

async function connectThrough(call: Call, name: string, target: string): Promise<NetworkProxy> {
  const { host } = new URL(target);
  const proxy = `/proxies/${name}`;
  const created = await call('POST', '/proxies', { name, listen: '127.0.0.1:0', upstream: host });
  const listen = (created as { listen: string }).listen;
  const set = new Set<string>();

  async function removeToxics(): Promise<void> {
    for (const toxic of set) await call('DELETE', `${proxy}/toxics/${toxic}`);
    set.clear();
  }

  const url = new URL(target);
  url.host = listen;
  return {
    url: url.href,
    async setToxics(toxics) {
      await removeToxics();
      for (const toxic of toxics.flatMap(toToxiproxy)) {
        const toxicName = `${toxic.type}_${toxic.stream}`;
        await call('POST', `${proxy}/toxics`, { name: toxicName, ...toxic });
        set.add(toxicName);
      }
    },
    cut: async () => void (await call('POST', proxy, { enabled: false })),
    async restore() {
      const broken = [...set].some((toxic) => toxic.startsWith('timeout'));
      await removeToxics();
      // Streams that lost data cannot continue; disabling the proxy closes them.
      if (broken) await call('POST', proxy, { enabled: false });
      await call('POST', proxy, { enabled: true });
    },
  };
}

interface ToxiproxyToxic {
  type: string;
  stream: 'upstream' | 'downstream';
  attributes: Record<string, number>;
}

/** Toxics apply downstream, to the answers; a timeout drops both directions. */
function toToxiproxy({ type, ...attributes }: Toxic): ToxiproxyToxic[] {
  const answersOnly = [{ type, stream: 'downstream' as const, attributes }];
  if (type !== 'timeout') return answersOnly;
  return (['upstream', 'downstream'] as const).map((stream) => ({
    type,
    stream,
    attributes: { timeout: 0 },
  }));
}
