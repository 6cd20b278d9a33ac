/**
 * Says why there is no answer, and what to use where the address is probably that of a port of another kind.
 *
 * @param answered whether the receiver has ever answered, so that its port is the right one
 */
export function reasonOfFailure(error: unknown, answered: boolean): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer in time';
  const code = 'code' in error ? String(error.code) : '';
  const closed = answered ? 'the connection was closed' : closedAtOnce;
  const known: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'nothing listens there',
    ENOTFOUND: 'the host name is unknown',
    EAI_AGAIN: 'the host name cannot be looked up',
    EHOSTUNREACH: 'there is no way to the host',
    ETIMEDOUT: 'no connection in time',
    ECONNRESET: closed,
    EPIPE: closed,
  };
  return known[code] ?? otherProtocol(error, code) ?? error.message;
}

export const needsTls = 'the port speaks TLS, so the address needs https://';
const needsHttp1 = 'use the port for OTLP over HTTP, usually 4318';
const closedAtOnce = `the connection was closed without an answer; if the port is for TLS, the address needs https://, and if it is for gRPC (4317), ${needsHttp1}`;

function otherProtocol(error: Error, code: string): string | undefined {
  if (code.startsWith('HPE_')) {
    const [type, version, , frame] =
      'rawPacket' in error && error.rawPacket instanceof Uint8Array ? error.rawPacket : [];
    // An alert of TLS (RFC 8446, section 5.1).
    if (type === 0x15 && version === 3) return needsTls;
    // The frame SETTINGS, with which a server begins (RFC 9113, section 3.4).
    if (type === 0 && frame === 4) return `the port speaks HTTP/2, probably for gRPC (4317); ${needsHttp1}`;
    return `what answers is no HTTP/1.1; ${needsHttp1}`;
  }
  // OpenSSL reads the answer of a port without TLS as a record.
  const isPlain = /wrong version number|packet length too long/i.test(error.message);
  return isPlain ? 'the port speaks no TLS, so the address needs http://' : undefined;
}
