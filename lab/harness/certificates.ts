import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

/** Paths of PEM files. */
export interface Certificates {
  /** The authority. */
  ca: string;
  /** A certificate from it, and its key. */
  cert: string;
  key: string;
}

/** Makes an authority and a certificate from it for one host name, valid for two days. Needs `openssl`. */
export async function makeCertificates(folder: string, hostName: string): Promise<Certificates> {
  const file = (name: string) => path.join(folder, name);
  const common = '-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2'.split(' ');
  const make = (name: string, further: readonly string[] = []) => {
    const named = ['-subj', `/CN=${name}`, '-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)];
    return promisify(execFile)('openssl', ['req', ...common, ...named, ...further]);
  };
  const extensions = [`subjectAltName=DNS:${hostName}`, 'basicConstraints=critical,CA:FALSE'];
  await make('authority');
  await make(hostName, [
    '-CA',
    file('authority.pem'),
    '-CAkey',
    file('authority.key'),
    ...extensions.flatMap((extension) => ['-addext', extension]),
  ]);
  return { ca: file('authority.pem'), cert: file(`${hostName}.pem`), key: file(`${hostName}.key`) };
}
