import { type Context, ROOT_CONTEXT } from '@opentelemetry/api';

/**
 * A context as a link to the one below it. The API's own copies all that is below with every value, and a request sets
 * one for each span that others stand under.
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

/** What is set upon it stays linked. */
export const rootContext: Context = new LinkedContext(ROOT_CONTEXT, Symbol('root'), undefined);
