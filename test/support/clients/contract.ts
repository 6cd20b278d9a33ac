import { Ajv2020, type AnySchema, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect } from 'vitest';

/** The parts of an OpenAPI document that a response is checked against. */
export interface OpenApiDocument {
  openapi: string;
  paths: Record<string, Record<string, { responses: Record<string, DocumentedResponse> }>>;
  components: { schemas: Record<string, AnySchema> };
}

interface DocumentedResponse {
  headers?: Record<string, { schema: AnySchema }>;
  content?: Record<string, { schema: AnySchema }>;
}

export interface SeenResponse {
  method: string;
  path: string;
  status: number;
  headers: Headers;
  body: unknown;
}

export type Contract = (response: SeenResponse) => void;

const contracts = new Map<string, Contract>();

/**
 * Returns a check that fails the test when the document does not describe a response. Services of one test file have one
 * document, whose schemas are compiled once: it takes longer than most requests.
 */
export function contractOf(document: string): Contract {
  const contract = contracts.get(document) ?? createContract(JSON.parse(document) as OpenApiDocument);
  contracts.set(document, contract);
  return contract;
}

function createContract(document: OpenApiDocument): Contract {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
  ajv.addSchema({ $id: 'document', ...document });

  const validators = new Map<string, ValidateFunction>();
  const validatorOf = (schema: AnySchema): ValidateFunction => {
    // References in the document are relative to its root.
    const located = JSON.stringify(schema).replaceAll('"#/', '"document#/');
    const validator = validators.get(located) ?? ajv.compile(JSON.parse(located) as AnySchema);
    validators.set(located, validator);
    return validator;
  };

  const check = (schema: AnySchema, value: unknown, what: string) => {
    const validate = validatorOf(schema);
    expect(validate(value) ? [] : validate.errors, `${what} against the OpenAPI document`).toEqual([]);
  };

  return ({ method, path, status, headers, body }) => {
    const operation = operationOf(document, method, path);
    const what = `${method} ${path} ${status}`;
    const type = headers.get('content-type')?.split(';')[0] ?? '';
    if (operation === undefined) {
      // A path or method outside the document is refused with a problem.
      expect(canDecode(path) ? [404, 405] : [400, 404, 405], what).toContain(status);
      expect(type, what).toBe('application/problem+json');
      check({ $ref: '#/components/schemas/Problem' }, body, what);
      return;
    }
    const documented = operation.responses[status];
    if (documented === undefined) throw new Error(`${what} is not in the OpenAPI document`);
    const content = documented.content?.[type];
    if (content === undefined) throw new Error(`${what} with ${type} is not in the OpenAPI document`);
    check(content.schema, body, what);
    for (const [name, header] of Object.entries(documented.headers ?? {})) {
      const value = headers.get(name);
      const isNumber = JSON.stringify(header.schema).includes('"integer"');
      if (value !== null) check(header.schema, isNumber ? Number(value) : value, `${what} header ${name}`);
    }
    expect(headers.get('x-request-id'), what).toBeTruthy();
  };
}

function canDecode(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

function operationOf(document: OpenApiDocument, method: string, path: string) {
  // The path as sent: a URL object would resolve dots.
  const [pathname = ''] = path.split('?', 1);
  for (const [template, operations] of Object.entries(document.paths)) {
    const pattern = new RegExp(`^${template.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`);
    if (pattern.test(pathname)) return operations[method.toLowerCase()];
  }
  return undefined;
}
