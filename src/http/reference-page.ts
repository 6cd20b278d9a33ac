import { escapeText, markUp } from './html-text.ts';

/**
 * The reference page of the API, built once from the OpenAPI document. It has no script and needs none: it can be read without
 * one, by a screen reader too, and its policy can forbid all of them.
 */

interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  pattern?: string;
  enum?: unknown[];
  const?: unknown;
  description?: string;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  anyOf?: Schema[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
}

interface Content {
  content?: Record<string, { schema?: Schema; example?: unknown }>;
}

interface Operation {
  operationId?: string;
  summary?: string;
  description?: string;
  tags?: string[];
  parameters?: Array<{ name: string; in: string; required?: boolean; description?: string; schema?: Schema }>;
  requestBody?: Content;
  responses?: Record<string, Content & { description?: string; headers?: Record<string, unknown> }>;
}

/** What the page reads of an OpenAPI 3.1 document. */
export interface OpenApiDocument {
  info: { title: string; version: string; description?: string };
  tags?: Array<{ name: string; description?: string }>;
  paths?: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema> };
}

interface Named {
  /** Method and path. */
  name: string;
  method: string;
  path: string;
  operation: Operation;
}

/** @param exampleKey the key of the examples, for a command that can be pasted */
export function referencePage(document: OpenApiDocument, exampleKey: string): string {
  const { info, tags = [], components = {} } = document;
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, byMethod]) =>
    Object.entries(byMethod).map(([method, operation]): Named => {
      const upper = method.toUpperCase();
      return { name: `${upper} ${path}`, method: upper, path, operation };
    }),
  );
  const groups = Map.groupBy(operations, ({ operation }) => operation.tags?.[0] ?? 'Other');
  const sections = [...groups].map(([tag, ofTag]) => {
    const about = tags.find(({ name }) => name === tag)?.description ?? '';
    return `<section><h2 id="${idOf(tag)}">${escapeText(tag)}</h2>${paragraph(about)}${ofTag
      .map((each) => operationSection(each, exampleKey))
      .join('')}</section>`;
  });
  const schemas = Object.entries(components.schemas ?? {});
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${escapeText(info.title)}: API reference</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/reference.css">
</head>
<body>
<main>
<h1>${escapeText(info.title)}</h1>
<p>Version ${escapeText(info.version)}. ${markUp(info.description ?? '')}</p>
<p>As an OpenAPI 3.1 document: <a href="/openapi.json">/openapi.json</a>. Every problem has <a href="/problems">a page of its own</a>.</p>
<p>Each request needs the API key of a client: <code>Authorization: Bearer ${escapeText(exampleKey)}</code>.</p>
<nav aria-label="Operations"><ul>${operations.map(({ name, operation }) => `<li><a href="#${idOf(name)}">${escapeText(name)}</a> ${escapeText(operation.summary ?? '')}</li>`).join('')}</ul></nav>
${sections.join('\n')}
<section><h2 id="schemas">Schemas</h2>${schemas.map(([name, schema]) => schemaSection(name, schema)).join('')}</section>
</main>
</body>
</html>
`;
}

function operationSection({ name, method, path, operation }: Named, exampleKey: string): string {
  const { summary = '', description = '', parameters = [], requestBody, responses = {} } = operation;
  const [type, body] = Object.entries(requestBody?.content ?? {})[0] ?? [];
  const rows = parameters.map((each) => [
    `<code>${escapeText(each.name)}</code>`,
    `${escapeText(each.in)}${each.required ? ', required' : ''}`,
    typeOf(each.schema),
    markUp(each.description ?? each.schema?.description ?? ''),
  ]);
  const answers = Object.entries(responses).map(([status, { description: meaning = '', content }]) => [
    `<b>${escapeText(status)}</b>`,
    typeOf(Object.values(content ?? {})[0]?.schema),
    markUp(meaning),
  ]);
  return `<article aria-labelledby="${idOf(name)}">
