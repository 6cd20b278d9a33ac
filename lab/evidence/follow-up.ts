import type { Secret } from '../../src/config/environment.ts';
import type { Logger } from '../../src/telemetry/logging/logger.ts';
import type { Capture, CaptureAlert } from './captures.ts';

/** Milliseconds. */
const patience = 5000;

/**
 * Posts what was taken for an alert, as one message.
 *
 * Alertmanager has no threads, and a notification cannot be added to later. So the link is in two places: every alert that
 * evidence is taken for has it as its annotation `evidence_url` from the start, and this message goes where its notification
 * went. It is not retried: the page has all of it.
 *
 * @see https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/
 */
export async function sendFollowUp(
  webhook: Secret<string>,
  text: string,
  { logger, signal }: { logger: Logger; signal: AbortSignal },
): Promise<void> {
  // The URL is a credential, and errors of fetch may quote it: only their kind is logged.
  const complain = (reason: string) =>
    logger.warn({ event: 'evidence.follow_up_failed', reason }, 'the follow-up was not delivered');
  try {
    const response = await fetch(webhook.reveal(), {
      method: 'POST',
      redirect: 'error',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
    });
    await response.body?.cancel();
    if (!response.ok) complain(`answered ${response.status}`);
  } catch (error) {
    complain(error instanceof Error ? error.name : 'unknown');
  }
}

/** @param url base URL of the links */
export function followUpText(
  { id, kind, target, profile, logLevel }: Capture,
  alert: CaptureAlert,
  url: string,
): string {
  const taken =
    profile.kind === 'taken'
      ? [
          `${kind === 'cpu' ? 'CPU' : 'heap'} profile of ${profile.seconds} s: ${url}/captures/${id}/${profile.file}`,
          ...profile.hottest.map((line) => `• ${line}`),
        ]
      : [`No ${kind === 'cpu' ? 'CPU' : 'heap'} profile: ${profile.reason}.`];
  const level =
    logLevel.kind === 'raised'
      ? `Log level ${logLevel.level} until ${logLevel.until}.`
      : `Log level unchanged: ${logLevel.reason}.`;
  return [
    `Evidence for ${alert.name} (${alert.fingerprint}) from ${target}: ${url}/captures/${id}`,
    ...taken,
    level,
  ]
    .map(escape)
    .join('\n');
}

/** In Slack's format these three would begin a link or a mention, such as `<!channel>`. */
function escape(line: string): string {
  return line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
