import { type Decision, defect, retry, wait } from './decisions.ts';

const connecting = 'https://man7.org/linux/man-pages/man2/connect.2.html';
const sockets = 'https://man7.org/linux/man-pages/man3/errno.3.html';
const names = 'https://nodejs.org/api/dns.html#error-codes';
const lookups = 'https://man7.org/linux/man-pages/man3/getaddrinfo.3.html';
const certificates = 'https://nodejs.org/api/tls.html#x509-certificate-error-codes';

const libpq = 'https://www.postgresql.org/docs/18/libpq-connect.html';
const sessions = 'https://www.postgresql.org/docs/18/config-setting.html';
const replication = 'https://www.postgresql.org/docs/18/warm-standby.html#SYNCHRONOUS-REPLICATION-HA';

const broken = retry('connection_lost')('the connection broke; the next one may hold', sockets);
const unresolved = retry('name_not_resolved')(
  'a stopped container or headless service has no name; it has one again when it is back',
  'https://docs.docker.com/engine/network/#dns-services',
);
const nameServer = retry('name_not_resolved')('the name server did not answer, or not for now', names);
const noRoute = retry('unreachable')('no route for the moment', connecting);
const noSocket = wait('unreachable')('this machine has no socket, port or memory left', connecting);
const forbidden = wait('unreachable')('a firewall or the rights of this process forbid it', connecting);
const wrongAddress = wait('unreachable')(
  'DATABASE_URL names no address that can be connected to',
  connecting,
);
const certificate = wait('tls_refused')('an operator renews the certificate or names its CA', certificates);
const noCommonTls = wait('tls_refused')(
  'the two sides have no TLS version or cipher in common',
  certificates,
);
const notOfSockets = defect('no socket reports this: the service or a library calls it wrongly', sockets);

/** Each decision, with the codes of system errors, name resolution and TLS that it is for. */
const decisions: ReadonlyArray<[codes: string, decision: Decision]> = [
  ['ECONNREFUSED', retry('unreachable')('nothing listens: Postgres is restarting', connecting)],
  ['ENOENT', retry('unreachable')('the Unix socket is not there: Postgres is restarting', connecting)],
  ['EAGAIN EBUSY EINTR', retry('unreachable')('the queue of the Unix socket is full', connecting)],
  ['ETIMEDOUT', retry('unreachable')('the network did not answer', connecting)],
  ['ECONNRESET ECONNABORTED EPIPE ESHUTDOWN ENOTCONN EOF EIO EREMOTEIO', broken],
  ['EHOSTUNREACH EHOSTDOWN ENETUNREACH ENETDOWN ENONET', noRoute],
  ['EADDRNOTAVAIL EADDRINUSE', retry('unreachable')('no local port is free for the moment', connecting)],
  ['EMFILE ENFILE ENOBUFS ENOMEM', noSocket],
  ['EACCES EPERM', forbidden],
  ['ENOTFOUND ENODATA EAI_NONAME EAI_NODATA ENONAME', unresolved],
  ['EAI_AGAIN ETIMEOUT ESERVFAIL EREFUSED ECANCELLED EAI_CANCELED ECANCELED', nameServer],
  [
    'EAI_FAIL EAI_MEMORY EAI_ADDRFAMILY EBADRESP',
    wait('name_not_resolved')('the name server failed', lookups),
  ],
  ['EBADNAME ELOOP ENAMETOOLONG ENOTDIR ENOTSOCK EINVAL', wrongAddress],
  ['EAFNOSUPPORT EPROTONOSUPPORT EPROTOTYPE ESOCKTNOSUPPORT', wrongAddress],
  ['no_tls no_channel_binding', wait('tls_refused')('an operator changes the server or sslmode', libpq)],
  ['server_too_old', wait('version_unsupported')('an operator upgrades Postgres', libpq)],
  ['read_only', retry('read_only')('another server may be the primary by now', libpq)],
  ['settings_differ', wait('settings_differ')('an operator resets them, or names the pooler', sessions)],
  ['commit_not_replicated', wait('not_replicated')('a failover would lose the commit', replication)],
  ['EPROTO', noCommonTls],
  ['ERR_SSL_WRONG_VERSION_NUMBER ERR_SSL_UNSUPPORTED_PROTOCOL', noCommonTls],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', noCommonTls],
  ['ERR_TLS_CERT_ALTNAME_INVALID ERR_TLS_CERT_ALTNAME_FORMAT', certificate],
  ['ERR_TLS_HANDSHAKE_TIMEOUT', retry('no_answer')('the TLS handshake took too long', certificates)],
  ['UNABLE_TO_GET_ISSUER_CERT UNABLE_TO_GET_CRL UNABLE_TO_DECRYPT_CERT_SIGNATURE', certificate],
  ['UNABLE_TO_DECRYPT_CRL_SIGNATURE UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY', certificate],
  ['CERT_SIGNATURE_FAILURE CRL_SIGNATURE_FAILURE CERT_NOT_YET_VALID CERT_HAS_EXPIRED', certificate],
  ['CRL_NOT_YET_VALID CRL_HAS_EXPIRED ERROR_IN_CERT_NOT_BEFORE_FIELD', certificate],
  ['ERROR_IN_CERT_NOT_AFTER_FIELD ERROR_IN_CRL_LAST_UPDATE_FIELD', certificate],
  ['ERROR_IN_CRL_NEXT_UPDATE_FIELD OUT_OF_MEM DEPTH_ZERO_SELF_SIGNED_CERT', certificate],
  ['SELF_SIGNED_CERT_IN_CHAIN UNABLE_TO_GET_ISSUER_CERT_LOCALLY', certificate],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE CERT_CHAIN_TOO_LONG CERT_REVOKED INVALID_CA', certificate],
  ['PATH_LENGTH_EXCEEDED INVALID_PURPOSE CERT_UNTRUSTED CERT_REJECTED HOSTNAME_MISMATCH', certificate],
  [
    'E2BIG EALREADY EBADF ECHARSET EDESTADDRREQ EEXIST EFAULT EFBIG EFTYPE EILSEQ EISCONN EISDIR',
    notOfSockets,
  ],
  [
    'EMLINK EMSGSIZE ENODEV ENOEXEC ENOPROTOOPT ENOSPC ENOSYS ENOTEMPTY ENOTSUP ENOTTY ENXIO EOVERFLOW',
    notOfSockets,
  ],
  ['ERANGE EROFS ESPIPE ESRCH ETXTBSY EUNATCH EXDEV UNKNOWN', notOfSockets],
  ['EAI_BADFLAGS EAI_BADHINTS EAI_FAMILY EAI_OVERFLOW EAI_PROTOCOL EAI_SERVICE', notOfSockets],
  ['EAI_SOCKTYPE EFORMERR ENOTIMP EBADQUERY EBADFAMILY EFILE EDESTRUCTION EBADSTR EBADFLAGS', notOfSockets],
  ['EBADHINTS ENOTINITIALIZED ELOADIPHLPAPI EADDRGETNETWORKPARAMS', notOfSockets],
];

