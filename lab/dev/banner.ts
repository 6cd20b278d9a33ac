import { variables } from '../../src/config/variables.ts';

export interface BannerFacts {
  apiUrl: string;
  adminUrl: string;
  /** Address with its token; omitted without a console. */
  consoleUrl?: string | undefined;
  /** The payment gateway. */
  gateway: { url: string; description: string };
  /** Where orders are stored, in words. */
  storage: string;
  /** The rate limit of a client: `max` is 0 without one, `window` is in milliseconds. */
  limit: { max: number; window: number };
  /** The demo key; omitted if the user has set keys, which are never printed. */
  apiKey?: string | undefined;
}

/** The text after a start: addresses, and requests to paste into another terminal. */
export function banner(facts: BannerFacts): string {
  const { apiUrl, adminUrl, consoleUrl, gateway, storage, limit, apiKey } = facts;
  const header =
    apiKey === undefined ? '"Authorization: Bearer $API_KEY"' : `'Authorization: Bearer ${apiKey}'`;
  const curl = `curl -w '\\n' -H ${header}`;
  const place = (paymentToken: string): string =>
    `${curl} -H 'Content-Type: application/json' -d '${JSON.stringify({ ...sampleOrder, paymentToken })}' ${apiUrl}/orders`;
  const urlWidth = Math.max(...[apiUrl, adminUrl, gateway.url].map((url) => url.length)) + 2;
  return `
  Orders are being taken.
${consoleUrl === undefined ? '' : `\n  Console  ${consoleUrl}\n           see it all, and break it\n`}
  API      ${apiUrl.padEnd(urlWidth)}docs: ${apiUrl}/docs
  Admin    ${adminUrl.padEnd(urlWidth)}/metrics  /readyz  /status
  Gateway  ${gateway.url.padEnd(urlWidth)}${gateway.description}
  Data     ${storage}
  Limit    ${limitInWords(limit)}
  API key  ${apiKey ?? 'one of those in API_KEYS; put it into the variable API_KEY'}

  Place an order:
${place('tok_visa')}
  Read it back:
${curl} '${apiUrl}/orders?limit=1'
  See a card declined:
${place('tok_declined')}

  Ctrl-C stops everything. Orders are kept for the next start.
`;
}

function limitInWords({ max, window }: BannerFacts['limit']): string {
  if (max === 0) return 'none: RATE_LIMIT_MAX is 0';
  const usual = variables.RATE_LIMIT_MAX.default;
  const more = max > Number(usual) ? `; ${Number(usual).toLocaleString('en')} with npm run serve` : '';
  return `${max.toLocaleString('en')} requests of a client per ${window / 1000} s (RATE_LIMIT_MAX${more})`;
}

const sampleOrder = {
  customerId: 'cus_42',
  currency: 'EUR',
  items: [{ sku: 'TEA-001', quantity: 2, unitPriceMinor: 450 }],
};
