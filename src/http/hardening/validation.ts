import { Ajv, type AnySchemaObject, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import type { FastifyServerOptions } from 'fastify';

type SchemaController = NonNullable<FastifyServerOptions['schemaController']>;
type BuildValidator = NonNullable<NonNullable<SchemaController['compilersFactory']>['buildValidator']>;

/**
 * Validates without changing anything: bodies are neither coerced nor stripped nor filled with defaults, as Fastify's own
 * validator would do. Query and headers are text, so whole numbers are parsed from them.
 *
 * This is a schema controller instead of `setValidatorCompiler`, which scopes with schemas of their own do not inherit.
 */
export const strictValidation: SchemaController = {
  compilersFactory: {
    buildValidator: ((sharedSchemas: unknown) => {
      const ajv = prepare(new Ajv({ allErrors: true, removeAdditional: false }), sharedSchemas);
      return (route: unknown) => {
        // Fastify's types do not describe the object that it passes.
        const { schema, httpPart } = route as { schema: AnySchemaObject; httpPart?: string };
        const validate = ajv.compile(schema);
        return httpPart === 'body' ? validate : withParsedNumbers(schema, validate);
      };
    }) satisfies BuildValidator,
  },
};

/** Stricter than Ajv's coercion, which accepts surrounding spaces, hexadecimal, exponents and Infinity. */
const wholeNumber = /^\d{1,15}$/;

/** Parses the whole numbers of a query or of headers before validation. Other text stays text, and fails validation. */
function withParsedNumbers(schema: AnySchemaObject, validate: ValidateFunction): ValidateFunction {
  const properties = Object.entries<{ type?: unknown }>(schema['properties'] ?? {});
  const names = properties.filter(([, { type }]) => type === 'integer').map(([name]) => name);
  if (names.length === 0) return validate;
  const parseAndValidate = (fields: Record<string, unknown>) => {
    for (const name of names) {
      const text = fields[name];
      if (typeof text === 'string' && wholeNumber.test(text)) fields[name] = Number(text);
    }
    const isValid = validate(fields);
    withNumbers.errors = validate.errors ?? null;
    return isValid;
  };
  const withNumbers = Object.assign(parseAndValidate, {
    schema,
    schemaEnv: validate.schemaEnv,
  }) as ValidateFunction;
  return withNumbers;
}

function prepare(ajv: Ajv, sharedSchemas: unknown): Ajv {
  // The package is CommonJS: its types describe the namespace, Node imports the function.
  (addFormats as unknown as (ajv: Ajv) => void)(ajv);
  // The format of ajv-formats accepts `urn:uuid:`, which Postgres rejects.
  ajv.addFormat('uuid', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i);
  for (const schema of Object.values(sharedSchemas ?? {})) ajv.addSchema(schema);
  return ajv;
}
