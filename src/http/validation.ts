import { Ajv, type AnySchema, type Options } from 'ajv';
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
      const options: Options = { allErrors: true, removeAdditional: false };
      const strict = prepare(new Ajv(options), sharedSchemas);
      const fromText = prepare(new Ajv({ ...options, coerceTypes: true }), sharedSchemas);
      return (route: unknown) => {
        // What Fastify passes is this, whatever its types say.
        const { schema, httpPart } = route as { schema: AnySchema; httpPart?: string };
        return (httpPart === 'body' ? strict : fromText).compile(schema);
      };
    }) satisfies BuildValidator,
  },
};

function prepare(ajv: Ajv, sharedSchemas: unknown): Ajv {
  // The package is CommonJS: its types see the namespace, Node sees the function.
  (addFormats as unknown as (ajv: Ajv) => void)(ajv);
  // Theirs lets `urn:uuid:` pass, which Postgres refuses.
  ajv.addFormat('uuid', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i);
  for (const schema of Object.values(sharedSchemas ?? {})) ajv.addSchema(schema);
  return ajv;
}