<h3 id="${idOf(name)}"><span class="method">${method}</span> ${escapeText(path)}</h3>
<p><b>${escapeText(summary)}.</b> ${markUp(description)}</p>
<pre tabindex="0" aria-label="Example request">${escapeText(exampleOf({ name, method, path, operation }, exampleKey))}</pre>
${table('Parameters', ['Name', 'In', 'Type', 'Meaning'], rows)}
${type === undefined ? '' : `<h4>Body</h4><p><code>${escapeText(type)}</code></p>${properties(body?.schema)}`}
${table('Responses', ['Status', 'Body', 'Meaning'], answers)}
</article>
`;
}

/** The request as a command. */
function exampleOf({ method, path, operation }: Named, exampleKey: string): string {
  const example = Object.values(operation.requestBody?.content ?? {})[0]?.example;
  const isRepeatable = operation.parameters?.some(({ name }) => name.toLowerCase() === 'idempotency-key');
  return [
    `curl ${method === 'GET' ? '' : `-X ${method} `}"$URL${path.replaceAll(/\{(\w+)\}/g, '$$$1')}"`,
    `-H "authorization: Bearer ${exampleKey}"`,
    ...(isRepeatable ? ['-H "idempotency-key: $(uuidgen)"'] : []),
    ...(example === undefined
      ? []
      : ["-H 'content-type: application/json'", `-d ${inShell(JSON.stringify(example))}`]),
  ].join(' \\\n  ');
}

/** A text as one argument of a command. */
const inShell = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;

function schemaSection(name: string, schema: Schema): string {
  return `<article aria-labelledby="schema-${idOf(name)}"><h3 id="schema-${idOf(name)}">${escapeText(name)}</h3>${paragraph(schema.description ?? '')}${properties(schema)}</article>`;
}

function properties(schema: Schema = {}): string {
  const rows = propertyRows(schema);
  return rows.length === 0 ? `<p>${typeOf(schema)}</p>` : table('', ['Property', 'Type', 'Meaning'], rows);
}

/** A row for each property, followed by the rows of its own properties, which have no name under Schemas. */
function propertyRows({ properties: all = {}, required = [] }: Schema, within = ''): string[][] {
  return Object.entries(all).flatMap(([name, each]) => {
    const path = within + name;
    const row = [
      `<code>${escapeText(path)}</code>${required.includes(name) ? ', required' : ''}`,
      typeOf(each),
      markUp(each.description ?? ''),
    ];
    return [row].concat(propertyRows(each, `${path}.`), propertyRows(each.items ?? {}, `${path}[].`));
  });
}

function table(title: string, head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  if (rows.length === 0) return '';
  const caption = title === '' ? '' : `<h4>${title}</h4>`;
  const heads = head.map((each) => `<th scope="col">${each}</th>`).join('');
  const body = rows.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('');
  return `${caption}<table><thead><tr>${heads}</tr></thead><tbody>${body}</tbody></table>`;
}

/** The most values of an enumeration that are listed: there are 150 currencies. */
const mostListed = 12;

/** The type in a few words, with its bounds. Markup. */
function typeOf(schema: Schema | undefined): string {
  if (schema === undefined) return '';
  const { $ref, anyOf, items } = schema;
  if ($ref !== undefined) {
    const name = $ref.slice($ref.lastIndexOf('/') + 1);
    return `<a href="#schema-${idOf(name)}">${escapeText(name)}</a>`;
  }
  if (anyOf !== undefined) return anyOf.map((each) => typeOf(each)).join(' or ');
  if (schema.enum !== undefined) {
    const values = schema.enum.map((value) => `<code>${escapeText(String(value))}</code>`);
    return values.length <= mostListed
      ? values.join(', ')
      : `${values.slice(0, 3).join(', ')} and ${values.length - 3} others`;
  }
  if (schema.const !== undefined) return `<code>${escapeText(JSON.stringify(schema.const))}</code>`;
  const type = [schema.type ?? 'any'].flat().join(' or ');
  const what = items === undefined ? escapeText(type) : `${escapeText(type)} of ${typeOf(items)}`;
  return [what, ...limitsOf(schema)].join(', ');
}

function limitsOf(schema: Schema): string[] {
  const between = (least: number | undefined, most: number | undefined, unit: string) =>
    least === undefined && most === undefined ? [] : [`${least ?? 0} to ${most ?? '∞'}${unit}`];
  return [
    ...(schema.format === undefined ? [] : [escapeText(schema.format)]),
    ...between(schema.minimum, schema.maximum, ''),
    ...between(schema.minLength, schema.maxLength, ' characters'),
    ...between(schema.minItems, schema.maxItems, ' items'),
    ...(schema.pattern === undefined ? [] : [patternOf(schema.pattern)]),
  ];
}

/** A long pattern tells a reader nothing that the meaning does not. */
function patternOf(pattern: string): string {
  return pattern.length > 40 ? 'with a pattern' : `<code>${escapeText(pattern)}</code>`;
}

function idOf(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
}

function paragraph(text: string): string {
  return text === '' ? '' : `<p>${markUp(text)}</p>`;
}

export const referenceStyles = `
:root { color-scheme: light dark; --line: light-dark(#d5dbe2, #333b46); --muted: light-dark(#56616f, #9da8b6); --raised: light-dark(#f5f7f9, #171b22); }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; background: light-dark(#fff, #101318); color: light-dark(#171b21, #e7eaef); }
main { max-width: 980px; margin: 0 auto; padding: 24px 20px 64px; }
a { color: light-dark(#0b5cad, #74b3ff); }
h2 { margin-top: 40px; border-bottom: 1px solid var(--line); }
h3 { margin: 32px 0 8px; overflow-wrap: anywhere; }
h4 { margin: 16px 0 4px; }
.method { padding: 1px 8px; border: 1px solid currentColor; border-radius: 5px; font-size: 0.8em; }
table { width: 100%; border-collapse: collapse; font-size: 14px; }
th, td { padding: 4px 10px 4px 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
td:last-child, td code { overflow-wrap: anywhere; }
@media (max-width: 700px) { td { overflow-wrap: anywhere; } }
@media (min-width: 700px) { td:first-child code { white-space: nowrap; } }
th { font-weight: 500; color: var(--muted); }
pre { padding: 10px 12px; overflow-x: auto; background: var(--raised); border: 1px solid var(--line); border-radius: 6px; }
code, pre { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 13px; }
`;
