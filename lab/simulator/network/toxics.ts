import { type Static, Type } from 'typebox';

/**
 * The faults of a network, in the names and units of Toxiproxy. They affect what the upstream sends.
 *
 * @see https://github.com/Shopify/toxiproxy#toxics
 */

const milliseconds = (description: string) =>
  Type.Integer({
    minimum: 0,
    maximum: 60_000,
    description,
    expected: 'a whole number from 0 to 60000',
  });

const strict = { additionalProperties: false };

/** Each kind of toxic. Its first attribute is the main one: without it, the toxic is off. */
export const toxicKinds = [
  Type.Object(
    {
      type: Type.Literal('latency'),
      latency: milliseconds('delay of every answer, in milliseconds'),
      jitter: milliseconds('random deviation from that delay, in milliseconds'),
    },
    strict,
  ),
  Type.Object(
    {
      type: Type.Literal('bandwidth'),
      rate: Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        description: 'maximum rate of the answers on each connection, in kilobytes per second',
        expected: 'a whole number from 1 to 1000000',
      }),
    },
    strict,
  ),
  Type.Object(
    { type: Type.Literal('timeout') },
    { ...strict, description: 'every packet is dropped in both directions, without an error on either side' },
  ),
  Type.Object(
    {
      type: Type.Literal('reset_peer'),
      timeout: milliseconds('lifetime of every connection before it is reset, in milliseconds'),
    },
    strict,
  ),
  Type.Object(
    {
      type: Type.Literal('slow_close'),
      delay: milliseconds('delay of the end of a connection, in milliseconds'),
    },
    strict,
  ),
] as const;

export type Toxic = Static<(typeof toxicKinds)[number]>;

const names = toxicKinds.map(({ properties }) => properties.type.const);

/** The type selects the attributes to validate, so that an error names those alone. */
const AnyToxic = Type.Unsafe<Toxic>({
  type: 'object',
  required: ['type'],
  discriminator: { propertyName: 'type' },
  oneOf: toxicKinds,
  expected: `a toxic, whose type is one of ${names.join(', ')}`,
});

/** Settings of a proxy. What a request leaves out returns to its default: a working network. */
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
