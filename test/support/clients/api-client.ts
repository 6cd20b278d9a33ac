import type { Static, TObject } from 'typebox';
import type { commonMembers } from '../../../src/http/problem-details.ts';
import type { orderProblemMembers } from '../../../src/orders/api/order-problems.ts';
import type { orderRequestSchema, orderSchema } from '../../../src/orders/api/order-schema.ts';
import { contractOf } from './contract.ts';

export type OrderBody = Static<typeof orderSchema>;
export type ProblemBody = Static<TObject<typeof commonMembers>> &
  Partial<Static<TObject<typeof orderProblemMembers>>> & { code: string };

export interface Answer<Body> {
  status: number;
  headers: Headers;
  body: Body;
}

export interface ApiClient {
  /** Places an order, by default a valid one. */
  place(order?: unknown, headers?: Record<string, string>): Promise<Answer<OrderBody>>;
  get<Body = OrderBody>(path: string): Promise<Answer<Body>>;
  /** Sends any request, with the client's key unless `headers` replace it. */
  request<Body>(method: string, path: string, init?: RequestInit): Promise<Answer<Body>>;
  /** Sends a request that should be refused. */
  refused(method: string, path: string, init?: RequestInit): Promise<Answer<ProblemBody>>;
}

export const teaOrder: Static<typeof orderRequestSchema> = {
  customerId: 'cus_42',
  currency: 'EUR',
  items: [{ sku: 'TEA-001', quantity: 2, unitPriceMinor: 450 }],
  paymentToken: 'tok_visa',
};

/** Calls the API over HTTP and checks every answer against the OpenAPI document. */
export async function createApiClient(url: string, key: string): Promise<ApiClient> {
  const checkContract = contractOf(await (await fetch(`${url}/openapi.json`)).text());

  async function request<Body>(method: string, path: string, init: RequestInit = {}): Promise<Answer<Body>> {
    const response = await fetch(`${url}${path}`, {
      method,
      ...init,
      headers: { authorization: `Bearer ${key}`, ...(init.headers as Record<string, string>) },
    });
    const text = await response.text();
    const { status, headers } = response;
    if (method === 'HEAD') return { status, headers, body: undefined as Body };
    const body: unknown = JSON.parse(text);
    checkContract({ method, path, status, headers, body });
    return { status, headers, body: body as Body };
  }

  return {
    request,
    refused: request<ProblemBody>,
    get: (path) => request('GET', path),
    place: (order = teaOrder, headers = {}) =>
      request('POST', '/orders', {
        body: typeof order === 'string' ? order : JSON.stringify(order),
        headers: { 'content-type': 'application/json', ...headers },
      }),
  };
}
