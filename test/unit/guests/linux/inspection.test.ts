import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { inspectLinux } from '../../../../src/guests/inspection/linux.js';
import { MemoryFiles } from '../../../support/memory-files.js';

describe('the release of a Linux guest', () => {
  it.each([
    [
      'debian',
      '12.5',
      {
        '/etc/os-release': { link: '../usr/lib/os-release' },
        '/usr/lib/os-release': 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n',
        '/etc/debian_version': '12.5\n',
      },
    ],
    ['debian', '6.0.10', { '/etc/debian_version': '6.0.10\n' }],
    [
      'ubuntu',
      '12.04',
      {
        '/etc/lsb-release':
          'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=12.04\nDISTRIB_DESCRIPTION="Ubuntu 12.04.5 LTS"\n',
        '/etc/debian_version': 'wheezy/sid\n',
      },
    ],
    ['centos', '5.7', { '/etc/redhat-release': 'CentOS release 5.7 (Final)\n' }],
    ['rhel', '6.2', { '/etc/redhat-release': 'Red Hat Enterprise Linux Server release 6.2 (Santiago)\n' }],
    [
      'ol',
      '6.2',
      {
        '/etc/redhat-release': 'Red Hat Enterprise Linux Server release 6.2 (Santiago)\n',
        '/etc/oracle-release': 'Oracle Linux Server release 6.2\n',
      },
    ],
    [
      'centos',
      '7.9.2009',
      {
        '/etc/os-release': 'ID="centos"\nVERSION_ID="7"\n',
        '/etc/redhat-release': 'CentOS Linux release 7.9.2009 (Core)\n',
      },
    ],
    [
      'sles',
      '11.4',
      { '/etc/SuSE-release': 'SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n' },
    ],
    ['sles', '15.5', { '/etc/os-release': 'NAME="SLES"\nVERSION_ID="15.5"\nID="sles"\n' }],
  ])('is %s %s', async (distribution, version, tree) => {
    const guest = await inspectLinux(new MemoryFiles(tree), 'bios', [], []);
    expect(guest).toMatchObject({ family: 'linux', distribution, version, architecture: null });
  });

  it('has the architecture of its programs', async () => {
    const i386 = Buffer.alloc(64);
    i386.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1], 0);
    i386.writeUInt16LE(3, 18);
    const tree = { '/etc/debian_version': '7.11\n' };
    const old = await inspectLinux(new MemoryFiles({ ...tree, '/bin/sh': i386 }), 'bios', [], []);
    expect(old?.architecture).toBe('i386');
    if (process.arch !== 'x64') return;
    const ours = new MemoryFiles({ ...tree, '/bin/sh': readFileSync('/bin/sh') });
    expect((await inspectLinux(ours, 'bios', [], []))?.architecture).toBe('x86_64');
  });

  it('is none where nothing tells it', async () => {
    expect(await inspectLinux(new MemoryFiles({ '/Windows/System32/x': 'x' }), 'bios', [], [])).toBeNull();
  });
});
