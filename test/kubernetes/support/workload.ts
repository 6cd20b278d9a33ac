import type { KubeObject } from './cluster.ts';

/** What runs in a pod. */
export interface Workload {
  readonly ready: boolean;
  /** Once it has ended by itself. */
  readonly exitCode: number | undefined;
  /** After this, it ends within the grace period. Called once. */
  terminate(graceMs: number): void;
  readonly gone: boolean;
}

/** @param ip the address that the pod has in the cluster */
export type StartWorkload = (pod: KubeObject, ip: string) => Promise<Workload>;

/** A pod without a process, which says of itself what a test wants it to. */
export interface Behaviour {
  /** Milliseconds until it is ready; `never` if it is not. */
  readyAfter: number | 'never';
  /** Of a pod that ends by itself, shortly after its start. */
  exitCode?: number;
  /** Milliseconds from its deletion to its end. */
  endsAfter: number;
}

/** @param behaviour asked again at each look, so that a test can change it */
export function pretend(behaviour: () => Behaviour): Workload {
  const since = Date.now();
  let deletedAt: number | undefined;
  let ready = false;
  return {
    // What has become ready stays so, whatever pods do from now on.
    get ready() {
      const { readyAfter, exitCode } = behaviour();
      ready ||= exitCode === undefined && readyAfter !== 'never' && Date.now() - since > readyAfter;
      return ready;
    },
    get exitCode() {
      return Date.now() - since > 300 ? behaviour().exitCode : undefined;
    },
    terminate: () => {
      deletedAt = Date.now();
    },
    get gone() {
      return deletedAt !== undefined && Date.now() - deletedAt >= behaviour().endsAfter;
    },
  };
}
