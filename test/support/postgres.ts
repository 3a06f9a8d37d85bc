import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import pg from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { freePort } from './free-port.js';

const DEBIAN = '/usr/lib/postgresql';
/** PostgreSQL refuses to run as root. */
const SERVER_USER = 'postgres';
const WITHOUT_SAFETY = ['fsync=off', 'full_page_writes=off', 'synchronous_commit=off'];

/** A server of the tests' own. */
export interface TestPostgres {
  /** URL of a database that is empty and nobody else's. */
  newDatabase(): Promise<string>;
  /** Ends all connections to a database, as a restart of the server does. */
  dropConnections(url: string): Promise<void>;
  /** All that a database holds, as SQL. */
  dump(url: string): Promise<string>;
  /** `kill -9` of the server and a start again. */
  crash(): Promise<void>;
}

/** Where the server's programs are; null where the package is missing, which is an error in CI. */
export function postgresPrograms(): string | null {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN) : [];
  const folders = versions.map((version) => join(DEBIAN, version, 'bin'));
  const found = folders.find((folder) => existsSync(join(folder, 'initdb'))) ?? null;
  if (found === null && process.env.CI) throw new Error('the Debian package postgresql is missing');
  if (found === null) console.warn('skipped: the Debian package postgresql is not installed');
  return found;
}

/** One server for a test file. Call it only where `postgresPrograms` finds something. */
export function testPostgres(programs: string): TestPostgres {
  const folder = mkdtempSync(join(tmpdir(), 'xenferry-postgres-'));
  const isRoot = userInfo().uid === 0;
  const data = join(folder, 'data');
  let port = 0;
  let databases = 0;

  const run = (program: string, args: readonly string[]) => {
    const command = [join(programs, program), ...args];
    const [file = '', ...rest] = isRoot ? ['runuser', '-u', SERVER_USER, '--', ...command] : command;
    // The server holds the output open for as long as it lives.
    execFileSync(file, rest, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  };
  const start = () => {
    const settings = [`port=${port}`, `unix_socket_directories=${folder}`, 'listen_addresses=127.0.0.1'];
    const options = [...settings, ...WITHOUT_SAFETY].map((setting) => `-c ${setting}`).join(' ');
    run('pg_ctl', ['-D', data, '-w', '-s', '-l', join(folder, 'log'), '-o', options, 'start']);
  };
  const urlOf = (database: string) => `postgres://${SERVER_USER}@127.0.0.1:${port}/${database}`;
  const ask = async (text: string) => {
    const client = new pg.Client(urlOf('postgres'));
    await client.connect();
    try {
      await client.query(text);
    } finally {
      await client.end();
    }
  };

  beforeAll(async () => {
    if (isRoot) {
      const id = (await execa('id', ['-u', SERVER_USER])).stdout;
      chownSync(folder, Number(id), -1);
    }
    run('initdb', ['-D', data, '-U', SERVER_USER, '-A', 'trust', '-N', '-E', 'UTF8', '--no-locale']);
    port = await freePort();
    start();
  });
  afterAll(() => {
    run('pg_ctl', ['-D', data, '-m', 'immediate', '-s', 'stop']);
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    newDatabase: async () => {
      const name = `test${++databases}`;
      await ask(`CREATE DATABASE ${name}`);
      return urlOf(name);
    },
    dropConnections: async (url) => {
      const name = new URL(url).pathname.slice(1);
      await ask(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
    },
    dump: async (url) => (await execa(join(programs, 'pg_dump'), [`--dbname=${url}`])).stdout,
    crash: async () => {
      run('pg_ctl', ['-D', data, '-m', 'immediate', '-s', 'stop']);
      start();
    },
  };
}
