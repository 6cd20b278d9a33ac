import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { articleOf } from './article.ts';

/** The names of a fork, and what may not be one. */

export interface ForkNames {
  /** Of the service, the package and the image: `front-desk`. */
  service: string;
  /** Begins the names of attributes and events, and names the database of development: `front_desk`. */
  namespace: string;
  /** The resource: `booking`. */
  resource: string;
  plural: string;
}

/** A name that cannot be used. `message` is one line. */
export class UnfitName extends Error {
  override readonly name = 'UnfitName';
}

/**
 * Words that PostgreSQL reserves, of its keywords those that cannot name a table or a column without quotes.
 *
 * @see https://www.postgresql.org/docs/18/sql-keywords-appendix.html
 */
const reservedInSql: ReadonlySet<string> = new Set(
  `all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create
  current_catalog current_date current_role current_time current_timestamp current_user default deferrable desc distinct do
  else end except false fetch for foreign from grant group having in initially intersect into lateral leading limit
  localtime localtimestamp not null offset on only or order placing primary references returning select session_user some
  symmetric system_user table then to trailing true union unique user using variadic when where window with authorization
  binary collation concurrently cross current_schema freeze full ilike inner is isnull join left like natural notnull outer
  overlaps right similar tablesample verbose`.split(/\s+/),
);

/** Words of TypeScript that cannot name a variable. */
const reservedInCode: ReadonlySet<string> = new Set(
  `await break case catch class const continue debugger default delete do else enum export extends false finally for
  function if import in instanceof interface let new null package private protected public return static super switch this
  throw true try typeof var void while with yield arguments eval`.split(/\s+/),
);

/**
 * Names of folders, metrics, fields, log components and probes of the core, and the tables of others in the same schema: a
 * resource with one of them would be two things.
 */
const takenByCore: ReadonlySet<string> = new Set(
  `admin admission attempt batch batching breaker cache circuit client config confirmation connection database deadline
  dependency domain error event gauge health histogram http identity idempotency instrument key lease leasing limit log logger
  metric migration name observer orders pgmigration postgres privacy probe problem process profile quantity reason redis reference
  request resilience response retry row sample service span statement status store summary telemetry template trace upstream
  variable world`.split(/\s+/),
);

const starter = path.resolve(import.meta.dirname, 'starter');

/** Every name that the code of the starter uses besides its own nouns and properties, among them those of JavaScript itself. */
const takenByStarter = (() => {
  let names: ReadonlySet<string> | undefined;
  return (): ReadonlySet<string> => {
    names ??= new Set(
      [
        ...textsOf('src/**/*.ts'),
        // Their sentences have many nouns, which collide with nothing.
        ...textsOf('lab/{bench,chaos,console}/**/*.ts').map((text) =>
          text.replaceAll(/'[^'\n]*'|`[^`]*`/g, (words) => (words.match(/\$\{[^}]*\}/g) ?? []).join(' ')),
        ),
      ]
        .flatMap((text) => text.match(/(?<![-\w$]|[^.]\.)[A-Za-z]\w*/g) ?? [])
        .filter((word) => !/^bookings?$/i.test(word)),
    );
    return names;
  };
})();

/** Files of the starter without their comments. */
function textsOf(glob: string): string[] {
  return globSync(glob, { cwd: starter }).map((file) =>
    readFileSync(path.join(starter, file), 'utf8').replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, ''),
  );
}

/** Whether a noun, or the type that is called after it, has a meaning in the code already. */
function isTaken(noun: string): boolean {
  const plurals = new Set([...takenByCore].map((word) => regularPlural(word) ?? likelyPlural(word)));
  return (
    takenByCore.has(noun) ||
    plurals.has(noun) ||
    // An object has it, whatever else it has.
    noun in {} ||
    capital(noun) in globalThis ||
    [noun, capital(noun)].some((name) => takenByStarter().has(name))
  );
}

/** Containers of docker-compose.yml and proxies of HAProxy beside the service. */
const containers: ReadonlySet<string> = new Set(
  `admin alertmanager api grafana jaeger loki migrate otel-collector postgres prometheus proxy simulator status telemetry
  upstream valkey`.split(/\s+/),
);

/**
 * Other names of services that are no names of forks: those of programs, databases and hosts, of its dependencies in npm, which
 * npm refuses to install into a package of the same name, and those that npm reserves.
 *
 * @see https://github.com/npm/validate-npm-package-name
 */
