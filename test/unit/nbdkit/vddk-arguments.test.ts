import { describe, expect, it } from 'vitest';
import { dumpArguments, vddkArguments } from '../../../src/nbdkit/vddk-arguments.js';

const DISK = {
  server: 'vcenter.example',
  port: 443,
  user: 'mover@vsphere.local',
  thumbprint: 'AA:BB',
  machine: 'vm-12',
  snapshot: null,
  file: '[ds 1] web=1/web.vmdk',
};
const SETTINGS = { library: '/opt/vddk', plugin: null, transports: 'nbdssl:nbd' };
const FILES = { socket: '/tmp/a/s', pidFile: '/tmp/a/s.pid' };

describe('what nbdkit is started with', () => {
  it('is for reading, on a Unix socket, for as long as we live', () => {
    const given = vddkArguments(DISK, SETTINGS, FILES);
    expect(given.slice(0, given.indexOf('vddk')).toSorted()).toEqual([
      '--exit-with-parent',
      '--log=stderr',
      '--pidfile=/tmp/a/s.pid',
      '--readonly',
      '--unix=/tmp/a/s',
    ]);
    expect(given).toContain('libdir=/opt/vddk');
    expect(given).toContain('vm=moref=vm-12');
    expect(given).toContain('file=[ds 1] web=1/web.vmdk');
    expect(given.some((one) => one.startsWith('snapshot='))).toBe(false);
  });

  it('names a descriptor instead of the password', () => {
    expect(vddkArguments(DISK, SETTINGS, FILES).filter((one) => one.startsWith('password'))).toEqual([
      'password=-3',
    ]);
  });

  it('names the snapshot and the plugin that are asked for', () => {
    const plugin = '/opt/nbdkit-vddk-plugin.so';
    const given = vddkArguments({ ...DISK, snapshot: 'snapshot-7' }, { ...SETTINGS, plugin }, FILES);
    expect(given).toContain('snapshot=snapshot-7');
    expect(given).toContain(plugin);
    expect(given).not.toContain('vddk');
    expect(dumpArguments({ ...SETTINGS, plugin })).toEqual([plugin, '--dump-plugin', 'libdir=/opt/vddk']);
  });
});
