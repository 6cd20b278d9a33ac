import { Secret, type Values } from './environment.ts';
import type { gatewayVariables } from './gateway-variables.ts';
import {
  type OutgoingProxy,
  type outgoingProxyVariables,
  proxyContradiction,
  proxyTo,
} from './outgoing-proxy.ts';

/** How requests get to the payment gateway. */
export interface GatewayAccess {
  gatewayUrl: string;
  /** Where the value of the Authorization header comes from; `undefined` if the gateway wants none. */
  authorization: { kind: 'value'; value: Secret<string> } | { kind: 'file'; path: string } | undefined;
  /** `undefined` if the gateway is reached without one. */
  proxy: OutgoingProxy | undefined;
}

type GatewayValues = Values<typeof gatewayVariables & typeof outgoingProxyVariables>;

export function gatewayAccess(value: GatewayValues): GatewayAccess {
  return {
    gatewayUrl: value.PAYMENT_GATEWAY_URL,
    authorization: authorizationOf(value),
    proxy: proxyTo(value.PAYMENT_GATEWAY_URL, value),
  };
}

function authorizationOf({
  PAYMENT_GATEWAY_AUTHORIZATION: value,
  PAYMENT_GATEWAY_AUTHORIZATION_FILE: path,
}: GatewayValues): GatewayAccess['authorization'] {
  if (value !== undefined) return { kind: 'value', value: new Secret(value) };
  return path === undefined ? undefined : { kind: 'file', path };
}

/** A sentence for each combination of values that cannot be used. */
export function gatewayContradictions(value: GatewayValues): Array<[applies: boolean, sentence: string]> {
  return [
    [
      value.PAYMENT_GATEWAY_AUTHORIZATION !== undefined &&
        value.PAYMENT_GATEWAY_AUTHORIZATION_FILE !== undefined,
      'PAYMENT_GATEWAY_AUTHORIZATION and PAYMENT_GATEWAY_AUTHORIZATION_FILE must not both be set',
    ],
    proxyContradiction(value.PAYMENT_GATEWAY_URL, value),
  ];
}
