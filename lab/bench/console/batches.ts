import { writeAttributes } from '../../../src/telemetry/otlp/otlp-attributes.ts';
import { ProtobufWriter } from '../../../src/telemetry/otlp/protobuf-writer.ts';

/** A request of OTLP in protobuf that can be sent again with other ids and times, without being encoded again. */
export interface Batch {
  path: string;
  /** Number of spans, lines or points. */
  records: number;
  /** The same bytes each time, with new ids and times in them. */
  next(): Buffer;
}

export const kinds = ['spans', 'lines', 'points'] as const;
export type Kind = (typeof kinds)[number];

/** Batches of each kind; two do not share their ids. */
export const batches: Readonly<Record<Kind, () => Batch>> = {
  spans: spanBatch,
  lines: lineBatch,
  points: pointBatch,
};

/** Spans of six per order, as the service sends them; in a batch of the size that SDKs send at most. */
const orders = 85;
/** Of so many orders, one has failed: the console keeps its trace longer, and both halves of its memory are full. */
const keptEvery = 5;
/** Begins every id and time in a batch, and is overwritten for each request. */
const marker = 'feedface';

const server = {
  'http.request.method': 'POST',
  'url.scheme': 'http',
  'http.route': '/orders',
  'url.path': '/orders',
  'server.address': '127.0.0.1',
  'client.address': '127.0.0.1',
  'user_agent.original': 'undici',
  'http.response.status_code': 201,
  'orders.client.id': 'shop',
  'orders.order.id': '01a1fcde-b84e-7f95-86a2-65cfffc59b44',
};
const statement = (operation: string) => ({
  'db.system.name': 'postgresql',
  'db.namespace': 'orders',
  'db.operation.name': operation,
  'db.collection.name': 'orders',
  'db.query.summary': `${operation} orders`,
  'server.address': '127.0.0.1',
  'server.port': 5432,
});
const charge = {
  'http.request.method': 'POST',
  'url.template': '/charges',
  'url.full': 'http://127.0.0.1:4000/charges',
  'server.address': '127.0.0.1',
  'server.port': 4000,
  'http.response.status_code': 201,
};

const spansOfOrder = [
  { name: 'POST /orders', kind: 2, parent: undefined, attributes: server },
  {
    name: 'orders.place',
    kind: 1,
    parent: 0,
    attributes: { 'orders.order.status': 'paid', 'orders.order.items': 1 },
  },
  { name: 'INSERT orders', kind: 3, parent: 1, attributes: statement('INSERT') },
  { name: 'payment.charge', kind: 1, parent: 1, attributes: { 'orders.payment.outcome': 'succeeded' } },
  { name: 'POST /charges', kind: 3, parent: 3, attributes: charge },
  { name: 'UPDATE orders', kind: 3, parent: 1, attributes: statement('UPDATE') },
];

function spanBatch(): Batch {
  return batch('/v1/traces', orders * spansOfOrder.length, (writer) => {
    for (let order = 0; order < orders; order += 1) {
      const id = (length: number, index: number) => marker + `${order}0${index}`.padStart(length - 8, '0');
      for (const [index, { name, kind, parent, attributes }] of spansOfOrder.entries()) {
        const span = writer.begin(2);
        writer.hex(1, id(32, 9));
        writer.hex(2, id(16, index));
        if (parent !== undefined) writer.hex(4, id(16, parent));
        writer.string(5, name);
        writer.varint(6, kind);
        writeTime(writer, 7, 0);
        writeTime(writer, 8, 5_000_000);
        writeAttributes(writer, 9, attributes);
        if (order % keptEvery === 0 && index === 0) {
          const status = writer.begin(15);
          writer.varint(3, 2);
          writer.end(status);
        }
        writer.end(span);
      }
    }
  });
}

function lineBatch(): Batch {
  const lines = 512;
  return batch('/v1/logs', lines, (writer) => {
    for (let line = 0; line < lines; line += 1) {
      const record = writer.begin(2);
      writeTime(writer, 1, line);
      writer.varint(2, line % keptEvery === 0 ? 13 : 9);
      const body = writer.begin(5);
      writer.string(1, 'request handled');
      writer.end(body);
      writeAttributes(writer, 6, { event: 'http.request', route: '/orders', status: 201, duration_ms: 5.2 });
      writer.hex(9, marker + `${line}`.padStart(24, '0'));
      writer.hex(10, marker + `${line}`.padStart(8, '0'));
      writer.end(record);
    }
  });
}

function pointBatch(): Batch {
  const series = 200;
  return batch('/v1/metrics', series, (writer) => {
    for (let number = 0; number < series; number += 1) {
      const metric = writer.begin(2);
      writer.string(1, `metric.${number % 20}`);
      const gauge = writer.begin(5);
      const point = writer.begin(1);
      writeTime(writer, 3, 0);
      writer.double(4, number);
      writeAttributes(writer, 7, { route: `/route/${number}` });
      writer.end(point);
      writer.end(gauge);
      writer.end(metric);
    }
  });
}

/** The high half of a time stands at its end; the low half is this offset. */
function writeTime(writer: ProtobufWriter, field: number, offset: number): void {
  writer.fixed64(field, Number.parseInt(marker, 16), offset);
}

function batch(path: string, records: number, write: (writer: ProtobufWriter) => void): Batch {
  const writer = new ProtobufWriter();
  const outer = writer.begin(1);
  const resource = writer.begin(1);
  writeAttributes(writer, 1, { 'service.name': 'orders', 'service.version': '1.0.0' });
  writer.end(resource);
  const scope = writer.begin(2);
  write(writer);
  writer.end(scope);
  writer.end(outer);
  const body = Buffer.from(writer.written());
  const ids = placesOf(body, Buffer.from(marker, 'hex'));
  const times = placesOf(body, Buffer.from(marker, 'hex').swap32());
  return {
    path,
    records,
    next() {
      const number = takeNumber();
      for (const at of ids) body.writeUInt32BE(number, at);
      // Nanoseconds are unimportant here; the high half counts 4.3 s.
      const high = Math.floor((Date.now() * 1e6) / 2 ** 32) + (number % 1_000_000);
      for (const at of times) body.writeUInt32LE(high, at);
      return body;
    },
  };
}

let number = 1;
const takeNumber = () => (number += 1);

function placesOf(body: Buffer, wanted: Buffer): number[] {
  const places: number[] = [];
  for (let at = body.indexOf(wanted); at !== -1; at = body.indexOf(wanted, at + 1)) places.push(at);
  return places;
}
