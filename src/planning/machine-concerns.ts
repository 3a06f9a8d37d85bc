import { ERROR_CATALOG } from '../model/error-catalog.js';
import type { ErrorCode } from '../model/errors.js';
import type { Problem, Severity } from '../model/inventory.js';
import type { Concern } from '../model/plan.js';
import type { VirtualMachine } from '../model/virtual-machine.js';
import { MAX_VHD_BYTES } from '../vhd/index.js';

/** Device numbers end at 254, and one is the CD drive's. */
const MAX_DISKS = 254;
/** `number-of-vifs` of every XenServer template. */
const MAX_NICS = 7;
/** The firmware sees device numbers 0 to 3; the rest needs the guest's Xen drivers. */
const EMULATED_DISKS = 3;

export function concern(id: ErrorCode, severity: Severity, message: string, remedy?: string): Concern {
  return {
    id,
    severity,
    about: null,
    message,
    remedy: remedy ?? ERROR_CATALOG[id].hint,
    fix: null,
    waivable: false,
    waived: null,
  };
}

/** What reading the machine already found. */
export function concernOfProblem({ code, severity, message, hint, file, line }: Problem): Concern {
  const place = line === null ? file : `${file}:${line}`;
  return concern(code, severity, `${place}: ${message}`, hint);
}

/** What about the machine itself does not fit Xen. */
export function* machineConcerns(machine: VirtualMachine): Generator<Concern> {
  const { disks, nics, cpus, coresPerSocket } = machine;
  if (disks.length === 0) yield concern('PLAN_NO_DISKS', 'critical', 'the machine has no disk');
  if (disks.length > MAX_DISKS) {
    yield concern('PLAN_TOO_MANY_DISKS', 'critical', `${disks.length} disks; Xen numbers ${MAX_DISKS}`);
  } else if (disks.length > EMULATED_DISKS) {
    yield concern(
      'PLAN_TOO_MANY_DISKS',
      'warning',
      `${disks.length} disks; without Xen drivers the guest sees the first ${EMULATED_DISKS}`,
      'Make sure the guest has its Xen drivers before it needs the other disks.',
    );
  }
  for (const disk of disks) {
    // Nearly every storage repository keeps its disks in VHDs.
    if (disk.capacityBytes > MAX_VHD_BYTES) {
      yield concern(
        'VHD_TOO_LARGE',
        'critical',
        `${disk.file} has ${disk.capacityBytes} bytes, more than 2040 GiB`,
      );
    }
  }
  if (nics.length > MAX_NICS) {
    yield concern(
      'PLAN_TOO_MANY_NICS',
      'warning',
      `${nics.length} network cards; XenServer supports ${MAX_NICS}`,
    );
  }
  const macs = nics.flatMap(({ mac }) => (mac === null ? [] : [mac]));
  if (new Set(macs).size < macs.length) {
    yield concern(
      'PLAN_DUPLICATE_MAC',
      'warning',
      'two network cards of the machine have the same MAC address',
    );
  }
  if (cpus % coresPerSocket !== 0) {
    yield concern(
      'PLAN_CPU_TOPOLOGY',
      'warning',
      `${cpus} CPUs are no multiple of ${coresPerSocket} cores per socket; the topology is dropped`,
    );
  }
  if (machine.secureBoot) {
    yield concern('PLAN_SECURE_BOOT', 'warning', 'the machine boots with Secure Boot on');
  }
}
