import type { SpanRecord } from './api-types.ts';

/**
 * The status of an answer, by the conventions of OpenTelemetry, or by the name that it had before: SDKs still send that unless they are
 * asked for the stable one.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/non-normative/http-migration/
 */
export const httpStatusIn = <T>(attributes: Readonly<Record<string, T>>): T | undefined =>
  attributes['http.response.status_code'] ?? attributes['http.status_code'];

/** The status that a server answered with; null for other spans: the answers that a client gets are those of others. */
export function statusOfAnswer({ kind, attributes }: Pick<SpanRecord, 'kind' | 'attributes'>): number | null {
  const status = httpStatusIn(attributes);
  return kind === 'SERVER' && typeof status === 'number' ? status : null;
}
