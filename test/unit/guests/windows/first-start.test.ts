import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixup, runTwice } from '../../../support/run-fixups.js';
import { tempFiles } from '../../../support/temp-files.js';
import { registry, scriptLines, TOOLS, windowsGuest } from '../../../support/windows-guests.js';

const { folder, put } = tempFiles();
const MSI = Buffer.from('d0cf11e0a1b11ae1', 'hex');

describe('VMware Tools', () => {
  it('are uninstalled by their product code, and nothing else is', async () => {
    const windows = await windowsGuest('2016');
    await runTwice('windows/vmware-tools', windows);
    const lines = await scriptLines(windows.files, '/Windows/Xenferry/once/20-vmware-tools.cmd');
    const uninstalls = lines.filter((line) => line.includes('/x'));
    expect(uninstalls).toEqual([expect.stringContaining(`/x ${TOOLS} /qn`)]);
    expect(lines.join('\n')).not.toContain('& del');
  });

  it('that take longer than ten minutes are given up', async () => {
    const windows = await windowsGuest('2016');
    await runTwice('windows/vmware-tools', windows);
    const lines = await scriptLines(windows.files, '/Windows/Xenferry/msi.cmd');
    expect(lines).toContain('if "%CODE%"=="1641" exit /b 3010');
    expect(lines.find((line) => line.includes('taskkill'))).toContain('msiexec.exe');
  });
});

describe('Xen guest tools for Windows', () => {
  it('are the newest that fit release and architecture', async () => {
    put('managementagent-9.3.3-x64.msi', Buffer.concat([MSI, Buffer.from('9.3')]));
    put('managementagent-9.4.0-x64.msi', Buffer.concat([MSI, Buffer.from('9.4')]));
    put('managementagent-9.3.3-x86.msi', Buffer.concat([MSI, Buffer.from('x86')]));
    put('other-x64.msi', MSI);
    const names = async (release: '7' | '2012' | '2016') => {
      const windows = await windowsGuest(release);
      await runTwice('windows/guest-tools', windows, folder);
      return await windows.files.list('/Windows/Xenferry/tools');
    };
    expect(await names('2016')).toEqual(['managementagent-9.4.0-x64.msi']);
    expect(await names('2012')).toEqual(['managementagent-9.3.3-x64.msi']);
    expect(await names('7')).toEqual(['managementagent-9.3.3-x86.msi']);
  });

  it('are refused when they are no MSI, and missed in words when there are none', async () => {
    const windows = await windowsGuest('11');
    put('tools/XenTools-x64.msi'.replace('tools/', ''), 'text');
    const run = fixup('windows/guest-tools').run(windows.guest, windows.files, { toolsFolder: folder });
    await expect(run).rejects.toMatchObject({
      code: 'SOURCE_UNREADABLE',
      place: { file: join(folder, 'XenTools-x64.msi') },
    });
    const { warnings } = await runTwice('windows/guest-tools', windows);
    expect(warnings).toEqual([expect.stringContaining('not installed')]);
    expect(windows.files.changes).toEqual([]);
  });
});

describe('the first start of Windows', () => {
  it('runs what was left by a service that the manager does not stop', async () => {
    const windows = await windowsGuest('2016');
    await runTwice('windows/vmware-tools', windows);
    const { atFirstBoot } = await runTwice('windows/first-boot', windows);
    expect(atFirstBoot).toHaveLength(1);
    const system = await registry(windows.files, 'SYSTEM');
    const service = system['ControlSet002\\Services\\XenferryFirstBoot'];
    expect(service).toMatchObject({
      Start: 'dword:00000002',
      Type: 'dword:00000010',
      ErrorControl: 'dword:00000000',
      ObjectName: 'str(1):"LocalSystem"',
    });
    expect(service?.ImagePath).toContain('/c start \\"\\" /b');
    const lines = await scriptLines(windows.files, '/Windows/Xenferry/first-boot.cmd');
    expect(lines.find((line) => line.includes('icacls'))).toContain('/inheritance:r');
    const labels = lines.filter((line) => line.startsWith(':')).map((line) => line.slice(1));
    const targets = lines.flatMap((line) => /(?:goto|call) :?(\w+)/.exec(line)?.[1] ?? []);
    for (const target of targets) expect(labels).toContain(target);
  });

  it('needs no service when there is nothing to do', async () => {
    const windows = await windowsGuest('2016');
    await runTwice('windows/first-boot', windows);
    expect(windows.files.changes).toEqual([]);
  });
});
