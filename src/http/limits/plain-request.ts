/** A request of the form in which nearly every client sends one, in a single piece. */
export interface PlainRequest {
  method: string;
  url: string;
  /** Under their names in lower case. None appears twice. */
  headers: Readonly<Record<string, string>>;
  /** Names and values in turn, as Node's `rawHeaders`. */
  rawHeaders: readonly string[];
}

/** Bytes. The head of a usual request has a few hundred. */
const longest = 8192;

/** A subset of RFC 9112 in which every reader sees the same: one space after a colon, and none at the end of a line. */
const plainHead =
  /^(?<method>GET|POST) (?<url>\/[!"$-~]*) HTTP\/1\.1\r\n(?<fields>(?:[\w!#$%&'*+.^`|~-]+: [!-~](?:[ -~]*[!-~])?\r\n)+)\r\n$/;

/** Fields that change where a request ends or what happens to its connection. */
const unusual = new Set(['transfer-encoding', 'expect', 'upgrade', 'trailer', 'te', 'http2-settings']);

/**
 * Reads a chunk that holds exactly one request, from its first byte to its last. Whatever leaves the slightest doubt about that
 * is `undefined`, and so are requests that want more than an answer, such as another protocol or the end of the connection.
 */
export function readPlainRequest(chunk: Buffer): PlainRequest | undefined {
  if (chunk.length > longest) return undefined;
  const end = chunk.indexOf('\r\n\r\n') + 4;
  const { method, url, fields } = plainHead.exec(chunk.toString('latin1', 0, end))?.groups ?? {};
  if (method === undefined || url === undefined || fields === undefined) return undefined;

  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  const rawHeaders: string[] = [];
  for (const line of fields.slice(0, -2).split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    const value = line.slice(colon + 2);
    const key = name.toLowerCase();
    if (unusual.has(key) || headers[key] !== undefined) return undefined;
    headers[key] = value;
    rawHeaders.push(name, value);
  }
  const { connection = 'keep-alive', 'content-length': length = '0' } = headers;
  if (connection.toLowerCase() !== 'keep-alive' || !/^\d{1,4}$/.test(length)) return undefined;
  return end + Number(length) === chunk.length ? { method, url, headers, rawHeaders } : undefined;
}
