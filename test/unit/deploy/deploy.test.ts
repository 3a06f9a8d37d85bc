import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import about from '../../../package.json' with { type: 'json' };
import { GUEST_TOOLS } from '../../../src/guests/tools/guest-tools.js';
import { tempFiles } from '../../support/temp-files.js';

const DEPLOY = 'docs/deploy';
const PROGRAM = '/usr/local/bin/xenferry';
const { folder, put } = tempFiles();
const UNITS = readdirSync(DEPLOY).filter((name) => /\.(service|timer)$/.test(name));

/** Puts the units where an administrator would, with a program that exists, a template as its instance `shop`. */
function install(change: (text: string) => string = (text) => text): string[] {
  const program = put('xenferry', '#!/bin/sh\n').path;
  chmodSync(program, 0o755);
  mkdirSync(join(folder, 'xenferry.service.d'), { recursive: true });
  put('xenferry.service.d/credentials.conf', readFileSync(`${DEPLOY}/xenferry.service.d/credentials.conf`));
  return UNITS.map((unit) => {
    const text = change(readFileSync(join(DEPLOY, unit), 'utf8')).replaceAll(PROGRAM, program);
    put(unit, text);
    return put(unit.replace('@.', '@shop.'), text).path;
  });
}

/** What systemd says of a unit; nothing when it understands all of it. */
function verdict(unit: string): string {
  const { stderr, error } = spawnSync('systemd-analyze', ['verify', '--man=no', unit], { encoding: 'utf8' });
  if (error !== undefined) throw error;
  return stderr;
}

/** The value of each setting of a section, in order. */
function settings(unit: string, name: string): string[] {
  const text = readFileSync(join(DEPLOY, unit), 'utf8');
  return [...text.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value);
}

describe('the units', () => {
  it('are understood by systemd', () => {
    expect(UNITS).toHaveLength(4);
    for (const unit of install()) expect(verdict(unit), unit).toBe('');
  });

  it('would be found out if they were not', () => {
    const [first = ''] = install((text) => text.replace('[Service]', '[Service]\nProtectSystm=strict'));
    expect(verdict(first)).toContain('ProtectSystm');
  });

  it('start commands that the program has, with options that it has', () => {
    const manual = readFileSync('docs/man/xenferry.1', 'utf8').replaceAll('\\-', '-');
    for (const unit of UNITS.filter((name) => name.endsWith('.service'))) {
      const [line = ''] = settings(unit, 'ExecStart');
      const [program, command = '', ...rest] = line.split(' ');
      expect(program).toBe(PROGRAM);
      expect(manual).toMatch(new RegExp(`^\\.SS "?xenferry ${command}\\b`, 'm'));
      const options = rest.filter((word) => word.startsWith('--'));
      expect(options.length).toBeGreaterThan(0);
      for (const option of options) expect(manual).toContain(option);
    }
  });

  it('let guests be mounted through FUSE by a user other than root', () => {
    // As systemd.exec(5) has it: each of these implies NoNewPrivileges for such a user, without which fusermount3 works.
    const forbidden =
      /^(NoNewPrivileges|SystemCall\w+|RestrictAddressFamilies|RestrictNamespaces|RestrictRealtime|RestrictSUIDSGID|PrivateDevices|PrivateUsers|ProtectKernel\w+|ProtectClock|ProtectHostname|MemoryDenyWriteExecute|LockPersonality|DynamicUser)=/m;
    for (const unit of UNITS.filter((name) => name.endsWith('.service'))) {
      expect(readFileSync(join(DEPLOY, unit), 'utf8')).not.toMatch(forbidden);
      expect(settings(unit, 'User')).toEqual(['xenferry']);
      expect(settings(unit, 'DeviceAllow')).toContain('/dev/fuse rw');
    }
  });

  it('have the night begin at the time that they say', () => {
    const [calendar = ''] = settings('xenferry@.timer', 'OnCalendar');
    const told = execFileSync('systemd-analyze', ['calendar', calendar], { encoding: 'utf8' });
    expect(told).toMatch(/Next elapse: .* 22:00:00/);
  });
});

describe('the container file', () => {
  const text = readFileSync(`${DEPLOY}/Containerfile`, 'utf8');

  it('installs what the fixups of guests call, but for libguestfs', () => {
    const installed = new Set(text.split(/\s+/));
    const needed = GUEST_TOOLS.map(({ debianPackage }) => debianPackage).filter(
      (name) => name !== 'guestfish',
    );
    expect(needed.filter((name) => !installed.has(name))).toEqual([]);
    expect(installed.has('qemu-utils')).toBe(true);
  });

  it('copies what there is, runs as a user of its own, and keeps its data in a volume', () => {
    const sources = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names = '']) =>
      names.split(' '),
    );
    expect(sources.length).toBeGreaterThan(5);
    for (const source of sources) expect(existsSync(source), source).toBe(true);
    expect(text).toMatch(/^USER xenferry$/m);
    expect(text).toMatch(/^VOLUME \/var\/lib\/xenferry$/m);
    expect(text.lastIndexOf('USER xenferry')).toBeGreaterThan(text.lastIndexOf('RUN '));
  });

  it('has a Node that the program takes', () => {
    const [, major = ''] = /^FROM \S+node:(\d+)-/m.exec(text) ?? [];
    expect(about.engines.node).toContain(`>=${major}.`);
  });
});