const takenNames: ReadonlySet<string> = new Set(
  `ajv console evidence fastify haproxy http https ioredis knip localhost logs node node-modules opossum pg pino
  prom-client public redis template0 template1 test traffic typebox typescript undici vitest yaml`.split(
    /\s+/,
  ),
);

/**
 * Nouns whose plural is asked for, because a rule would be wrong for some of them, with the plural that is likely. The first one that
 * matches counts.
 */
const irregular: ReadonlyArray<readonly [noun: RegExp, plural: string]> = [
  [/child$/, 'children'],
  [/person$/, 'people'],
  [/man$/, 'men'],
  [/^ox$/, 'oxen'],
  [/goose$/, 'geese'],
  [/^([ml])ouse$/, '$1ice'],
  [/tooth$/, 'teeth'],
  [/foot$/, 'feet'],
  [/quiz$/, 'quizzes'],
  [/(lea|li|kni|wi|hal|shel|thie|wol|loa|cal)fe?$/, '$1ves'],
  [/(her|potat|tomat|ech|vet)o$/, '$1oes'],
  [/(ind|vert|vort|matr|append)[ei]x$/, '$1ices'],
  [/(dat|medi|bacteri)um$/, '$1a'],
  [/(criteri|phenomen)on$/, '$1a'],
  [/(?:sheep|aircraft|fish|deer|data|media|information|equipment|staff|news|series|species)$/, '$&list'],
  [/is$/, 'es'],
  // A singular such as lens, or a plural already.
  [/(?<!s)s$/, 'ses'],
];

/** @returns the plural that an irregular noun, or one that may be, is likely to have */
export function likelyPlural(resource: string): string | undefined {
  const [noun, plural] = irregular.find(([pattern]) => pattern.test(resource)) ?? [];
  return noun && plural && resource.replace(noun, plural);
}

/** @returns the plural of a regular noun; `undefined` for one that may be irregular */
export function regularPlural(resource: string): string | undefined {
  if (likelyPlural(resource) !== undefined) return undefined;
  if (/(?:s|x|z|ch|sh)$/.test(resource)) return `${resource}es`;
  if (/[^aeiou]y$/.test(resource)) return `${resource.slice(0, -1)}ies`;
  return `${resource}s`;
}

/**
 * Checks the names of a fork.
 *
 * @throws {UnfitName} with one line that says what is wrong and what would do
 */
export function forkNames(given: { name: string; resource: string; plural?: string | undefined }): ForkNames {
  const service = serviceName(given.name);
  const resource = resourceName(given.resource);
  const plural = given.plural ?? regularPlural(resource);
  if (plural === undefined)
    throw new UnfitName(
      `The plural of "${resource}" may be irregular${resource.endsWith('s') ? ', or it is one already' : ''}: say --plural, such as --plural ${likelyPlural(resource)}.`,
    );
  return { service, namespace: service.replaceAll('-', '_'), resource, plural: pluralName(plural, resource) };
}

/** @throws {UnfitName} */
export function serviceName(name: string): string {
  // https://docs.npmjs.com/cli/v11/configuring-npm/package-json#name, without scopes, so that it is a host name as well.
  if (!/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(name) || name.length > 40)
    throw new UnfitName(
      `The name "${name}" will not do: up to 40 lower-case letters from a to z, digits and single hyphens, beginning with a letter, such as front-desk.`,
    );
  if (containers.has(name))
    throw new UnfitName(`The name "${name}" already names a container of the stack: take another.`);
  if (takenNames.has(name) || name.startsWith('pg-'))
    throw new UnfitName(
      `The name "${name}" is that of a program, a package or a role of Postgres already: take another, such as ${name.slice(0, 30)}-desk.`,
    );
  return name;
}

/** @throws {UnfitName} */
export function resourceName(resource: string): string {
  checkNoun('resource', resource);
  return resource;
}

/** @throws {UnfitName} */
export function pluralName(plural: string, resource: string): string {
  checkNoun('plural', plural);
  if (plural === resource)
    throw new UnfitName(
      `The plural "${plural}" is the same as the resource: say another --plural, such as --plural ${resource}list.`,
    );
  return plural;
}

