import type { DatabaseHost } from '../config/database-url.ts';
import { hostAndPort } from '../config/host-and-port.ts';

/** The oldest major version that the service supports. Its tests run on it. */
const oldestMajor = 12;

/** A server was reached and cannot be used. `message` says what an operator mends. */
export class UnsuitableServer extends Error {
  override readonly name = 'UnsuitableServer';
  /** Of the system error, if one is the reason. */
  readonly code: string;

  constructor(code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
  }
}

export function readOnly(server: DatabaseHost): UnsuitableServer {
  return new UnsuitableServer('read_only', `${hostAndPort(server)} is read-only: a standby, or set to be`);
}

/** @param version as the server reports it, such as `18.4` or `12.22 (Debian 12.22-1)` */
export function tooOld(server: DatabaseHost, version: string): UnsuitableServer | undefined {
  const major = Number.parseInt(version, 10);
  if (!(major < oldestMajor)) return undefined;
  const sentence = `${hostAndPort(server)} is PostgreSQL ${version}; the service needs PostgreSQL ${oldestMajor} or newer`;
  return new UnsuitableServer('server_too_old', sentence);
}

export function notBound(server: DatabaseHost): UnsuitableServer {
  const sentence = `${hostAndPort(server)} offers no channel binding, which DATABASE_URL requires`;
  return new UnsuitableServer('no_channel_binding', sentence);
}

/** How to mend a failed TLS handshake; `undefined` for any other error. */
export function tlsFault(server: DatabaseHost, error: unknown): UnsuitableServer | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const reason = withoutTls.test(error.message)
    ? `${hostAndPort(server)} does not speak TLS, which sslmode asks for`
    : code === 'ERR_TLS_CERT_ALTNAME_INVALID'
      ? `the certificate of ${hostAndPort(server)} is for another name, which sslmode=verify-full checks`
      : code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID'
        ? `the certificate of ${hostAndPort(server)} is not valid now (${code})`
        : untrusted.test(code)
          ? `the certificate of ${hostAndPort(server)} is not from an authority that sslrootcert names (${code})`
          : handshake.test(code)
            ? `the TLS handshake with ${hostAndPort(server)} failed (${code})`
            : undefined;
  return reason === undefined ? undefined : new UnsuitableServer(code || 'no_tls', reason, error);
}

/** pg raises this error without a code. */
const withoutTls = /^The server does not support SSL connections$/;

/** @see https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const untrusted =
  /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|CERT_UNTRUSTED|INVALID_CA|INVALID_PURPOSE|CERT_REJECTED|CERT_CHAIN_TOO_LONG|CERT_SIGNATURE_FAILURE)$/;
const handshake = /^(?:ERR_SSL_\w+|ERR_TLS_\w+|ERR_OSSL_\w+|EPROTO|CERT_\w+|CRL_\w+|HOSTNAME_MISMATCH)$/;
