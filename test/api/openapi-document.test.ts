import { Ajv2020, type AnySchema } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { beforeAll, describe, expect, test } from 'vitest';
import { axeViolations } from '../support/clients/axe.ts';
import { launchBrowser } from '../support/processes/browser.ts';
import { teaOrder } from '../support/clients/api-client.ts';
import { type SpawnedService, spawnService } from '../support/processes/spawn-service.ts';

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema: AnySchema;
}

interface MediaType {
  schema: AnySchema;
  example?: unknown;
  examples?: Record<string, { value: unknown }>;
}

interface Operation {
  operationId?: string;
  summary?: string;
  description?: string;
  tags?: string[];
  security?: Array<Record<string, string[]>>;
  parameters?: Parameter[];
  requestBody?: { content: Record<string, MediaType> };
  responses: Record<string, { description?: string; content?: Record<string, MediaType> }>;
}

interface Document {
  openapi: string;
  info: { title: string; version: string };
  tags: Array<{ name: string; description: string }>;
  components: { schemas: Record<string, AnySchema>; securitySchemes: Record<string, unknown> };
  paths: Record<string, Record<string, Operation>>;
}

let service: SpawnedService;
let document: Document;
let operations: Array<{ name: string; path: string; operation: Operation }>;
const ajv = new Ajv2020({ strict: false, allErrors: true });
(addFormats as unknown as (ajv: Ajv2020) => void)(ajv);

beforeAll(async () => {
  service = await spawnService();
  document = (await (await fetch(`${service.url}/openapi.json`)).json()) as Document;
  operations = Object.entries(document.paths).flatMap(([path, byMethod]) =>
    Object.entries(byMethod).map(([method, operation]) => ({ name: `${method} ${path}`, path, operation })),
  );
  ajv.addSchema({ $id: 'document', ...document });
  return () => service.close();
});

type Found = [pointer: string, value: unknown];

/** Every value in a JSON tree, with its JSON pointer. */
function* valuesIn(value: unknown, pointer = '#'): Generator<Found> {
  yield [pointer, value];
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    yield* valuesIn(member, `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`);
  }
}

/** Every schema with its examples. */
function schemasWithExamples(): Array<{ pointer: string; schema: AnySchema; examples: unknown[] }> {
  const found = [];
  for (const [pointer, value] of valuesIn(document)) {
    const isSchema = /\/schema$|\/components\/schemas\/[^/]+$/.test(pointer);
    if (isSchema) {
      const { examples = [] } = value as { examples?: unknown[] };
      found.push({ pointer, schema: value as AnySchema, examples });
    } else if (/\/content\/[^/]+$/.test(pointer)) {
      const { schema, example, examples } = value as MediaType;
      const named = Object.values(examples ?? {}).map((each) => each.value);
      found.push({ pointer, schema, examples: example === undefined ? named : [example, ...named] });
    }
  }
  return found;
}

/** References in the document are relative to its root. */
const located = (schema: AnySchema) =>
  JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"document#/')) as AnySchema;

describe('the OpenAPI document', () => {
  test('the OpenAPI document has version 3.1 and describes this version of the service', async () => {
    const { headers } = await fetch(`${service.url}/openapi.json`);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(document.openapi).toMatch(/^3\.1\.\d+$/);
    expect(document.info.title).not.toBe('');
    const status = await fetch(`${service.adminUrl}/status`);
    expect(document.info.version).toBe(((await status.json()) as { version: string }).version);
    expect(Object.keys(document.paths).toSorted()).toEqual(
      expect.arrayContaining(['/orders', '/orders/{id}', '/orders/{id}/cancel']),
    );
  });

  test('the OpenAPI document resolves all of its references', () => {
    const pointers = new Set([...valuesIn(document)].map(([pointer]) => pointer));
    const references = [...valuesIn(document)].filter(([pointer]) => pointer.endsWith('/$ref'));
    expect(references.length).toBeGreaterThan(10);
    expect(references.filter(([, target]) => !pointers.has(String(target)))).toEqual([]);
  });

  test('the OpenAPI document contains only valid JSON Schemas', () => {
    const schemas = schemasWithExamples();
    expect(schemas.length).toBeGreaterThan(20);
    expect(schemas.filter(({ schema }) => ajv.validateSchema(schema) !== true)).toEqual([]);
  });

  test('the OpenAPI document has examples of an order and its request, and every example is valid', () => {
    const withExamples = schemasWithExamples().filter(({ examples }) => examples.length > 0);
    expect(withExamples.map(({ pointer }) => pointer)).toEqual(
      expect.arrayContaining([
        '#/components/schemas/Order',
        '#/paths/~1orders/post/requestBody/content/application~1json',
      ]),
    );
    const faults = withExamples.flatMap(({ pointer, schema, examples }) => {
      const validate = ajv.compile(located(schema));
      return examples
        .filter((example) => !validate(example))
        .map(() => ({ pointer, errors: validate.errors }));
    });
    expect(faults).toEqual([]);
  });

  test('the OpenAPI document gives every operation an id, a summary, its security and its failures', () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(ids.every((id) => id !== undefined && /^[a-z][A-Za-z]+$/.test(id))).toBe(true);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { name, operation } of operations) {
      const { summary, security, responses } = operation;
      expect({ name, summary, security, statuses: Object.keys(responses) }).toEqual({
        name,
        summary: expect.stringMatching(/^[A-Z].{5,}/),
        security: [{ apiKey: [] }],
        statuses: expect.arrayContaining(['400', '401', '405', '429', '500', '503']),
      });
    }
    expect(document.components.securitySchemes).toHaveProperty('apiKey');
  });

  test('the OpenAPI document describes every response, and every failure as a problem', () => {
    const answers = operations.flatMap(({ name, operation }) =>
      Object.entries(operation.responses).map(([status, response]) => ({ name, status, response })),
    );
    expect(answers.filter(({ response }) => !response.description)).toEqual([]);
    const failures = answers.filter(({ status }) => Number(status) >= 400);
    const problem = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
    for (const failure of failures) expect(failure).toMatchObject({ response: { content: problem } });
    const statuses = new Set(failures.map(({ status }) => Number(status)));
    expect([...statuses]).toEqual(
      expect.arrayContaining([400, 401, 402, 404, 405, 409, 413, 415, 422, 429, 500, 503]),
    );
  });

  test('the OpenAPI document declares every path parameter, and no header that OpenAPI excludes from parameters', () => {
    for (const { name, path, operation } of operations) {
      const parameters = operation.parameters ?? [];
      const inPath = parameters
        .filter((each) => each.in === 'path' && each.required)
        .map((each) => each.name);
      const inTemplate = [...path.matchAll(/\{([^}]+)\}/g)].map(([, parameter]) => parameter);
      expect({ name, parameters: inPath }).toEqual({ name, parameters: inTemplate });
      const headers = parameters.filter((each) => each.in === 'header').map((each) => each.name);
      expect(headers.filter((header) => /^(accept|content-type|authorization)$/i.test(header))).toEqual([]);
    }
  });
});

