import type { ServiceEdge, ServiceMap } from '../api-types.ts';
import type { SpanFacts } from '../traces/span-facts.ts';
import { createCallStats, type Calls, slotsSince } from './call-stats.ts';
import type { Peer } from './span-peer.ts';

/** Which services call what, how often, how fast, and how often in vain. */
export interface ServiceMaps {
  /** Counts a batch of new spans. */
  add(spans: readonly SpanFacts[]): void;
  /** @param seconds at most those of `longestWindow` */
  of(seconds: number): ServiceMap;
}

interface Call {
  from: string;
  peer: Peer;
}

/** Messages that a service takes. */
interface Delivery {
  to: string;
  /** Where they come from, by the consumer's own attributes. */
  peer: Peer | undefined;
}

/** Spans of clients whose callee is not known yet, of the last batches; and of callees whose caller is not. */
const mostOpen = 5000;
/** Addresses whose service is known. */
const mostAddresses = 200;
/** Of one message. */
const mostConsumers = 16;

/**
 * The caller's span says how a call went, network included; it names an address. Which service answers there is learned from the
 * spans of servers whose parent is a client's.
 */
export function createServiceMaps(): ServiceMaps {
  const calls = createCallStats<Call>();
  const answers = createCallStats<{ service: string; isRoot: boolean; protocol: string }>();
  const services = new Map<string, number>();
  const serviceAt = new Map<string, string>();
  const openClients = new Map<string, Call>();
  const openServers = new Map<string, string>();
  const deliveries = createCallStats<Delivery>();
  /** What the sender of a delivery calls the place where it sends: names of a topic and of its queues differ. */
  const sentTo = new Map<string, Peer>();
  const openProducers = new Map<string, Peer>();
  const openConsumers = new Map<string, readonly string[]>();

  function learn(call: Call, service: string): void {
    const key = addressKey(call);
    if (call.from === service || call.peer.kind !== 'other') return;
    serviceAt.delete(key);
    serviceAt.set(key, service);
    trim(serviceAt, mostAddresses);
  }

  function addClient(span: SpanFacts, peer: Peer): void {
    const call = { from: span.service, peer };
    calls.add(`${call.from}\n${peer.name}`, call, { failed: span.failed, duration: span.end - span.start });
    if (peer.kind !== 'other' || serviceAt.has(addressKey(call))) return;
    const answered = openServers.get(span.spanId);
    if (answered === undefined) openClients.set(span.spanId, call);
    else learn(call, answered);
    trim(openClients, mostOpen);
  }

  function addServer(span: SpanFacts): void {
    const isRoot = span.parentId === '';
    const about = { service: span.service, isRoot, protocol: span.protocol };
    answers.add(`${span.service}\n${isRoot}`, about, {
      failed: span.failed,
      duration: span.end - span.start,
    });
    if (isRoot) return;
    const caller = openClients.get(span.parentId);
    if (caller === undefined) openServers.set(span.parentId, span.service);
    else learn(caller, span.service);
    openClients.delete(span.parentId);
    trim(openServers, mostOpen);
  }

  function noteSender(key: string, peer: Peer): void {
    sentTo.delete(key);
    sentTo.set(key, peer);
    trim(sentTo, mostAddresses);
  }

  function addProducer({ spanId }: SpanFacts, peer: Peer): void {
    for (const key of openConsumers.get(spanId) ?? []) noteSender(key, peer);
    openProducers.set(spanId, peer);
    trim(openProducers, mostOpen);
  }

  function addConsumer({ service, peer, parentId, failed, start, end }: SpanFacts): void {
    const delivery = { to: service, peer };
    const key = deliveryKey(delivery);
    deliveries.add(key, delivery, { failed, duration: end - start });
    if (parentId === '') return;
    const sent = openProducers.get(parentId);
    if (sent !== undefined) {
      noteSender(key, sent);
      return;
    }
    const others = openConsumers.get(parentId) ?? [];
    if (others.length < mostConsumers && !others.includes(key)) openConsumers.set(parentId, [...others, key]);
    trim(openConsumers, mostOpen);
  }

  return {
    add(spans) {
      const now = Date.now();
      let last = '';
      for (const span of spans) {
        if (span.service !== last) {
          last = span.service;
          services.delete(last);
          services.set(last, now);
        }
        if (span.kind === 'CONSUMER') addConsumer(span);
        else if (span.peer !== undefined) addClient(span, span.peer);
        else if (span.kind === 'SERVER') addServer(span);
        if (span.kind === 'PRODUCER' && span.peer !== undefined) addProducer(span, span.peer);
      }
      trim(services, mostAddresses);
    },
    of(seconds) {
      const edges = new Map<string, { edge: Pick<ServiceEdge, 'from' | 'to' | 'protocol'>; calls: Calls }>();
      const nodes = new Map<string, ServiceMap['nodes'][number]>();
      const node = (kind: ServiceMap['nodes'][number]['kind'], name: string): string => {
        const id = `${kind}:${name}`;
        nodes.set(id, { id, name, kind });
        return id;
      };
      const join = (from: string, to: string, protocol: string, more: Calls): void => {
        const known = edges.get(`${from}\n${to}`);
        if (known === undefined) {
          edges.set(`${from}\n${to}`, { edge: { from, to, protocol }, calls: more });
          return;
        }
        known.calls.calls += more.calls;
        known.calls.failed += more.failed;
        known.calls.durations.addAll(more.durations);
      };

      const since = Date.now() - seconds * 1000;
      for (const [name, seen] of services) if (seen >= since) node('service', name);
      const called = new Set<string>();
      for (const { about, calls: made } of calls.within(seconds)) {
        const { from, peer } = about;
        const service = serviceAt.get(addressKey(about));
        if (service !== undefined) called.add(service);
        const to = service === undefined ? node(peer.kind, peer.name) : node('service', service);
        join(node('service', from), to, peer.protocol, made);
      }
      for (const { about, calls: made } of deliveries.within(seconds)) {
        const peer = sentTo.get(deliveryKey(about)) ?? about.peer;
        // Work that a service leaves to itself has no sender.
        if (peer === undefined) continue;
        join(node(peer.kind, peer.name), node('service', about.to), peer.protocol, made);
      }
      for (const { about, calls: made } of answers.within(seconds)) {
        // A client that sends a traceparent, but no spans to this console, is a client all the same.
        if (!about.isRoot && called.has(about.service)) continue;
        join(node('clients', 'clients'), node('service', about.service), about.protocol, made);
      }
      const counted = (Date.now() - slotsSince(seconds)) / 1000;
      return {
        seconds,
        nodes: [...nodes.values()],
        edges: [...edges.values()].map(({ edge, calls: total }) => described(edge, total, counted)),
      };
    },
  };
}

const deliveryKey = ({ to, peer }: Delivery): string => `${to}\n${peer?.name ?? ''}`;
const addressKey = ({ peer }: Call): string => peer.name;

function described(
  edge: Pick<ServiceEdge, 'from' | 'to' | 'protocol'>,
  { calls, failed, durations }: Calls,
  seconds: number,
): ServiceEdge {
  const rounded = (value: number | null) => (value === null ? null : Number(value.toPrecision(3)));
  return {
    ...edge,
    calls,
    failed,
    rate: Number((calls / seconds).toPrecision(3)),
    errors: calls === 0 ? null : failed / calls,
    p50: rounded(durations.quantile(0.5)),
    p95: rounded(durations.quantile(0.95)),
  };
}

/**
 * Drops the oldest entries, once they exceed the bound by a quarter: a map walks over the places of those that were dropped before,
 * to its first one.
 */
function trim(map: Map<string, unknown>, most: number): void {
  if (map.size < 1.25 * most) return;
  for (const oldest of map.keys()) {
    if (map.size <= most) return;
    map.delete(oldest);
  }
}
