import { levelNames } from './lines/levels.ts';

/** The lines of one service by level, in the order of {@link levelNames}. */
export interface ServiceLines {
  service: string;
  lines: Float64Array;
}

/** What was read and forwarded since the start. */
export interface Counts {
  /** Those of a service, or of `other` once there are too many services. */
  of(service: string): ServiceLines;
  /** Of lines without a service. */
  readonly unnamed: ServiceLines;
  all(): Iterable<ServiceLines>;
  bytes: number;
  /** Lines that are no JSON object. */
  malformed: number;
  /** Lines that were longer than the bound, and cut. */
  oversize: number;
  /** Batches that every target has. */
  batches: number;
  retries: number;
  /** Records that a receiver refused. */
  rejected: number;
}

/** Characters of a label. */
const longestLabel = 128;

/** @param mostServices that are counted by name */
export function createCounts(mostServices: number): Counts {
  const services = new Map<string, ServiceLines>();
  const add = (service: string): ServiceLines => {
    const lines = { service, lines: new Float64Array(levelNames.length) };
    services.set(service, lines);
    return lines;
  };
  const unnamed = add('unknown');
  return {
    unnamed,
    of(service) {
      const isLabel = service.length <= longestLabel && service.isWellFormed();
      const found = isLabel ? services.get(service) : undefined;
      if (found !== undefined) return found;
      // `unknown` and `other` do not count as services.
      if (isLabel && services.size - 1 < mostServices) return add(service);
      return services.get('other') ?? add('other');
    },
    all: () => services.values(),
    bytes: 0,
    malformed: 0,
    oversize: 0,
    batches: 0,
    retries: 0,
    rejected: 0,
  };
}
