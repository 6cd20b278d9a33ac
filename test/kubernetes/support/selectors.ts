import type { KubeObject } from './cluster.ts';

type Labels = Record<string, string>;

export interface Selection {
  matches(labels: Labels): boolean;
  /** Ports that the object names, and that its pods must have. */
  portNames: string[];
}

/** What an object says about pods; `undefined` if it selects none, or makes its own. */
export function selects(object: KubeObject): Selection | undefined {
  const { spec } = object as unknown as { spec: Spec };
  const by = (labels: Labels | undefined, ports: readonly unknown[]): Selection => ({
    matches: (of) => Object.entries(labels ?? {}).every(([key, value]) => of[key] === value),
    portNames: ports.filter((port) => typeof port === 'string'),
  });
  switch (object.kind) {
    case 'Service':
      return by(
        spec.selector as Labels,
        (spec.ports ?? []).map(({ targetPort }) => targetPort),
      );
    case 'NetworkPolicy':
      return by(
        spec.podSelector?.matchLabels,
        (spec.ingress ?? []).flatMap(({ ports = [] }) => ports.map(({ port }) => port)),
      );
    case 'PodDisruptionBudget':
    case 'Deployment':
    case 'StatefulSet':
      return by((spec.selector as { matchLabels: Labels }).matchLabels, []);
    case 'PodMonitor':
      return by(
        (spec.selector as { matchLabels: Labels }).matchLabels,
        (spec.podMetricsEndpoints ?? []).map(({ port }) => port),
      );
    default:
      return undefined;
  }
}

interface Spec {
  selector?: unknown;
  podSelector?: { matchLabels: Labels };
  ports?: { targetPort: unknown }[];
  ingress?: { ports?: { port: unknown }[] }[];
  podMetricsEndpoints?: { port: unknown }[];
}
