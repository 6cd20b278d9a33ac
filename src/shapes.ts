import { Ajv, type Options, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import type { Static, TSchema } from 'typebox';

/**
 * A validator of JSON with the formats of this service.
 *
 * It does not hold a schema against the schema of schemas: compiling that one takes longer than compiling all of ours. Their
 * types hold them, and test/api/openapi-document.test.ts.
 */
export function createAjv(options: Options = {}): Ajv {
  const ajv = new Ajv({ validateSchema: false, ...options });
  // The package is CommonJS: its types describe the namespace, Node imports the function.
  (addFormats as unknown as (ajv: Ajv) => void)(ajv);
  // The format of ajv-formats accepts `urn:uuid:`, which Postgres rejects.
  return ajv.addFormat('uuid', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i);
}

let shared: Ajv | undefined;

/**
 * Whether JSON that came from elsewhere has the form of a schema. The schema is compiled at the first use, not at the start.
 *
 * `typebox/compile` does the same, but has 270 modules, which every start would load beside those of Ajv.
 */
export function shapeOf<T extends TSchema>(schema: T): (value: unknown) => value is Static<T> {
  let validate: ValidateFunction<Static<T>> | undefined;
  return (value): value is Static<T> => {
    shared ??= createAjv();
    validate ??= shared.compile<Static<T>>(schema);
    return validate(value);
  };
}
