/** The names of requests in spans and metrics. */
export interface HttpNames {
  /** @returns `_OTHER` for a method that is not known */
  methodOf(method: string): string;
  /** @param route empty if no route matches */
  spanName(method: string, route: string): string;
}

/**
 * Clients may send any method that Node parses; labels and span names need few values, so those that are not known share one.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#common-attributes
 */
export function createHttpNames(knownMethods: readonly string[]): HttpNames {
  const known = new Set(knownMethods);
  return {
    methodOf: (method) => (known.has(method) ? method : '_OTHER'),
    spanName(method, route) {
      const name = known.has(method) ? method : 'HTTP';
      return route === '' ? name : `${name} ${route}`;
    },
  };
}
