import { sumBy } from './promql.ts';

/** ISO 4217: currencies whose minor unit is not a hundredth. */
const withoutMinorUnit = 'BIF|CLP|DJF|GNF|ISK|JPY|KMF|KRW|PYG|RWF|UGX|VND|VUV|XAF|XOF|XPF';
const withThousandths = 'BHD|IQD|JOD|KWD|LYD|OMR|TND';

/**
 * Amounts in whole units, by currency, because a sum over currencies would be meaningless.
 *
 * @param minor the amounts in minor units, for the currencies that the matcher selects
 */
export function inWholeUnits(minor: (matcher: string) => string): string {
  const by = (matcher: string) => sumBy('currency', minor(matcher));
  return [
    `${by(`currency!~"${withoutMinorUnit}|${withThousandths}"`)} / 100`,
    by(`currency=~"${withoutMinorUnit}"`),
    `${by(`currency=~"${withThousandths}"`)} / 1000`,
  ].join(' or ');
}
