import type { SpanRecord, Values } from '../api-types.ts';

/** What a span calls, or where its messages come from, as far as its own attributes say. */
export interface Peer {
  name: string;
  kind: 'database' | 'messaging' | 'other';
  protocol: string;
}

/** The dependency of a client's span, by the conventions of OpenTelemetry and the names that they had before. */
export function peerOf({
  kind,
  attributes,
  name,
}: Pick<SpanRecord, 'kind' | 'attributes' | 'name'>): Peer | undefined {
  if (kind === 'CONSUMER') return queueOf(attributes);
  if (kind !== 'CLIENT' && kind !== 'PRODUCER') return undefined;
  const system = first(attributes, 'db.system.name', 'db.system');
  if (system !== '')
    return {
      name: join(system, first(attributes, 'db.namespace', 'db.name')),
      kind: 'database',
      protocol: system,
    };
  const queue = queueOf(attributes);
  if (queue !== undefined) return queue;
  const host = first(attributes, 'peer.service', 'server.address', 'net.peer.name', 'network.peer.address');
  const port = first(attributes, 'server.port', 'net.peer.port');
  const isNamed = first(attributes, 'peer.service') !== '';
  return {
    name: host === '' ? name || 'unknown' : isNamed || port === '' ? host : `${host}:${port}`,
    kind: 'other',
    protocol: first(attributes, 'rpc.system.name', 'rpc.system') || 'http',
  };
}

function queueOf(attributes: Values): Peer | undefined {
  const broker = first(attributes, 'messaging.system');
  if (broker === '') return undefined;
  const queue = first(attributes, 'messaging.destination.name', 'messaging.destination');
  return { name: join(broker, queue), kind: 'messaging', protocol: broker };
}

const join = (system: string, part: string): string => (part === '' ? system : `${system}/${part}`);

/** The first of the attributes that is set, as text. */
function first(attributes: Values, ...names: string[]): string {
  for (const name of names) {
    const value = attributes[name];
    if (typeof value === 'string' && value !== '') return value;
    if (typeof value === 'number') return String(value);
  }
  return '';
}
