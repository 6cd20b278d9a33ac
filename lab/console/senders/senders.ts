import type { Sender, SenderList } from '../sender-types.ts';
import { type Attributes, type AttributeValue, numeric } from '../otlp/attributes.ts';
import { boundedAttributes, boundedText, type Cuts } from '../otlp/limits.ts';
import { createMeter, type Meter } from './meter.ts';

export type Kind = 'spans' | 'logs' | 'points';

/** Who sends telemetry, by the attributes of the resource that each batch names. */
export interface Senders {
  /** Counts the records of one request. The records of one resource share the object of its attributes. */
  tally(kind: Kind): Tally;
  /** A request that was refused as a whole: it names no resource that could be read. */
  refused(from: string, status: number, reason: string): void;
  list(): SenderList;
}

export interface Tally {
  /** @param dropped attributes, events, links, labels and ends of texts that a kept record has lost */
  add(resource: Attributes, counts: { kept: number; rejected?: number; dropped?: number }): void;
  /** The whole request was read: before, nothing counts, because nothing of a request that ends in rubbish is kept. */
  commit(): void;
}

interface Entry {
  about: Pick<
    Sender,
    'id' | 'service' | 'version' | 'instance' | 'environment' | 'sdk' | 'host' | 'attributes'
  >;
  firstSeen: number;
  lastSeen: number;
  meters: Record<Kind, Meter>;
  rejected: number;
  dropped: number;
}

/** A restarted process is a new sender. The one that was silent for longest is forgotten. */
const mostSenders = 100;
const mostRefusals = 50;

/** The attributes that tell senders apart. @see https://opentelemetry.io/docs/specs/semconv/resource/ */
const identifying = [
  'service.namespace',
  'service.name',
  // A replica that is replaced may keep its name and its process id, as in a container.
  'service.version',
  'service.instance.id',
  'host.name',
  'process.pid',
  'telemetry.sdk.language',
];

export function createSenders(now: () => number = Date.now): Senders {
  /** The one that was silent for longest is the first. */
  const entries = new Map<string, Entry>();
  const refusals = new Map<string, SenderList['refusals'][number]>();
  let forgotten = 0;

  function entryOf(resource: Attributes): Entry {
    const id = JSON.stringify(identifying.map((name) => textOf(resource[name])));
    const known = entries.get(id);
    if (known !== undefined) {
      // The last one in is the last one to go.
      entries.delete(id);
      entries.set(id, known);
      return known;
    }
    const time = now();
    const cuts: Cuts = { count: 0 };
    const entry: Entry = {
      about: describe(id, resource, cuts),
      firstSeen: time,
      lastSeen: time,
      meters: { spans: createMeter(), logs: createMeter(), points: createMeter() },
      rejected: 0,
      dropped: cuts.count,
    };
    entries.set(id, entry);
    const [oldest] = entries.keys();
    if (entries.size > mostSenders && oldest !== undefined) {
      entries.delete(oldest);
      forgotten += 1;
    }
    return entry;
  }

  return {
    tally(kind) {
      const sums = new Map<Attributes, { kept: number; rejected: number; dropped: number }>();
      let last: Attributes | undefined;
      let sum = { kept: 0, rejected: 0, dropped: 0 };
      return {
        add(resource, { kept, rejected = 0, dropped = 0 }) {
          if (resource !== last) {
            sum = sums.get(resource) ?? { kept: 0, rejected: 0, dropped: 0 };
            sums.set(resource, sum);
            last = resource;
          }
          sum.kept += kept;
          sum.rejected += rejected;
          sum.dropped += dropped;
        },
        commit() {
          const time = now();
          for (const [resource, { kept, rejected, dropped }] of sums) {
            const entry = entryOf(resource);
            entry.lastSeen = time;
            entry.meters[kind].add(kept, time);
            entry.rejected += rejected;
            entry.dropped += dropped;
          }
        },
      };
    },
    refused(from, status, reason) {
      const key = JSON.stringify([from, status, reason]);
      const count = (refusals.get(key)?.count ?? 0) + 1;
      refusals.delete(key);
      refusals.set(key, { from: boundedText(from), status, reason: boundedText(reason), count, last: now() });
      const [oldest] = refusals.keys();
      if (refusals.size > mostRefusals && oldest !== undefined) refusals.delete(oldest);
    },
    list() {
      const time = now();
      return {
        now: time,
        senders: [...entries.values()]
          .map((entry) => senderOf(entry, time))
          .toSorted((a, b) =>
            a.service < b.service ? -1 : a.service > b.service ? 1 : b.firstSeen - a.firstSeen,
          ),
        refusals: [...refusals.values()].toReversed(),
        forgotten,
      };
    },
  };
}

function senderOf({ about, firstSeen, lastSeen, meters, rejected, dropped }: Entry, time: number): Sender {
  return {
    ...about,
    firstSeen,
    lastSeen,
    spans: meters.spans.read(time),
    logs: meters.logs.read(time),
    points: meters.points.read(time),
    rejected,
    dropped,
  };
}

function describe(id: string, resource: Attributes, cuts: Cuts): Entry['about'] {
  const text = (...names: readonly string[]) =>
    names.map((name) => textOf(resource[name])).find((each) => each !== '') ?? '';
  const sdk = [text('telemetry.sdk.name'), text('telemetry.sdk.language'), text('telemetry.sdk.version')];
  return {
    id,
    service: text('service.name') || 'unknown',
    version: text('service.version'),
    instance: text('service.instance.id', 'host.name'),
    // The second is the name of earlier conventions.
    environment: text('deployment.environment.name', 'deployment.environment'),
    sdk: sdk.filter((each) => each !== '').join(' '),
    host: text('host.name'),
    attributes: boundedAttributes(resource, cuts),
  };
}

function textOf(given: AttributeValue): string {
  const value = numeric(given);
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
    ? boundedText(String(value))
    : '';
}
