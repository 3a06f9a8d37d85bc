import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { tempFiles } from '../support/temp-files.js';

const MAIN = fileURLToPath(new URL('../../dist/xenferry.js', import.meta.url));
const DEPLOY = fileURLToPath(new URL('../../docs/deploy', import.meta.url));
/** Debian's `nobody`. */
const USER = 65_534;

const { folder } = tempFiles();

/** What the units of systemd leave a program, as their settings name it. */
function boundingSets(): string[] {
  const units = readdirSync(DEPLOY).filter((name) => name.endsWith('.service'));
  const sets = units.map(
    (unit) => /^CapabilityBoundingSet=(.+)$/m.exec(readFileSync(`${DEPLOY}/${unit}`, 'utf8'))?.[1] ?? '',
  );
  return [...new Set(sets)];
}

it.runIf(process.getuid?.() === 0).each(boundingSets())(
  'a unit that leaves %s lets guests be mounted, also in a folder that is the user’s alone',
  (set) => {
    chmodSync(folder, 0o750);
    chownSync(folder, USER, USER);
    const names = set.split(' ').map((name) => `+${name.toLowerCase().replace('cap_', '')}`);
    const user = [`--reuid=${USER}`, `--regid=${USER}`, '--clear-groups'];
    const told = execFileSync(
      'setpriv',
      [
        ...user,
        `--bounding-set=-all,${names.join(',')}`,
        process.execPath,
        MAIN,
        'doctor',
        '--target',
        folder,
      ],
      { encoding: 'utf8', cwd: folder, env: { ...process.env, TMPDIR: folder } },
    );
    expect(told).toContain('ok: mounts by FUSE');
  },
);
