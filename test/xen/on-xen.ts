import { expect, onTestFinished } from 'vitest';
import { GUEST_FACTS } from '../support/vmware-guests.js';
import { XenGuest } from './xen-guest.js';
import type { XenHost } from './xen-host.js';

/** Writes what a test saw, and when, to where a person reads it. */
export function report(startedAt: number, line: string): void {
  process.stderr.write(`${((Date.now() - startedAt) / 1000).toFixed(0).padStart(5)} s  ${line}\n`);
}

/**
 * Starts a guest from a disk of the host, and expects that it comes up on Xen's own devices: its root file system on
 * `rootDevice`, its static addresses on Xen's network device, and its gateway, the dom0, within reach.
 */
export async function expectOnXen(host: XenHost, device: string, rootDevice: string): Promise<void> {
  const startedAt = Date.now();
  const guest = await XenGuest.start(host, {
    device,
    name: `guest-${device.slice(-3)}`,
    mac: GUEST_FACTS.mac,
  });
  onTestFinished(() => guest.destroy());
  const { end, console } = await guest.boot();
  expect(end, `the end of the guest's console: ${console.slice(-3000)}`).toBe('login');
  report(startedAt, 'login prompt');
  expect(console).toMatch(/Hypervisor detected: Xen/);
  expect(await guest.hasTakenDisk()).toBe(true);
  expect(await guest.hasTakenNetwork()).toBe(true);

  await guest.login('root', GUEST_FACTS.password);
  const ask = async (command: string) => {
    const answer = await guest.ask(command);
    report(startedAt, `${command}: ${answer.replaceAll('\n', '; ')}`);
    return answer;
  };
  expect(await ask('cat /sys/hypervisor/type')).toBe('xen');
  const mounted = await ask('findmnt --noheadings --output SOURCE /');
  expect(await ask(`lsblk --noheadings --inverse --list --output NAME ${mounted}`)).toContain(rootDevice);
  const { nic, ipv4, ipv6 } = GUEST_FACTS;
  expect(await ask(`basename $(readlink /sys/class/net/${nic}/device/driver)`)).toBe('vif');
  const addresses = await ask(`ip -oneline address show dev ${nic} scope global`);
  expect(addresses).toContain(`inet ${ipv4}/24`);
  expect(addresses).toContain(`inet6 ${ipv6}/64`);
  for (const address of [ipv4, ipv6]) {
    const { exitCode, output } = await host.run(`busybox ping -c 3 ${address}`);
    expect(exitCode, output).toBe(0);
    report(startedAt, `the dom0 reaches ${address}`);
  }
}
