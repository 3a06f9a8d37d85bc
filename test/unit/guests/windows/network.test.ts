import { describe, expect, it } from 'vitest';
import { makeHive } from '../../../support/hive-maker.js';
import { testNic } from '../../../support/machines.js';
import { runTwice } from '../../../support/run-fixups.js';
import {
  CARD,
  NETWORK_CLASS,
  registry,
  scriptLines,
  VMXNET3,
  windowsGuest,
} from '../../../support/windows-guests.js';

const FOLDER = '/Windows/Xenferry/each-start';
const SET = 'ControlSet002';

describe('a static address', () => {
  it('is set again by PowerShell on the card with its MAC', async () => {
    const windows = await windowsGuest('2016');
    const { atFirstBoot } = await runTwice('windows/network', windows);
    expect(atFirstBoot).toEqual([
      expect.stringContaining('00:50:56:95:08:bb gets 192.0.2.20/24, 198.51.100.5/23'),
    ]);
    const lines = await scriptLines(windows.files, `${FOLDER}/network.ps1`);
    const calls = lines.filter((line) => line.startsWith('Restore '));
    expect(calls).toHaveLength(1);
    const call = calls[0] ?? '';
    expect(call).toContain("'00-50-56-95-08-BB'");
    expect(call).toContain("Family = 'IPv4'; Address = '192.0.2.20'; Length = 24");
    expect(call).toContain(
      "Family = 'IPv6'; Address = '2001:0db8:0000:0001:0000:0000:0000:0020'; Length = 64",
    );
    expect(call).not.toContain('fe80');
    expect(call).toContain("@('192.0.2.1') @('192.0.2.53', '192.0.2.54', '2001:db8::53')");
    const [name, suffix] = [...call.matchAll(/Text '([A-Za-z0-9+/=]*)'/g)].map(([, text]) =>
      Buffer.from(text ?? '', 'base64').toString('utf16le'),
    );
    expect(name).toBe('O\'Hara\'s "LAN" $(x)');
    expect(suffix).toBe('example.test');
    const starter = await scriptLines(windows.files, `${FOLDER}/10-network.cmd`);
    expect(starter.filter((line) => line.includes('route.exe'))).toEqual([
      '"%SystemRoot%\\System32\\route.exe" -p add 10.0.0.0 mask 255.0.0.0 192.0.2.9 metric 1',
    ]);
  });

  it('is set again by netsh on Windows 7, without any name', async () => {
    const windows = await windowsGuest('7');
    await runTwice('windows/network', windows);
    const lines = await scriptLines(windows.files, `${FOLDER}/10-network.cmd`);
    const netsh = lines
      .filter((line) => line.includes('netsh.exe'))
      .map((line) => line.replace(/^.*interface /, ''));
    expect(netsh).toEqual([
      'ipv4 set address name=%INDEX% source=static address=192.0.2.20 mask=255.255.255.0 gateway=192.0.2.1 gwmetric=1',
      'ipv4 add address name=%INDEX% address=198.51.100.5 mask=255.255.254.0',
      'ipv4 set dnsserver name=%INDEX% source=static address=192.0.2.53',
      'ipv4 add dnsserver name=%INDEX% address=192.0.2.54',
      'ipv6 add address interface=%INDEX% address=2001:0db8:0000:0001:0000:0000:0000:0020/64 store=persistent',
      'ipv6 add dnsserver name=%INDEX% address=2001:db8::53',
    ]);
    expect(lines.some((line) => line.includes("MACAddress='00:50:56:95:08:BB'"))).toBe(true);
    expect(lines.join('\n')).not.toContain('Hara');
    expect(await windows.files.entry(`${FOLDER}/network.ps1`)).toBeNull();
  });

  it('leaves no card of VMware behind, but other devices', async () => {
    const windows = await windowsGuest('2016');
    await runTwice('windows/network', windows);
    const system = await registry(windows.files, 'SYSTEM');
    expect(system[`${SET}\\Enum\\${VMXNET3}\\FF565000BB0895FE00`]).toBeUndefined();
    expect(system[`${SET}\\Control\\Network\\${NETWORK_CLASS}\\${CARD}`]).toBeUndefined();
    expect(system[`${SET}\\Enum\\PCI\\VEN_15AD&DEV_07C0&SUBSYS_07C015AD&REV_02\\0`]).toBeDefined();
  });

  it('of a card whose instance tells no MAC is found by what VMware Tools reported', async () => {
    const nics = [
      testNic({ mac: '00:50:56:00:00:01', addresses: ['203.0.113.1'] }),
      testNic({ mac: '00:50:56:00:00:02', addresses: ['192.0.2.20'] }),
    ];
    const windows = await windowsGuest('2016', { nics });
    const { atFirstBoot } = await runTwice('windows/network', windows);
    expect(atFirstBoot).toEqual([expect.stringContaining('00:50:56:00:00:02')]);
  });

  it('of Windows XP is told, as nothing there would set it', async () => {
    const windows = await windowsGuest('7', { version: '5.1.2600' });
    const { warnings } = await runTwice('windows/network', windows);
    expect(warnings).toEqual([expect.stringContaining('192.0.2.20/24')]);
    expect(await windows.files.list(FOLDER)).toEqual([]);
  });

  it('is not guessed between cards of a kind', async () => {
    const nics = [testNic({ mac: '00:50:56:00:00:01' }), testNic({ mac: '00:50:56:00:00:02' })];
    const windows = await windowsGuest('2016', { nics });
    const { warnings } = await runTwice('windows/network', windows);
    expect(warnings.join()).toContain('It is not certain which network card has 192.0.2.20/24');
    expect(await windows.files.list(FOLDER)).toEqual([]);
  });
});

describe('a guest with DHCP', () => {
  it('needs no script', async () => {
    const system = makeHive({
      Select: { Current: 1 },
      [`ControlSet001\\Control\\Class\\${NETWORK_CLASS}\\0001`]: { NetCfgInstanceId: CARD },
      [`ControlSet001\\Enum\\${VMXNET3}\\FF565000BB0895FE00`]: { Driver: `${NETWORK_CLASS}\\0001` },
      [`ControlSet001\\Services\\Tcpip\\Parameters\\Interfaces\\${CARD}`]: {
        EnableDHCP: 1,
        IPAddress: ['192.0.2.99'],
        DhcpIPAddress: '192.0.2.99',
      },
    });
    const windows = await windowsGuest('2016', {}, { '/Windows/System32/config/SYSTEM': system });
    await runTwice('windows/network', windows);
    expect(windows.files.changes).toEqual(['/Windows/System32/config/SYSTEM']);
  });
});
