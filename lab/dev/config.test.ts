import { expect, test } from 'vitest';
import { loadDevConfig } from './config.ts';

test("npm start uses the user's own database, gateway and API keys", () => {
  expect(loadDevConfig({})).toMatchObject({ databaseUrl: undefined, gatewayUrl: undefined });
  const brought = {
    DATABASE_URL: 'postgres://orders:hush-hush@db:5432/orders',
    PAYMENT_GATEWAY_URL: 'https://payments.example',
    API_KEYS: 'shop:hush-shop',
  };
  expect(loadDevConfig(brought)).toMatchObject({
    databaseUrl: brought.DATABASE_URL,
    gatewayUrl: brought.PAYMENT_GATEWAY_URL,
    apiKeys: brought.API_KEYS,
  });
});
