import {
  boolean,
  bytes,
  choice,
  double,
  fixed64,
  type Field,
  hex,
  integer,
  many,
  mapped,
  message,
  one,
  recursive,
  text,
  type Type,
} from './protobuf.ts';

/**
 * The messages of OTLP for traces and logs.
 *
 * @see https://github.com/open-telemetry/opentelemetry-proto/tree/v1.7.0/opentelemetry/proto
 */

export type AttributeValue =
  | string
  | number
  | boolean
  | Buffer
  | undefined
  | AttributeValue[]
  | { [name: string]: AttributeValue };
export type Attributes = Record<string, AttributeValue>;

export const spanKinds = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'] as const;
export const statusCodes = ['UNSET', 'OK', 'ERROR'] as const;

/** An unknown number gets the first name, because the protocol's enumerations may grow. */
const nameOf = <const Name extends string>(names: readonly [Name, ...Name[]]): Type<Name> =>
  mapped(integer, (index) => names[index] ?? names[0]);

const anyValue: Type<AttributeValue> = choice<AttributeValue>([
  one(1, text),
  one(2, boolean),
  one(3, integer),
  one(4, double),
  one(
    5,
    recursive(() => listValue),
  ),
  one(
    6,
    recursive(() => membersValue),
  ),
  one(7, bytes),
]);
const listValue: Type<AttributeValue[]> = mapped(
  message({ values: many(1, anyValue) }),
  ({ values }) => values,
);
const keyValue = message({ key: one(1, text), value: one(2, anyValue) });

/** A repeated KeyValue as an object. */
const attributes = (number: number): Field<Attributes> => ({
  number,
  wireType: keyValue.wireType,
  start: () => ({}),
  add(before, from) {
    const { key, value } = keyValue.read(from);
    // Assigning to `__proto__` would set the prototype instead of a member.
    if (key === '__proto__')
      Object.defineProperty(before, key, { value, enumerable: true, configurable: true });
    else before[key] = value;
    return before;
  },
});
const membersValue: Type<Attributes> = mapped(message({ members: attributes(1) }), ({ members }) => members);

const resource = message({ attributes: attributes(1) });
const scope = message({ name: one(1, text), version: one(2, text) });

const span = message({
  traceId: one(1, hex),
  spanId: one(2, hex),
  /** Empty for the root span. */
  parentSpanId: one(4, hex),
  name: one(5, text),
  kind: one(6, nameOf(spanKinds)),
  /** Nanoseconds since 1970, like all times in this file. */
  startTime: one(7, fixed64),
  endTime: one(8, fixed64),
  attributes: attributes(9),
  /** Number of attributes that the SDK's limits dropped. */
  droppedAttributes: one(10, integer),
  events: many(11, message({ time: one(1, fixed64), name: one(2, text), attributes: attributes(3) })),
  droppedEvents: one(12, integer),
  links: many(13, message({ traceId: one(1, hex), spanId: one(2, hex), attributes: attributes(4) })),
  droppedLinks: one(14, integer),
  status: one(15, message({ message: one(2, text), code: one(3, nameOf(statusCodes)) })),
});

const log = message({
  time: one(1, fixed64),
  /** 1 to 24; 9 is INFO, 13 WARN, 17 ERROR. */
  severityNumber: one(2, integer),
  severityText: one(3, text),
  body: one(5, anyValue),
  attributes: attributes(6),
  droppedAttributes: one(7, integer),
  /** Empty outside of a trace. */
  traceId: one(9, hex),
  spanId: one(10, hex),
  observedTime: one(11, fixed64),
  eventName: one(12, text),
});

/** ExportTraceServiceRequest and ExportLogsServiceRequest wrap their records in the same shape. */
const exportRequest = <T extends object>(record: Type<T>) => {
  const scoped = message({ scope: one(1, scope), records: many(2, record) });
  const ofResource = message({ resource: one(1, resource), scopes: many(2, scoped) });
  return mapped(message({ resources: many(1, ofResource) }), ({ resources }) =>
    resources.flatMap(({ resource: maker, scopes }) =>
      scopes.flatMap(({ scope: origin, records }) =>
        records.map((each) => ({ ...each, scope: origin, resource: maker.attributes })),
      ),
    ),
  );
};

/** Each record carries its scope and resource. */
export const traceRequest = exportRequest(span);
export const logsRequest = exportRequest(log);

export type ReceivedSpan = ReturnType<typeof traceRequest.read>[number];
export type ReceivedLog = ReturnType<typeof logsRequest.read>[number];
