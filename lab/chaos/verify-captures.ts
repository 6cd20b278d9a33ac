import type { CaptureClaim } from './experiment.ts';
import type { Evidence } from './evidence.ts';

export interface CaptureCheck {
  claim: string;
  seen: string;
  /** Undefined if nothing could be taken; `seen` gives the reason. */
  holds: boolean | undefined;
}

/** Checks what the evidence receiver took for an alert, and that the pager was told. */
export function checkCaptures(
  { alert, kind, hottest }: CaptureClaim,
  { captures, messages = [] }: Evidence,
): CaptureCheck[] {
  const first = `one ${kind} profile is taken for ${alert}`;
  if (captures === undefined)
    return [{ claim: first, seen: 'Prometheus or Alertmanager is missing', holds: undefined }];
  const own = captures.filter(({ alerts }) => alerts.some(({ name }) => name === alert));
  const [capture] = own;
  const [name = 'none'] = capture?.profile.kind === 'taken' ? capture.profile.hottest : [];
  // Another alert may have come first, whose capture raised it.
  const isRaised = captures.some(({ logLevel }) => logLevel.kind === 'raised');
  const told = messages.filter((text) => text.includes(alert));
  return [
    { claim: first, seen: String(own.length), holds: own.length === 1 && capture?.kind === kind },
    ...(hottest === undefined
      ? []
      : [{ claim: `its hottest function is ${hottest}`, seen: name, holds: name.includes(hottest) }]),
    {
      claim: 'the log level is raised for some minutes',
      seen: capture?.logLevel.kind === 'unchanged' ? capture.logLevel.reason : String(isRaised),
      holds: isRaised && capture !== undefined,
    },
    {
      claim: 'the pager gets one message with the link',
      seen: String(told.length),
      holds: told.length === 1 && told.every((text) => text.includes('/captures/')),
    },
  ];
}
