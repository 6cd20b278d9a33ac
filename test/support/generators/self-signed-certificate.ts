import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** A certificate of a server on this machine, and its private key, both in PEM. */
export interface Certificate {
  cert: string;
  key: string;
}

/**
 * Makes a certificate for these names and for 127.0.0.1, signed by itself and valid for a day. Node makes keys but no
 * certificates, and a key in the repository would look like a leaked one.
 *
 * @see https://www.rfc-editor.org/rfc/rfc5280#section-4.1
 */
export function selfSignedCertificate(...names: [string, ...string[]]): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsaWithSha256 = sequence(objectId('2a8648ce3d040302'));
  const serial = randomBytes(8);
  // Among trusted certificates with the same subject, OpenSSL may try the wrong one.
  const name = sequence(
    set(sequence(objectId('550403'), der(0x0c, Buffer.from(`${names[0]} ${serial.toString('hex')}`)))),
  );
  const day = 86_400_000;
  const validity = sequence(time(Date.now() - day / 2), time(Date.now() + day / 2));
  // A context-specific tag 2 is a DNS name, 7 an address.
  const alternativeNames = sequence(
    ...names.map((each) => der(0x82, Buffer.from(each))),
    der(0x87, Buffer.from([127, 0, 0, 1])),
  );
  const extensions = sequence(
    sequence(objectId('551d11'), der(0x04, alternativeNames)),
    // Its own authority: basicConstraints, critical.
    sequence(
      objectId('551d13'),
      der(0x01, Buffer.from([0xff])),
      der(0x04, sequence(der(0x01, Buffer.from([0xff])))),
    ),
  );
  const content = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), serial])),
    ecdsaWithSha256,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions),
  );
  const signature = sign('sha256', content, privateKey);
  const certificate = sequence(content, ecdsaWithSha256, der(0x03, Buffer.from([0]), signature));
  const lines = certificate
    .toString('base64')
    .match(/.{1,64}/g)
    ?.join('\n');
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };
}

/** A value in the Distinguished Encoding Rules: tag, length, content. */
function der(tag: number, ...content: Buffer[]): Buffer {
  const bytes = Buffer.concat(content);
  const { length } = bytes;
  const encoded =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...encoded]), bytes]);
}

const sequence = (...content: Buffer[]) => der(0x30, ...content);
const set = (...content: Buffer[]) => der(0x31, ...content);
const objectId = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));

/** UTCTime, whose years have two digits. */
const time = (at: number) =>
  der(0x17, Buffer.from(`${new Date(at).toISOString().slice(2, 19).replace(/[-T:]/g, '')}Z`));
