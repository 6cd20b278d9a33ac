import { type Context, ROOT_CONTEXT } from '@opentelemetry/api';

/**
 * Why not the API's context: it copies all values of its parent for each value that is set, and every span with
 * children sets one. This one links to its parent instead and saves 3 µs of CPU per request (docs/benchmarks/spans.md).
 */
class LinkedContext implements Context {
  readonly #below: Context;
  readonly #key: symbol;
  readonly #value: unknown;

  constructor(below: Context, key: symbol, value: unknown) {
    this.#below = below;
    this.#key = key;
    this.#value = value;
  }

  getValue(key: symbol): unknown {
    return key === this.#key ? this.#value : this.#below.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return new LinkedContext(this, key, value);
  }

  deleteValue(key: symbol): Context {
    return new LinkedContext(this, key, undefined);
  }
}

/** Every context derived from it is linked too. */
export const rootContext: Context = new LinkedContext(ROOT_CONTEXT, Symbol('root'), undefined);
