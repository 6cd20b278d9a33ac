import { Ajv, type AnySchemaObject, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import type { FastifyServerOptions } from 'fastify';

type SchemaController = NonNullable<FastifyServerOptions['schemaController']>;
type BuildValidator = NonNullable<NonNullable<SchemaController['compilersFactory']>['buildValidator']>;

/**
 * Bodies are taken as they are: nothing is coerced, dropped or filled in, and unknown members are faults. Fastify's
 * own validator does all of the first three. Query and headers are text by nature, so that a number is read from it.
 *
 * A schema controller and not `setValidatorCompiler`, because scopes that add schemas would not inherit the latter.
 */
export const strictValidation: SchemaController = {
  compilersFactory: {
    buildValidator: ((sharedSchemas: unknown) => {
      const ajv = prepare(new Ajv({ allErrors: true, removeAdditional: false }), sharedSchemas);
      return (route: unknown) => {
        // What Fastify passes is this, whatever its types say.
        const { schema, httpPart } = route as { schema: AnySchemaObject; httpPart?: string };
        const validate = ajv.compile(schema);
        return httpPart === 'body' ? validate : readingNumbers(schema, validate);
      };
    }) satisfies BuildValidator,
  },
};

/** Not what Ajv takes for a number: spaces around it, hexadecimal ones, exponents, and infinity without any bound. */
const wholeNumber = /^\d{1,15}$/;

/** Whole numbers of a query or of headers are read from their text. What is none stays a text, which is a fault. */
function readingNumbers(schema: AnySchemaObject, validate: ValidateFunction): ValidateFunction {
  const properties = Object.entries<{ type?: unknown }>(schema['properties'] ?? {});
  const names = properties.filter(([, { type }]) => type === 'integer').map(([name]) => name);
  if (names.length === 0) return validate;
  const read = (fields: Record<string, unknown>) => {
    for (const name of names) {
      const text = fields[name];
      if (typeof text === 'string' && wholeNumber.test(text)) fields[name] = Number(text);
    }
    const isValid = validate(fields);
    reading.errors = validate.errors ?? null;
    return isValid;
  };
  const reading = Object.assign(read, { schema, schemaEnv: validate.schemaEnv }) as ValidateFunction;
  return reading;
}

function prepare(ajv: Ajv, sharedSchemas: unknown): Ajv {
  // The package is CommonJS: its types see the namespace, Node sees the function.
  (addFormats as unknown as (ajv: Ajv) => void)(ajv);
  // Theirs lets `urn:uuid:` pass, which Postgres refuses.
  ajv.addFormat('uuid', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i);
  for (const schema of Object.values(sharedSchemas ?? {})) ajv.addSchema(schema);
  return ajv;
}
