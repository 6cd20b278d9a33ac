import type { FaultState, ServiceMap } from '../api-types.ts';
import { gatewayFaultWords, networkFaultWords } from '../faults/fault-words.ts';

/** Where a node stands: columns from callers to what they call, rows within a column. */
export interface Place {
  column: number;
  row: number;
}

/** Puts every callee right of its callers. In a circle of calls, the call that closes it leads back. */
export function placesOf({ nodes, edges }: Pick<ServiceMap, 'nodes' | 'edges'>): Map<string, Place> {
  const columns = new Map<string, number>();
  const visit = (id: string, column: number, path: ReadonlySet<string>): void => {
    if (path.has(id) || column <= (columns.get(id) ?? -1)) return;
    columns.set(id, column);
    const longer = new Set([...path, id]);
    for (const { from, to } of edges) if (from === id) visit(to, column + 1, longer);
  };
  const called = new Set(edges.filter(({ from, to }) => from !== to).map(({ to }) => to));
  for (const { id } of nodes) if (!called.has(id)) visit(id, 0, new Set());
  // Nodes of a circle that nobody outside calls.
  for (const { id } of nodes) if (!columns.has(id)) visit(id, 0, new Set());

  const rows = new Map<number, number>();
  return new Map(
    nodes.map(({ id }) => {
      const column = columns.get(id) ?? 0;
      const row = rows.get(column) ?? 0;
      rows.set(column, row + 1);
      return [id, { column, row }];
    }),
  );
}

export interface Spot {
  x: number;
  y: number;
}

interface Label {
  width: number;
  height: number;
  /** Where it may stand, the best place first; at least one. */
  spots: readonly Spot[];
}

/** Puts every label at its first spot where it covers none before it; at its best one if there is none. */
export function apart(labels: readonly Label[]): Spot[] {
  const taken: Array<Label & { spot: Spot }> = [];
  return labels.map((label) => {
    const isFree = ({ x, y }: Spot) =>
      taken.every(
        ({ spot, width, height }) =>
          Math.abs(spot.x - x) >= (width + label.width) / 2 ||
          (y >= spot.y ? y - spot.y >= height : spot.y - y >= label.height),
      );
    const spot = label.spots.find(isFree) ?? label.spots[0] ?? { x: 0, y: 0 };
    taken.push({ ...label, spot });
    return spot;
  });
}

/** The faults that are set now, by the dependency that they disturb: `gateway`, `postgres` or `redis`. */
export function activeFaults({ settings = {}, network }: FaultState): Map<string, string[]> {
  const faults = [
    ['gateway', gatewayFaultWords(settings)] as const,
    ...network.map((proxy) => [proxy.name, networkFaultWords(proxy)] as const),
  ];
  return new Map(
    [...Map.groupBy(faults, ([name]) => name)].map(([name, each]) => [
      name,
      each.flatMap(([, words]) => words),
    ]),
  );
}

/** The dependency, in the names of the faults, to which an edge leads; empty if none of them. */
export function dependencyOf(node: ServiceMap['nodes'][number]): string {
  if (node.kind === 'database') return /^[a-z]+/.exec(node.name)?.[0].replace('postgresql', 'postgres') ?? '';
  return node.name.includes('gateway') ? 'gateway' : '';
}
