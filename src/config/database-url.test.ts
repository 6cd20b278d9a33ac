import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { type DatabaseUrl, databaseUrl, readDatabaseUrl } from './database-url.ts';
import { ConfigError } from './environment.ts';

const plain: DatabaseUrl = {
  hosts: [{ host: 'db', port: 5432 }],
  user: undefined,
  password: undefined,
  database: 'orders',
  applicationName: undefined,
  options: undefined,
  target: 'any',
  tls: undefined,
};

const folder = mkdtempSync(path.join(tmpdir(), 'orders-url-'));
afterAll(() => rmSync(folder, { recursive: true }));
const pem = '-----BEGIN CERTIFICATE-----\n';
const ca = path.join(folder, 'ca.pem');
writeFileSync(ca, pem);
const notPem = path.join(folder, 'ca.der');
writeFileSync(notPem, 'binary');

/** @see https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-CONNSTRING-URIS */
describe('DATABASE_URL', () => {
  test.each<[text: string, expected: Partial<DatabaseUrl>]>([
    ['postgres://db/orders', {}],
    ['postgresql://db/orders', {}],
    ['postgres://db:6432/orders', { hosts: [{ host: 'db', port: 6432 }] }],
    ['postgres://shop:a%2Fb%40c@db/orders', { user: 'shop', password: 'a/b@c' }],
    ['postgres://shop:a@b@db/orders', { user: 'shop', password: 'a@b' }],
    ['postgres://shop:a:b@db/orders', { user: 'shop', password: 'a:b' }],
    ['postgres://db/my%20shop', { database: 'my shop' }],
    ['postgres://shop@db', { user: 'shop', database: 'shop' }],
    ['postgres://db/?user=shop', { user: 'shop', database: 'shop' }],
    ['postgres://[::1]:6432/orders', { hosts: [{ host: '::1', port: 6432 }] }],
    ['postgres:///orders', { hosts: [{ host: 'localhost', port: 5432 }] }],
    ['postgres:///orders?host=2001:db8::1', { hosts: [{ host: '2001:db8::1', port: 5432 }] }],
    [
      'postgres:///orders?host=::1,::2&port=1,2',
      {
        hosts: [
          { host: '::1', port: 1 },
          { host: '::2', port: 2 },
        ],
        target: 'read-write',
      },
    ],
    ['postgres:///orders?host=/run/pg', { hosts: [{ host: '/run/pg', port: 5432 }] }],
    ['postgres://%2Frun%2Fpg/orders', { hosts: [{ host: '/run/pg', port: 5432 }] }],
    ['postgres://db/orders?application_name=shop', { applicationName: 'shop' }],
    ['postgres://db/orders?options=-c%20work_mem%3D8MB', { options: '-c work_mem=8MB' }],
    ['postgres://db/orders?user=shop&password=p%26q', { user: 'shop', password: 'p&q' }],
    ['postgres://db/orders?connect_timeout=10&keepalives=1&gssencmode=disable', {}],
    ['postgres://db/orders?target_session_attrs=read-write', { target: 'read-write' }],
    ['postgres://db/orders?target_session_attrs=primary', { target: 'primary' }],
    [
      'postgres://a:1,b,[::1]:3/orders?target_session_attrs=read-write',
      {
        hosts: [
          { host: 'a', port: 1 },
          { host: 'b', port: 5432 },
          { host: '::1', port: 3 },
        ],
        target: 'read-write',
      },
    ],
    [
      'postgres:///orders?host=a,b&port=1,2',
      {
        hosts: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
        ],
        target: 'read-write',
      },
    ],
    [
      'postgres://a,b/orders?port=6432',
      {
        hosts: [
          { host: 'a', port: 6432 },
          { host: 'b', port: 6432 },
        ],
        target: 'read-write',
      },
    ],
  ])('DATABASE_URL %s is read as libpq reads it', (text, expected) => {
    expect(readDatabaseUrl(text, {})).toEqual({ ...plain, ...expected });
  });

  test('several hosts and their ports survive being written and read', () => {
    const host = fc.record({
      host: fc.oneof(fc.stringMatching(/^[a-z][a-z0-9.-]{0,20}$/), fc.ipV4(), fc.ipV6()),
      port: fc.integer({ min: 1, max: 65_535 }),
    });
    const written = fc.record({
      hosts: fc.array(host, { minLength: 1, maxLength: 4 }),
      user: fc.string({ minLength: 1, unit: 'grapheme' }),
      password: fc.string({ minLength: 1, unit: 'grapheme' }),
      database: fc.string({ minLength: 1, unit: 'grapheme' }),
    });
    fc.assert(
      fc.property(written, ({ hosts, user, password, database }) => {
        const hostList = hosts.map(
          (each) => `${each.host.includes(':') ? `[${each.host}]` : each.host}:${each.port}`,
        );
        const [account, name] = [
          [user, password].map(encodeURIComponent).join(':'),
          encodeURIComponent(database),
        ];
        const target = hosts.length > 1 ? 'read-write' : 'any';
        expect(readDatabaseUrl(`postgres://${account}@${hostList.join()}/${name}`, {})).toEqual({
          ...plain,
          hosts,
          user,
          password,
          database,
          target,
        });
      }),
    );
  });

  test.each([
    'mysql://db/orders',
    'http://db',
    'db:5432',
    'postgres:/',
    'postgres:db',
    '//db/orders',
    '',
    'host=db dbname=orders',
  ])('DATABASE_URL %j is not of this form', (text) => {
    expect(databaseUrl({ meaning: '' }).parse(text)).toBeUndefined();
    expect(() => readDatabaseUrl(text)).toThrow('DATABASE_URL must be a URL that starts with postgres://');
  });

  test.each([
    ['postgres://db/orders?sslmod=require', 'has the parameter "sslmod", which is not supported'],
    ['postgres://db/orders?statement_timeout=0', 'has the parameter "statement_timeout"'],
    [
      'postgres://a,b/orders?target_session_attrs=any',
      'has several hosts, of which target_session_attrs must choose',
    ],
    ['postgres://db/orders?target_session_attrs=standby', 'has a target_session_attrs other than'],
    ['postgres://a,b/orders?load_balance_hosts=random', 'has load_balance_hosts'],
    ['postgres://db/orders?host=a,b,c&port=1,2', 'has 3 hosts and 2 ports'],
    ['postgres://shop:hush-hush:db/orders', 'has a port that is no number'],
    ['postgres://db:0/orders', 'has a port that is no number'],
    ['postgres://shop:50%off@db/orders', 'has a "%" that begins no percent-encoding'],
    ['postgres://shop:hush#hush@db/orders', 'has a "#": write it as %23'],
    ['postgres://shop:42?hush@db/orders', 'has a parameter that is not supported (write "?" and "&"'],
    ['postgres://shop:42?hush&x@db/orders', 'has a parameter that is not supported'],
    ['postgres://shop@cloud:42?hush@db/orders', 'has a parameter that is not supported'],
    ['postgres://db/orders?user=shop&password=a&hush', 'has a parameter that is not supported'],
    ['postgres://shop:4/hush@db/orders', 'has an "@" in the name of the database'],
    ['postgres://shop:/hush@db/orders', 'has an "@" in the name of the database'],
    ['postgres://shop:p@4/hush@db/orders', 'has an "@" in the name of the database'],
    ['postgres://db/orders?sslmode=maybe', 'has a value of sslmode other than disable,'],
    ['postgres://db/orders?sslmode=allow', 'has sslmode=allow'],
    ['postgres://db/orders?sslmode=verify-ca', 'has sslmode=verify-ca, which needs the file of an authority'],
    ['postgres://db/orders?sslmode=require&sslrootcert=system', 'has sslrootcert=system, which needs'],
    ['postgres://db/orders?gssencmode=require', 'has gssencmode=require'],
    ['postgres://db/orders?channel_binding=require', 'asks for channel_binding or sslnegotiation'],
    [
      'postgres://db/orders?sslmode=require&ssl_min_protocol_version=SSLv3',
      'has a value of ssl_min_protocol_version',
    ],
    [
      'postgres://db/orders?sslmode=verify-full&sslrootcert=/nowhere.pem',
      'names the file /nowhere.pem in sslrootcert, which cannot be read: ENOENT',
    ],
    [
      `postgres://db/orders?sslmode=verify-full&sslrootcert=${notPem}`,
      `names the file ${notPem} in sslrootcert, which is not in PEM form`,
    ],
  ])('DATABASE_URL %s is refused with the reason', (text, reason) => {
    let message = '';
    try {
      readDatabaseUrl(text);
    } catch (error) {
      if (error instanceof ConfigError) ({ message } = error);
    }
    expect(message).toContain(`DATABASE_URL ${reason}`);
    expect(message).not.toContain('hush');
  });
});

