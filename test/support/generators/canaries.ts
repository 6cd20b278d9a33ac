/** A secret that a client could send by mistake, in a form that a test recognizes wherever it appears. */
export interface Canary {
  name: string;
  /** Its spellings in a request. */
  spellings: readonly string[];
  /** In lower case. */
  secrets: readonly string[];
  /** Length from which a part of a secret counts as a leak: half a secret is still a secret. */
  shortest: number;
}

/** Passes the Luhn check. */
const cardNumber = '4539148803436467';
const inGroups = (separator: string): string => (cardNumber.match(/.{4}/g) ?? []).join(separator);
const escaped = (text: string): string =>
  text.replaceAll(/./g, (letter) => `%${letter.charCodeAt(0).toString(16)}`);

const keySecret = 'Qv7Zr4Tn9Kd2Lw8Xs5Bh1Jc6';
/** In the format of real providers, so that scrubbing can recognize the key wherever it appears. */
export const canaryKey = `sk_live_${keySecret}`;

const address = 'quokka+tea@burrow.example';

export const canaries: readonly Canary[] = [
  {
    name: 'card number',
    spellings: [cardNumber, inGroups(' '), inGroups('-'), inGroups('%20'), escaped(cardNumber)],
    secrets: [cardNumber],
    shortest: 10,
  },
  {
    name: 'API key',
    spellings: [canaryKey, canaryKey.toUpperCase(), `sk%5Flive%5F${keySecret}`],
    secrets: [keySecret.toLowerCase()],
    shortest: 10,
  },
  {
    name: 'e-mail address',
    spellings: [address, address.toUpperCase(), address.replace('@', '%40'), encodeURIComponent(address)],
    secrets: ['quokka', 'burrow'],
    shortest: 6,
  },
];

export interface Sighting {
  canary: string;
  /** The surrounding text, in lower case. */
  around: string;
}

/** Finds the canaries in a text. */
export function sightings(text: string): Sighting[] {
  const readings = readingsOf(text);
  return canaries.flatMap(({ name, secrets, shortest }) => {
    const parts = secrets.flatMap((secret) => partsOf(secret, shortest));
    const seen = readings.flatMap((reading) => find(reading, parts) ?? [])[0];
    return seen === undefined ? [] : [{ canary: name, around: seen }];
  });
}

function partsOf(secret: string, length: number): string[] {
  return Array.from({ length: secret.length - length + 1 }, (_, start) =>
    secret.slice(start, start + length),
  );
}

function find(text: string, parts: readonly string[]): string | undefined {
  const at = parts.map((part) => text.indexOf(part)).find((index) => index >= 0);
  return at === undefined ? undefined : text.slice(Math.max(0, at - 60), at + 60);
}

/** The text itself, and the text with its escapes decoded. */
function readingsOf(text: string): string[] {
  const plain = text.toLowerCase();
  const unescaped = decodePercent(decodePercent(plain)).replaceAll(/\\u00([0-7][0-9a-f])/g, decodeLetter);
  // Joins digits across separators.
  const digits = unescaped.replaceAll(/(?<=\d)[^a-z\d]{1,3}(?=\d)/g, '');
  return [plain, unescaped, digits];
}

function decodePercent(text: string): string {
  return text.replaceAll(/%([0-7][0-9a-f])/g, decodeLetter);
}

function decodeLetter(_all: string, code: string): string {
  return String.fromCharCode(Number.parseInt(code, 16)).toLowerCase();
}
