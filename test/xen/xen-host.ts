import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { SerialConsole } from '../support/serial-console.js';

const BUILD = fileURLToPath(new URL('dom0/build.sh', import.meta.url));
/** What the consoles of the last host said, for whoever asks why a test failed. */
const LOGS = fileURLToPath(new URL('.cache/', import.meta.url));
const MINUTE = 60_000;
/** About one minute on two free processors. */
const DOM0_LIMIT = 10 * MINUTE;
const COMMAND_LIMIT = 5 * MINUTE;

/** What keeps Xen or its dom0 from doing their work: a broken set-up, never the fault of a guest. */
class XenHostError extends Error {
  override readonly name = 'XenHostError';
}

export interface Dom0Answer {
  readonly exitCode: number;
  readonly output: string;
}

/** Debian's Xen with a dom0, booted in an emulated PC without hardware help. */
export class XenHost {
  /** The second serial port, to which the console of one guest at a time is tied. */
  readonly guestPort: SerialConsole;
  private readonly machine: ChildProcess;
  private readonly folder: string;
  private readonly dom0: SerialConsole;
  private commands = 0;

  private constructor(machine: ChildProcess, folder: string, dom0: SerialConsole, guestPort: SerialConsole) {
    this.machine = machine;
    this.folder = folder;
    this.dom0 = dom0;
    this.guestPort = guestPort;
  }

  /** Starts the host with these VHDs as its disks vdb, vdc, ...; nothing is ever written to them. */
  static async start(vhds: readonly string[]): Promise<XenHost> {
    const { stdout: boot } = await execa('bash', [BUILD], { stderr: 'inherit' });
    const folder = await mkdtemp(join(tmpdir(), 'xenferry-xen-'));
    const machine = spawn('qemu-system-x86_64', machineArguments(boot, folder, vhds), {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const host = new XenHost(
      machine,
      folder,
      await SerialConsole.open(join(folder, 'com1')),
      await SerialConsole.open(join(folder, 'com2')),
    );
    try {
      await host.answer(/DOM0-READY\n/, DOM0_LIMIT, 'the dom0 did not come up');
      await host.mustRun('stty -F /dev/ttyS1 raw -echo');
      return host;
    } catch (cause) {
      await host.stop();
      throw cause;
    }
  }

  /** Runs a command in the dom0's shell. */
  async run(command: string): Promise<Dom0Answer> {
    this.commands += 1;
    const mark = `=answer-${this.commands}`;
    await this.dom0.send(`(${command}\n)</dev/null 2>&1;echo ${mark}:$?:\n`);
    const text = await this.answer(
      new RegExp(`${mark}:(\\d+):\n`),
      COMMAND_LIMIT,
      `no answer to: ${command}`,
    );
    const [output = '', exitCode] = text.split(`${mark}:`);
    return { exitCode: Number.parseInt(exitCode ?? '', 10), output: output.trim() };
  }

  /** The output of a command that cannot fail on a host that works. */
  async mustRun(command: string): Promise<string> {
    const { exitCode, output } = await this.run(command);
    if (exitCode !== 0) throw new XenHostError(`${command} ends with ${exitCode} in the dom0: ${output}`);
    return output;
  }

  async stop(): Promise<void> {
    this.dom0.close();
    this.guestPort.close();
    if (this.machine.exitCode === null) {
      this.machine.kill('SIGKILL');
      await once(this.machine, 'exit');
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  private async answer(pattern: RegExp, limit: number, otherwise: string): Promise<string> {
    const { text, match } = await this.dom0.waitFor(pattern, limit);
    if (match !== undefined) return text;
    throw new XenHostError(`${otherwise}; the end of its console: ${this.dom0.transcript.slice(-2000)}`);
  }
}

function machineArguments(boot: string, folder: string, vhds: readonly string[]): string[] {
  const disk = (id: string, options: string) => [
    ...['-drive', `if=none,id=${id},snapshot=on,${options}`],
    ...['-device', `virtio-blk-pci,drive=${id}`],
  ];
  const serial = (name: string) => [
    ...[
      '-chardev',
      `socket,id=${name},path=${join(folder, name)},server=on,wait=off,logfile=${LOGS}${name}.log`,
    ],
    ...['-serial', `chardev:${name}`],
  ];
  // In emulation a PV dom0 dies with supervisor-mode access prevention, and guests' programs with AVX2.
  const processor = ['-accel', 'tcg,thread=multi', '-cpu', 'max,-smap,-avx2', '-smp', '2'];
  const xen = 'dom0_mem=768M,max:768M dom0_max_vcpus=1 console=com1 com1=115200,8n1 noreboot';
  // There is nobody to be protected from, and each of these costs time in emulation.
  const unguarded = 'spec-ctrl=no xpti=no pv-l1tf=no';
  return [
    ...processor,
    ...['-machine', 'pc', '-m', '2048', '-nodefaults', '-display', 'none', '-no-reboot'],
    ...serial('com1'),
    ...serial('com2'),
    ...['-kernel', join(boot, 'xen'), '-append', `${xen} ${unguarded}`],
    ...[
      '-initrd',
      `${join(boot, 'vmlinuz')} console=hvc0 mitigations=off nokaslr loglevel=4,${join(boot, 'initrd.img')}`,
    ],
    ...disk('dom0', `format=raw,file=${join(boot, 'root.raw')}`),
    ...vhds.flatMap((vhd, index) => disk(`guest${index}`, `format=vpc,file=${vhd}`)),
  ];
}