test('the example request of the OpenAPI document places an order', async () => {
  const placing = operations.find(({ operation }) => operation.operationId === 'placeOrder');
  const { example } = placing?.operation.requestBody?.content['application/json'] ?? {};
  expect(example).toEqual(teaOrder);
  expect((await service.api.place(example)).status).toBe(201);
});

describe('/docs', () => {
  test('/docs describes every operation, parameter, response and schema of the document', async () => {
    const page = await fetch(`${service.url}/docs`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    const html = await page.text();
    expect(html).toContain(`<title>${document.info.title}: API reference</title>`);
    expect(html).toContain('href="/openapi.json"');
    expect(html.toLowerCase()).not.toMatch(/swagger|<script|<img/);
    for (const { name, operation } of operations) {
      const [method = '', path = ''] = name.split(' ');
      expect(html).toContain(`${method.toUpperCase()}</span> ${path}`);
      expect(html).toContain(operation.summary);
      for (const parameter of operation.parameters ?? [])
        expect(html).toContain(`<code>${parameter.name}</code>`);
      for (const status of Object.keys(operation.responses)) expect(html).toContain(`<b>${status}</b>`);
    }
    for (const name of Object.keys(document.components.schemas)) expect(html).toContain(`>${name}</h3>`);
    const anchors = [...html.matchAll(/href="#([^"]+)"/g)].map(([, id = '']) => id);
    expect(anchors.filter((id) => !html.includes(`id="${id}"`))).toEqual([]);
  });

  test('/docs describes the properties of what an order and a problem hold lists of', async () => {
    const html = await (await fetch(`${service.url}/docs`)).text();
    for (const property of ['items[].sku', 'items[].quantity', 'items[].unitPriceMinor', 'errors[].pointer'])
      expect(html).toContain(`<code>${property}</code>, required`);
  });

  test('every operation has a tag of the document, a summary and a description', () => {
    for (const { name, operation } of operations) {
      expect([name, operation.tags]).toEqual([name, [document.tags[0]?.name]]);
      expect(operation.summary).toBeTruthy();
      expect([name, operation.description?.length ?? 0]).toEqual([
        name,
        expect.toSatisfy((each: number) => each > 60),
      ]);
    }
    const placing = operations.find(({ operation }) => operation.operationId === 'placeOrder')?.operation;
    expect(placing?.description).toMatch(/202.*pending.*repeat.*Idempotency-Key/);
  });

  test('axe finds nothing on /docs, wide or narrow, light or dark', async () => {
    await using browser = await launchBrowser();
    const page = await browser.newPage({ bypassCSP: true });
    const found: string[] = [];
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 844 });
      await page.emulateMedia({ colorScheme: 'light' });
      await page.goto(`${service.url}/docs`);
      found.push(...(await axeViolations(page)));
      const widest = await page.evaluate('document.documentElement.scrollWidth');
      if (widest !== width) found.push(`${String(widest)} pixels wide`);
      await page.emulateMedia({ colorScheme: 'dark' });
      found.push(...(await axeViolations(page, ['color-contrast', 'link-in-text-block'])));
    }
    expect(found).toEqual([]);
  });

  test('/docs loads its style sheet from the service, and nothing else', async () => {
    const html = await (await fetch(`${service.url}/docs`)).text();
    const assets = [...html.matchAll(/<(?:link|script|img)[^>]*(?:src|href)="([^"]+)"/g)].map(
      ([, url = '']) => url,
    );
    expect(assets).toEqual(['data:,', '/docs/reference.css']);
    const styles = await fetch(`${service.url}/docs/reference.css`);
    expect([styles.status, styles.headers.get('content-type')]).toEqual([200, 'text/css; charset=utf-8']);
  });
});
