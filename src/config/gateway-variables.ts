import { authorization, baseUrl } from './addresses.ts';
import { optional, text } from './environment.ts';

/** The variables for the way to the payment gateway. */
export const gatewayVariables = {
  PAYMENT_GATEWAY_URL: baseUrl({
    meaning: 'URL of the payment gateway; `npm start` brings a simulator when it is not set',
    // A wrong one may hold credentials.
    secret: true,
  }),
  PAYMENT_GATEWAY_AUTHORIZATION: optional(
    authorization({
      meaning:
        'value of the `Authorization` header that the payment gateway gets, such as `Bearer …`; without it, none',
      secret: true,
    }),
  ),
  PAYMENT_GATEWAY_AUTHORIZATION_FILE: optional(
    text({
      meaning:
        'file that holds the value of the `Authorization` header for the payment gateway; it is read again when the gateway answers 401 or 403, so a rotated key needs no restart',
    }),
  ),
} as const;
