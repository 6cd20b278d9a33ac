import type { Values } from './environment.ts';
import type { connectionVariables, listenerVariables, proxyVariables } from './http-variables.ts';
import type { propagationVariables } from './propagation-variables.ts';

/** The configuration of the public listener. Every time is in milliseconds. */
export interface HttpConfig {
  host: string;
  /** 0 takes any free port. */
  port: number;
  /** Largest request body, in bytes. */
  bodyLimit: number;
  /** Which proxies Fastify trusts: none, those at these addresses, or those up to this hop. */
  trustProxy: false | string[] | ((address: string, hop: number) => boolean);
  /** In which header they report the address of the client. */
  proxyHeader: 'x-forwarded-for' | 'forwarded';
  /** Clients whose trace is continued: all, or those at these addresses. */
  trustedCallers: 'all' | string[];
  connections: ConnectionLimits;
}

/** Limits on what one client may use of a listener. Every time is in milliseconds. */
export interface ConnectionLimits {
  /** From opening the connection, or from the first byte of a later request, to the last byte of its headers. */
  headersTimeout: number;
  /** From the same start to the last byte of the body. */
  requestTimeout: number;
  /** Longest time without a request. */
  keepAliveTimeout: number;
  /** Longest time without progress while a request or its answer is on its way. */
  sendTimeout: number;
  /** Size of the request line and headers together. */
  maxHeaderBytes: number;
  maxHeaders: number;
  maxConnections: number;
}

/** Whom a request comes from, and who is believed. */
export type CallerConfig = Pick<HttpConfig, 'trustProxy' | 'proxyHeader' | 'trustedCallers'>;

type CallerValues = Values<
  typeof proxyVariables & Pick<typeof propagationVariables, 'PROPAGATION_TRUSTED_CALLERS'>
> & { NODE_ENV: string };
type HttpValues = Values<typeof listenerVariables & typeof connectionVariables> & CallerValues;

export function httpConfig(value: HttpValues): HttpConfig {
  return {
    host: value.HOST,
    port: value.PORT,
    bodyLimit: value.BODY_LIMIT_BYTES,
    ...callerConfig(value),
    connections: {
      headersTimeout: value.HTTP_HEADERS_TIMEOUT,
      requestTimeout: value.HTTP_REQUEST_TIMEOUT,
      keepAliveTimeout: value.HTTP_KEEP_ALIVE_TIMEOUT,
      sendTimeout: value.HTTP_SEND_TIMEOUT,
      maxHeaderBytes: value.HTTP_MAX_HEADER_BYTES,
      maxHeaders: value.HTTP_MAX_HEADERS,
      maxConnections: value.HTTP_MAX_CONNECTIONS,
    },
  };
}

export function callerConfig(value: CallerValues): CallerConfig {
  return {
    trustProxy: trustProxyOption(value.TRUST_PROXY),
    proxyHeader: value.TRUST_PROXY_HEADER,
    trustedCallers: trustedCallers(value.PROPAGATION_TRUSTED_CALLERS, value.NODE_ENV),
  };
}

const thisMachine = ['127.0.0.0/8', '::1'];

/** Strangers reach a service in production, so nobody is trusted there unless they are named. */
function trustedCallers(
  callers: 'auto' | 'all' | 'none' | string[],
  environment: string,
): CallerConfig['trustedCallers'] {
  if (callers === 'auto') return environment === 'production' ? [] : thisMachine;
  return callers === 'none' ? [] : callers;
}

/** Fastify's option takes no number of proxies: a function trusts the first hops, whatever their addresses. */
function trustProxyOption(trusted: number | string[] | undefined): HttpConfig['trustProxy'] {
  return typeof trusted === 'number' ? (_address, hop) => hop < trusted : (trusted ?? false);
}
