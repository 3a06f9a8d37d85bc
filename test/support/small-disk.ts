import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A file system of its own that fills up soon. */
export interface SmallDisk {
  readonly path: string;
  resize(bytes: number): void;
}

/** Mounts a disk of `bytes` until the test ends. Only root may. */
export function smallDisk(bytes: number): SmallDisk {
  const path = mkdtempSync(join(tmpdir(), 'xenferry-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path]);
  onTestFinished(() => {
    execFileSync('umount', ['--lazy', path]);
    rmdirSync(path);
  });
  return {
    path,
    resize: (size) => {
      execFileSync('mount', ['-o', `remount,size=${size}`, path]);
    },
  };
}

/** Whether `smallDisk` will work here: root in a container may still be refused. */
export function canMount(): boolean {
  const path = mkdtempSync(join(tmpdir(), 'xenferry-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', path], { stdio: 'ignore' });
    execFileSync('umount', [path]);
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(path);
  }
}