/** It names a route, a table, metrics (https://prometheus.io/docs/concepts/data_model/), types and variables. */
function checkNoun(what: string, word: string): void {
  if (!/^[a-z]{2,30}$/.test(word))
    throw new UnfitName(
      `The ${what} "${word}" will not do: 2 to 30 lower-case letters from a to z, because it names a table, a metric and a type at once.`,
    );
  if (reservedInSql.has(word))
    throw new UnfitName(`The ${what} "${word}" is a reserved word of SQL: take another.`);
  if (reservedInCode.has(word))
    throw new UnfitName(`The ${what} "${word}" is a reserved word of TypeScript: take another.`);
  if (isTaken(word))
    throw new UnfitName(`The ${what} "${word}" already names a part of the service: take another.`);
}

const capital = (word: string) => word.slice(0, 1).toUpperCase() + word.slice(1);

/** Renames the starter's words, `frontdesk`, `booking` and `bookings`, in a text or a path of the starter. */
export function renameStarter(text: string, names: ForkNames): string {
  const { service, namespace, resource, plural } = names;
  // In one pass, because a name may be one of the starter's words.
  return text.replaceAll(
    /(?<article>\b[Aa](?=(?:\s|\*|\/\/)+[`_'"]?[Bb]ookings?(?![a-z])))|(?<namespace>frontdesk_ns)|frontdesk-(?<dashboard>bookings|dependencies|detection|saturation|service|telemetry)(?![\w-])|(?<service>frontdesk)|(?<plural>(?<![a-z])bookings(?![a-z])|(?<=[a-z])Bookings|Bookings(?![a-z]))|(?<![a-z])booking(?![a-z])|Booking(?![a-rt-z])/g,
    (word, ...rest) => {
      const found = rest.at(-1) as Record<string, string | undefined>;
      if (found['article']) return word + articleOf(resource).slice(1);
      if (found['namespace']) return namespace;
      if (found['dashboard']) return dashboardUid(service, found['dashboard'].replace('bookings', plural));
      if (found['service']) return service;
      const noun = found['plural'] ? plural : resource;
      return word.startsWith('B') ? capital(noun) : noun;
    },
  );
}

/** Grafana refuses a dashboard whose uid has more than 40 characters. */
function dashboardUid(service: string, dashboard: string): string {
  return `${service.slice(0, 39 - dashboard.length).replace(/-$/, '')}-${dashboard}`;
}

/**
 * Renames what examples in the core call after orders: databases, hosts and log lines in tests, and the database of
 * `npm start`. References to pages that a fork does not have go.
 */
export function renameCore(text: string, { service, plural, resource }: ForkNames): string {
  return text
    .replaceAll('observable-orders', service)
    .replaceAll('"deploy", ', '')
    .replaceAll(/, "lab\/bench\/\*\*"|(?<=\{)audit,bench,chaos,|^ *"!docs\/chaos\/\*\.json",\n/gm, '')
    .replaceAll(/ \(docs\/[\w/-]+\.md\)/g, '')
    .replaceAll(/(?<=['"`/@_. =]|postgres:\/\/)orders(?=['"`/?@:_. \\-])/g, plural)
    .replaceAll(/(?<=['"`])order(?=[._ ])(?! by)/g, resource)
    .replaceAll(/\border_(?=id\b)/g, `${resource}_`)
    .replaceAll('Orders.:', `${capital(plural)}.:`);
}

/**
 * Gives the files around the service the words of the starter, where orders is the name of the service (a job, a container, a
 * backend of the proxy), a route, or the user and the database in Postgres.
 */
export function asStarter(text: string): string {
  return text
    .replaceAll('observable-orders', 'frontdesk')
    .replaceAll(
      '//orders:orders@postgres:5432/orders',
      '//frontdesk_ns:frontdesk_ns@postgres:5432/frontdesk_ns',
    )
    .replaceAll(
      /(?<=POSTGRES_(?:USER|PASSWORD|DB)(?:: |:-)|databases: \[|-U, |-d, )orders\b|\borders(?=\.(?!yml\b|yaml\b|json\b|env\b)[a-z_])/g,
      'frontdesk_ns',
    )
    .replaceAll(
      /\borders(?=-(?:live|bookings|dependencies|detection|saturation|service|telemetry|upstream|host)\b|- )/g,
      'frontdesk',
    )
    .replaceAll(/(?<=\/)orders\b/g, 'bookings')
    .replaceAll(/\borders\b/g, 'frontdesk')
    .replaceAll(/\bOrders\b/g, 'Bookings');
}
