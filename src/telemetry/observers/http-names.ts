/** Clients may send any method that Node parses; labels and span names need few values, so the rest share one. */
const knownMethods = new Set([
  'CONNECT',
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
  'TRACE',
]);

/** @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#common-attributes */
export function knownMethod(method: string): string {
  return knownMethods.has(method) ? method : '_OTHER';
}

/** @param route empty if no route matches */
export function spanName(method: string, route: string): string {
  const known = knownMethods.has(method) ? method : 'HTTP';
  return route === '' ? known : `${known} ${route}`;
}