/** A decision for every code of Node's system errors and of `node:dns`, and for the codes of certificates. */
export const systemErrors: Readonly<Record<string, Decision>> = Object.fromEntries(
  decisions.flatMap(([codes, decision]) => codes.split(' ').map((code) => [code, decision])),
);

const pg = 'https://github.com/brianc/node-postgres/tree/master/packages';
const noTls = wait('tls_refused')('DATABASE_URL asks for TLS, and the server has none', pg);

/** pg and pg-pool raise these errors without a code, so only the message identifies them. */
export const messages: Readonly<Record<string, Decision>> = {
  'timeout exceeded when trying to connect': retry('pool_busy')('every connection of the pool is busy', pg),
  'Connection terminated due to connection timeout': retry('no_answer')(
    'Postgres did not accept a connection in time',
    pg,
  ),
  'timeout expired': retry('no_answer')('Postgres did not accept a connection in time', pg),
  'Connection terminated unexpectedly': retry('connection_lost')(
    'the connection died while the statement ran',
    pg,
  ),
  'Connection terminated': retry('connection_lost')('the connection was closed under the statement', pg),
  'Client has encountered a connection error and is not queryable': retry('connection_lost')(
    'the pooled connection had died',
    pg,
  ),
  'Client was closed and is not queryable': retry('connection_lost')(
    'the pooled connection was just closed',
    pg,
  ),
  'Query read timeout': retry('no_answer')('no answer within the deadline, the network may drop packets', pg),
  'The server does not support SSL connections': noTls,
  'There was an error establishing an SSL connection': noTls,
};

/** As {@link messages}, by how they begin. */
export const messageStarts: ReadonlyArray<{ start: string; decision: Decision }> = [
  {
    start: 'SASL: ',
    decision: wait('not_authorized')('the password is missing, or the server does not know it', pg),
  },
  {
    start: 'received invalid response: ',
    decision: wait('not_postgres')(
      'the port speaks another protocol: check DATABASE_URL and the load balancer',
      pg,
    ),
  },
];
