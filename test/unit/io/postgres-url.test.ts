import { describe, expect, it } from 'vitest';
import { postgresAddress } from '../../../src/io/postgres-url.js';
import { XenferryError } from '../../../src/model/errors.js';
import { tempFiles } from '../../support/temp-files.js';

const { put } = tempFiles();

describe('the URL of a database', () => {
  it.each([
    ['postgres://me@db.example.com/x', { host: 'db.example.com', port: 5432, user: 'me', database: 'x' }],
    ['postgresql://me@[2001:db8::1]:6000/x', { host: '2001:db8::1', port: 6000 }],
    ['postgres://a%40b@localhost/d%2Fx', { user: 'a@b', database: 'd/x', ssl: false }],
    ['postgres:///x?host=/run/postgresql', { host: '/run/postgresql', database: 'x', ssl: false }],
    ['postgres://me@127.0.0.1', { database: 'me', ssl: false }],
    // Without a word of it: to another machine never in clear, and never to whoever answers.
    ['postgres://me@db.example.com/x', { ssl: { rejectUnauthorized: true } }],
    ['postgres://me@localhost/x?sslmode=verify-full', { ssl: { rejectUnauthorized: true } }],
  ])('is read: %s', (url, address) => {
    expect(postgresAddress(url)).toMatchObject(address);
  });

  it('brings a certificate to trust', () => {
    const { path } = put('root.pem', 'PEM');
    const { ssl } = postgresAddress(`postgres://db.example.com/x?sslrootcert=${path}`);
    expect(ssl).toEqual({ rejectUnauthorized: true, ca: 'PEM' });
  });

  it.each([
    'postgres://me:secr3t@db.example.com/x?sslmode=disable',
    'postgres://me:secr3t@db.example.com/x?sslmode=require',
    'postgres://me:secr3t@db.example.com/x?sslmode=no-verify',
    'postgres://me:secr3t@localhost/x?sslmode=prefer',
    'postgres://me:secr3t@localhost/x?options=-csearch_path=secr3t',
    'postgres://me:secr3t@localhost/x?host=secr3t.example.com',
    'postgres://me:secr3t@localhost:99999/x',
    'postgres://me:secr3t%@localhost/x',
    'postgres://me:secr3t@local host/x',
    'http://me:secr3t@localhost/x',
  ])('is refused, without a word of what is in it: %s', (url) => {
    let thrown: unknown;
    try {
      postgresAddress(url);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(XenferryError);
    expect(thrown).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(String(thrown)).not.toContain('secr3t');
  });

  it('is shown without user and password', () => {
    expect(postgresAddress('postgres://me:secr3t@db.example.com:5433/x').shown).toBe(
      'postgres://db.example.com:5433/x',
    );
  });
});
