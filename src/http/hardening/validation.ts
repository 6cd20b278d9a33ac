import { type SerializerCompiler, SerializerSelector } from '@fastify/fast-json-stringify-compiler';
import type { AnySchemaObject, ValidateFunction } from 'ajv';
import type { FastifyServerOptions } from 'fastify';
import { createAjv } from '../../shapes.ts';

type SchemaController = NonNullable<FastifyServerOptions['schemaController']>;
type Compilers = NonNullable<SchemaController['compilersFactory']>;
type BuildValidator = NonNullable<Compilers['buildValidator']>;

/**
 * Validates without changing anything: bodies are neither coerced nor stripped nor filled with defaults, as Fastify's own
 * validator would do. Query and headers are text, so whole numbers are parsed from them.
 *
 * This is a schema controller instead of `setValidatorCompiler`, which scopes with schemas of their own do not inherit.
 */
export const strictValidation: SchemaController = {
  compilersFactory: {
    buildValidator: ((sharedSchemas: unknown) => {
      const ajv = createAjv({ allErrors: true, removeAdditional: false });
      for (const shared of Object.values(sharedSchemas ?? {})) ajv.addSchema(shared);
      return (route: unknown) => {
        // Fastify's types do not describe the object that it passes.
        const { schema, httpPart } = route as { schema: AnySchemaObject; httpPart?: string };
        const validate = ajv.compile(schema);
        return httpPart === 'body' ? validate : withParsedNumbers(schema, validate);
      };
    }) satisfies BuildValidator,
    buildSerializer: (sharedSchemas, options) => oncePerSchema(buildSerializer(sharedSchemas, options)),
  },
};

const buildSerializer = SerializerSelector();

/** Every operation has the same dozen problems. Fastify would compile each of them for itself, which takes 100 ms at the start. */
function oncePerSchema(compile: SerializerCompiler): SerializerCompiler {
  const compiled = new Map<string, ReturnType<SerializerCompiler>>();
  return (response) => {
    const key = JSON.stringify(response.schema);
    const serialize = compiled.get(key) ?? compile(response);
    compiled.set(key, serialize);
    return serialize;
  };
}

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
