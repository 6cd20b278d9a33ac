import { Type, type Static } from 'typebox';
import type { Alert } from './responder.ts';

const Texts = Type.Record(Type.String(), Type.String(), { expected: 'a JSON object of texts' });

/** The body of Alertmanager's webhook, as far as it is read here. @see https://prometheus.io/docs/alerting/latest/configuration/#webhook_config */
export const Notification = Type.Object(
  {
    alerts: Type.Array(
      Type.Object({
        status: Type.Union([Type.Literal('firing'), Type.Literal('resolved')], {
          expected: '"firing" or "resolved"',
        }),
        labels: Texts,
        startsAt: Type.String({ maxLength: 64 }),
        fingerprint: Type.String({ pattern: '^[\\da-f]{1,64}$', expected: 'a hexadecimal number' }),
      }),
      { maxItems: 200 },
    ),
  },
  { expected: 'a JSON object' },
);

/** The alerts that fire. What has ended needs no evidence any more. */
export function firingAlerts({ alerts }: Static<typeof Notification>): Alert[] {
  return alerts
    .filter(({ status }) => status === 'firing')
    .map(({ labels, startsAt, fingerprint }) => ({
      fingerprint,
      startsAt,
      name: (labels['alertname'] ?? '(no name)').slice(0, 200),
      instance: labels['instance']?.slice(0, 300),
    }));
}
