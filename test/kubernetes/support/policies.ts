import type { Container, PodTemplate } from './helm.ts';

/**
 * What is wrong with a pod, in the sense of the restricted profile and beyond.
 *
 * @see https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
 */
export function violations(owner: string, { spec }: PodTemplate): string[] {
  const found: string[] = [];
  const check = (fine: boolean, what: string) => {
    if (!fine) found.push(`${owner}: ${what}`);
  };
  check(spec.automountServiceAccountToken === false, 'the pod has a token');
  check(spec.enableServiceLinks === false, 'Services become variables');
  check(spec.hostNetwork !== true, 'the network of the node');
  check(spec.securityContext?.runAsNonRoot === true, 'may run as root');
  // The kubelet can verify a number only.
  check((spec.securityContext?.runAsUser ?? 0) > 0, 'no numeric user');
  check(spec.securityContext?.seccompProfile?.type === 'RuntimeDefault', 'no seccomp profile');
  check(
    (spec.volumes ?? []).every(({ hostPath }) => hostPath === undefined),
    'a path of the node',
  );
  for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
    for (const what of ofContainer(container)) check(false, `${container.name}: ${what}`);
  }
  return found;
}

function ofContainer({ resources, securityContext, image }: Container): string[] {
  const { requests, limits } = resources;
  return [
    [requests['cpu'] !== undefined && requests['memory'] !== undefined, 'no requests'],
    [limits['cpu'] !== undefined && limits['memory'] !== undefined, 'no limits'],
    // Memory beyond the request is taken from a neighbour, who is then killed.
    [limits['memory'] === requests['memory'], 'the memory limit is not the request'],
    [securityContext?.allowPrivilegeEscalation === false, 'may gain privileges'],
    [securityContext?.readOnlyRootFilesystem === true, 'writes to its root'],
    [securityContext?.privileged !== true, 'privileged'],
    [securityContext?.capabilities?.drop?.join() === 'ALL', 'keeps capabilities'],
    [securityContext?.capabilities?.add === undefined, 'adds capabilities'],
    [/[:@]/.test(image) && !image.endsWith(':latest'), 'an image that changes'],
  ].flatMap(([fine, what]) => (fine === true ? [] : [String(what)]));
}
