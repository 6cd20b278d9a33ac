/**
 * The status of an answer, by the conventions of OpenTelemetry, or by the name that it had before: SDKs still send that unless they are
 * asked for the stable one.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/non-normative/http-migration/
 */
export const httpStatusIn = <T>(attributes: Readonly<Record<string, T>>): T | undefined =>
  attributes['http.response.status_code'] ?? attributes['http.status_code'];
