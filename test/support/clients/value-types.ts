/** The types of each field and attribute, with one place where each type was seen. */
export class ValueTypes {
  readonly #seen = new Map<string, Map<string, string>>();

  /** Notes every value of a log line or of the attributes of a span, at any depth. */
  note(where: string, values: object, prefix = ''): void {
    for (const [name, value] of Object.entries(values)) {
      const type = typeOf(value);
      if (type === undefined) continue;
      const types = this.#seen.get(prefix + name) ?? new Map<string, string>();
      this.#seen.set(prefix + name, types);
      if (!types.has(type)) types.set(type, where);
      if (type === 'object') this.note(where, value as object, `${prefix}${name}.`);
    }
  }

  get names(): readonly string[] {
    return [...this.#seen.keys()];
  }

  typeOf(name: string): string | undefined {
    return this.#seen.get(name)?.keys().next().value;
  }

  /** The names with several types. */
  ambiguous(): Record<string, Record<string, string>> {
    return Object.fromEntries(
      [...this.#seen]
        .filter(([, types]) => types.size > 1)
        .map(([name, types]) => [name, Object.fromEntries(types)]),
    );
  }
}

/** An encoder writes a whole number as an integer, and a store takes the type of what comes first. */
function typeOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) return `array of ${[...new Set(value.map(typeOf))].join(', ')}`;
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'double';
  return typeof value;
}
