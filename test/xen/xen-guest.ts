import type { Seen } from '../support/serial-console.js';
import type { XenHost } from './xen-host.js';

const MINUTE = 60_000;
/** A login prompt takes two to five minutes in emulation; far more means that the guest hangs. */
const BOOT_LIMIT = 20 * MINUTE;
const DIALOGUE_LIMIT = 5 * MINUTE;
const XVDA = 51712;
const CONNECTED = '4';

const LOGIN = / login: $/;
/** How the initramfs of Debian, dracut, systemd and the kernel say that a guest does not get on. */
const STUCK = /\(initramfs\)|dracut-initqueue.*timeout|emergency mode|Unable to mount root|Kernel panic/;

/** How far a guest came. */
export interface Boot {
  readonly end: 'login' | 'stuck' | 'silent';
  readonly console: string;
}

export interface GuestDisk {
  /** The device of the dom0 that holds the disk, such as /dev/vdb. */
  readonly device: string;
  readonly name: string;
  readonly mac: string;
}

/**
 * A PVH guest: it has paravirtual devices only, which emulation can do. Its kernel, its initramfs and their arguments
 * are read from its own disk and boot menu by pygrub, which stands in for the guest's boot loader.
 */
export class XenGuest {
  private readonly host: XenHost;
  private readonly domain: number;

  private constructor(host: XenHost, domain: number) {
    this.host = host;
    this.domain = domain;
  }

  /** Throws the host's own error unless the domain was created and set going. */
  static async start(host: XenHost, disk: GuestDisk): Promise<XenGuest> {
    const settings = [
      `name="${disk.name}"`,
      ...['type="pvh"', 'memory=512', 'vcpus=1', 'bootloader="pygrub"'],
      `disk=["phy:${disk.device},xvda,w"]`,
      `vif=["mac=${disk.mac},bridge=xenbr0"]`,
      // Without it the emulated processor faults on an instruction the guest's libraries use.
      'tsc_mode="native"',
      // The guest's messages where the test reads; a PVH guest has none of the consoles of its own arguments.
      'extra="console=hvc0"',
      ...['on_crash="preserve"', 'on_reboot="destroy"'],
    ];
    for (const setting of settings) await host.mustRun(`echo '${setting}' >>/tmp/${disk.name}`);
    await host.mustRun(`xl create -p /tmp/${disk.name}`);
    const domain = Number(await host.mustRun(`xl domid ${disk.name}`));
    await host.mustRun(`setsid xenconsole --type pv ${domain} </dev/ttyS1 >/dev/ttyS1 2>&1 &`);
    await host.mustRun(`xl unpause ${disk.name}`);
    return new XenGuest(host, domain);
  }

  /** Waits until the guest asks for a login or says that it cannot go on. */
  async boot(): Promise<Boot> {
    const { text, match } = await this.read(new RegExp(`${LOGIN.source}|${STUCK.source}`), BOOT_LIMIT);
    if (match === undefined) return { end: 'silent', console: text };
    return { end: LOGIN.test(match[0]) ? 'login' : 'stuck', console: text };
  }

  /** Logs in on the console. */
  async login(user: string, password: string): Promise<void> {
    await this.host.guestPort.send(`${user}\n`);
    await this.expect(/assword: $/, 'no question for the password');
    await this.host.guestPort.send(`${password}\n`);
    await this.expect(/# $/, 'no prompt');
    // Without an editor, an echo and the kernel's messages the answers stand alone.
    await this.host.guestPort.send("dmesg -n 1; exec sh -c 'stty -echo; PS1= exec sh'\n");
    await this.ask('true');
  }

  /** The output of a command in the guest's shell. */
  async ask(command: string): Promise<string> {
    await this.host.guestPort.send(`echo gue''st-begins; ${command}; echo gue''st-ends\n`);
    const text = await this.expect(/guest-ends\n/, `no answer to: ${command}`);
    const begin = text.lastIndexOf('guest-begins');
    return text.slice(text.indexOf('\n', begin) + 1, text.lastIndexOf('guest-ends')).trim();
  }

  /** Whether Xen still runs the domain. */
  async isAlive(): Promise<boolean> {
    const { exitCode } = await this.host.run(`xl list ${this.domain}`);
    return exitCode === 0;
  }

  /** Whether a driver in the guest has taken the disk that the dom0 offers. */
  async hasTakenDisk(): Promise<boolean> {
    return (await this.stateOf(`device/vbd/${XVDA}`)) === CONNECTED;
  }

  async hasTakenNetwork(): Promise<boolean> {
    return (await this.stateOf('device/vif/0')) === CONNECTED;
  }

  async destroy(): Promise<void> {
    await this.host.run(`xl destroy ${this.domain}`);
  }

  private stateOf(device: string): Promise<string> {
    return this.host.mustRun(`xenstore-read /local/domain/${this.domain}/${device}/state`);
  }

  private read(pattern: RegExp, limit: number): Promise<Seen> {
    return this.host.guestPort.waitFor(pattern, limit);
  }

  private async expect(pattern: RegExp, otherwise: string): Promise<string> {
    const { text, match } = await this.read(pattern, DIALOGUE_LIMIT);
    if (match !== undefined) return text;
    throw new Error(`${otherwise}; the end of the guest's console: ${text.slice(-2000)}`);
  }
}
