import { type Static, Type } from 'typebox';

/**
 * What a network does to the answers of whoever is behind it, in the names and units of Toxiproxy:
 * https://github.com/Shopify/toxiproxy#toxics
 */

const milliseconds = (description: string) =>
  Type.Integer({
    minimum: 0,
    maximum: 60_000,
    description,
    expected: 'a whole number from 0 to 60000',
  });

const strict = { additionalProperties: false };

/** Each kind of toxic. The first attribute is the one that it is about. */
export const toxicKinds = [
  Type.Object(
    {
      type: Type.Literal('latency'),
      latency: milliseconds('every answer comes so many milliseconds later'),
      jitter: milliseconds('give or take so many'),
    },
    strict,
  ),
  Type.Object(
    {
      type: Type.Literal('bandwidth'),
      rate: Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        description: 'answers come at so many kilobytes a second at most, on each connection',
        expected: 'a whole number from 1 to 1000000',
      }),
    },
    strict,
  ),
  Type.Object(
    { type: Type.Literal('timeout') },
    { ...strict, description: 'every packet is dropped, in both directions, and nobody is told' },
  ),
  Type.Object(
    {
      type: Type.Literal('reset_peer'),
      timeout: milliseconds('every connection is reset after so many milliseconds'),
    },
    strict,
  ),
  Type.Object(
    {
      type: Type.Literal('slow_close'),
      delay: milliseconds('the end of a connection arrives so many milliseconds later'),
    },
    strict,
  ),
] as const;

export type Toxic = Static<(typeof toxicKinds)[number]>;

const names = toxicKinds.map(({ properties }) => properties.type.const);

/** The type decides which attributes are looked for, so that a fault is told of those alone. */
const AnyToxic = Type.Unsafe<Toxic>({
  type: 'object',
  required: ['type'],
  discriminator: { propertyName: 'type' },
  oneOf: toxicKinds,
  expected: `a toxic, whose type is one of ${names.join(', ')}`,
});

/** All that can be set of a wire. What is left out goes back to its default: a network that works. */
export const ProxySettings = Type.Object(
  {
    enabled: Type.Boolean({
      default: true,
      description: 'with false every connection is closed, and new ones are refused',
      expected: 'true or false',
    }),
    toxics: Type.Array(AnyToxic, { default: [], maxItems: 10, expected: 'a list of at most 10 toxics' }),
  },
  { additionalProperties: false, expected: 'a JSON object' },
);
export type ProxySettings = Static<typeof ProxySettings>;
