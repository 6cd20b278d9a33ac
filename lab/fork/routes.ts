import { ForkError } from './fork-error.ts';

/** Parts of a fork that each have one server for all routes. */
const servers = ['src/', 'lab/console/'];

/**
 * Makes sure that no route of the domain is one of the core, with which the server would not start.
 *
 * @throws {ForkError}
 */
export function checkRoutes(core: ReadonlyMap<string, string>, domain: ReadonlyMap<string, string>): void {
  for (const server of servers) {
    const taken = routesIn(core, server);
    const twice = [...routesIn(domain, server)].find((route) => taken.has(route));
    if (twice !== undefined)
      throw new ForkError(`The core has the route ${twice} already: take another resource or plural.`);
  }
}

/** Such as `GET /bookings/:`, because the names of parameters make no difference. */
function routesIn(files: ReadonlyMap<string, string>, folder: string): ReadonlySet<string> {
  const declaration = /\.(get|post|put|patch|delete)(?:<[^(]*>)?\(\s*'(\/[^']*)'/g;
  return new Set(
    [...files]
      .filter(([file]) => file.startsWith(folder) && /(?<!\.test)\.ts$/.test(file))
      .flatMap(([, text]) => Array.from(text.matchAll(declaration)))
      .map(([, method = '', route = '']) => `${method.toUpperCase()} ${route.replaceAll(/:\w+/g, ':')}`),
  );
}
