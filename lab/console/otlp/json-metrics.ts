import {
  attributes,
  double,
  id,
  int64,
  integer,
  isSet,
  type Members,
  nameOf,
  numbers,
  object,
  objects,
  text,
  time,
} from './json-values.ts';
import { type ReceivedMetric, temporalities } from './messages.ts';

/** A metric of OTLP in JSON, in the same shape as its protobuf form. */
export function readMetric(metric: Members): Omit<ReceivedMetric, 'scope' | 'resource' | 'origin'> {
  const { gauge, sum, histogram, exponentialHistogram, summary } = metric;
  return {
    name: text(metric['name']),
    description: text(metric['description']),
    unit: text(metric['unit']),
    gauge: gauge === undefined ? undefined : { points: points(gauge, readNumber) },
    sum:
      sum === undefined
        ? undefined
        : {
            points: points(sum, readNumber),
            temporality: temporality(sum),
            isMonotonic: object(sum)['isMonotonic'] === true,
          },
    histogram:
      histogram === undefined
        ? undefined
        : { points: points(histogram, readHistogram), temporality: temporality(histogram) },
    exponentialHistogram:
      exponentialHistogram === undefined
        ? undefined
        : {
            points: points(exponentialHistogram, readExponential),
            temporality: temporality(exponentialHistogram),
          },
    summary: summary === undefined ? undefined : { points: points(summary, readSummary) },
  };
}

const points = <Point>(data: unknown, read: (point: Members) => Point): Point[] =>
  objects(object(data)['dataPoints']).map(read);

const temporality = (data: unknown) =>
  nameOf(temporalities, 'AGGREGATION_TEMPORALITY_', object(data)['aggregationTemporality']);

/** The fields that points of every kind have. */
const common = (point: Members) => ({
  startTime: time(point['startTimeUnixNano']),
  time: time(point['timeUnixNano']),
  attributes: attributes(point['attributes']),
  flags: integer(point['flags']),
});

const maybe = (any: unknown): number | undefined => (isSet(any) ? double(any) : undefined);

const maybeInt64 = (any: unknown) => (isSet(any) ? int64(any) : undefined);

const exemplars = (point: Members) =>
  objects(point['exemplars']).map((exemplar) => ({
    time: time(exemplar['timeUnixNano']),
    asDouble: maybe(exemplar['asDouble']),
    asInt: maybeInt64(exemplar['asInt']),
    spanId: id(exemplar['spanId']),
    traceId: id(exemplar['traceId']),
  }));

const readNumber = (point: Members) => ({
  ...common(point),
  asDouble: maybe(point['asDouble']),
  asInt: maybeInt64(point['asInt']),
  exemplars: exemplars(point),
});

const readHistogram = (point: Members) => ({
  ...common(point),
  count: integer(point['count']),
  sum: maybe(point['sum']),
  bucketCounts: numbers(point['bucketCounts']),
  bounds: numbers(point['explicitBounds']),
  exemplars: exemplars(point),
});

const buckets = (any: unknown) => {
  const { offset, bucketCounts } = object(any);
  return { offset: integer(offset), counts: numbers(bucketCounts) };
};

const readExponential = (point: Members) => ({
  ...common(point),
  count: integer(point['count']),
  sum: maybe(point['sum']),
  scale: integer(point['scale']),
  zeroCount: integer(point['zeroCount']),
  positive: buckets(point['positive']),
  negative: buckets(point['negative']),
  zeroThreshold: double(point['zeroThreshold']),
  exemplars: exemplars(point),
});

const readSummary = (point: Members) => ({
  ...common(point),
  count: integer(point['count']),
  sum: double(point['sum']),
  quantiles: objects(point['quantileValues']).map(({ quantile, value }) => ({
    quantile: double(quantile),
    value: double(value),
  })),
});