/** @see https://www.postgresql.org/docs/18/libpq-ssl.html#LIBPQ-SSL-SSLMODE-STATEMENTS */
describe('sslmode', () => {
  const tlsOf = (parameters: string, env = {}) =>
    readDatabaseUrl(`postgres://db/orders?${parameters}`, env).tls;

  test.each([
    ['', undefined],
    ['sslmode=disable', undefined],
    ['ssl=false', undefined],
    ['ssl=true', 'nothing'],
    ['sslmode=prefer', 'nothing'],
    ['sslmode=require', 'nothing'],
    ['sslmode=no-verify', 'nothing'],
    [`sslmode=require&sslrootcert=${ca}`, 'ca'],
    [`sslmode=verify-ca&sslrootcert=${ca}`, 'ca'],
    ['sslmode=verify-full', 'full'],
    [`sslmode=verify-full&sslrootcert=${ca}`, 'full'],
    ['sslmode=verify-full&sslrootcert=system', 'full'],
    ['sslrootcert=system', 'full'],
  ])('%j verifies as much of the certificate as libpq does', (parameters, verify) => {
    expect(tlsOf(parameters)?.verify).toBe(verify);
  });

  test('certificates are read from their files', () => {
    const tls = tlsOf(`sslmode=verify-full&sslrootcert=${ca}&sslcert=${ca}&sslkey=${ca}&sslpassword=p`);
    expect(tls).toMatchObject({ ca: pem, cert: pem, key: pem, passphrase: 'p', direct: false });
  });

  test("libpq's environment variables count where the URL says nothing", () => {
    expect(readDatabaseUrl('postgres://db', { PGUSER: 'shop' })).toMatchObject({ database: 'shop' });
    expect(readDatabaseUrl('postgres://shop@db', { PGDATABASE: 'stock' })).toMatchObject({
      database: 'stock',
    });
    expect(tlsOf('', { PGSSLMODE: 'verify-ca', PGSSLROOTCERT: ca })).toMatchObject({ verify: 'ca', ca: pem });
    expect(tlsOf('sslmode=disable', { PGSSLMODE: 'require' })).toBeUndefined();
  });

  test('the negotiation, the least version and channel binding are taken over', () => {
    expect(
      tlsOf('sslmode=require&sslnegotiation=direct&ssl_min_protocol_version=TLSv1.3&channel_binding=require'),
    ).toMatchObject({ direct: true, minVersion: 'TLSv1.3', channelBinding: 'require' });
  });
});
