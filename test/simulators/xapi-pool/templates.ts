import type { Value } from './model/model-types.js';

const GIB = 1024 ** 3;

interface Template {
  /** The stable name, told by `reference_label`. */
  readonly label: string;
  readonly name: string;
  readonly family: 'windows' | 'linux' | 'other';
}

const STOCK: readonly Template[] = [
  { label: 'windows-10-64bit', name: 'Windows 10 (64-bit)', family: 'windows' },
  { label: 'windows-11', name: 'Windows 11', family: 'windows' },
  { label: 'windows-server-2016-64bit', name: 'Windows Server 2016 (64-bit)', family: 'windows' },
  { label: 'windows-server-2019-64bit', name: 'Windows Server 2019 (64-bit)', family: 'windows' },
  { label: 'windows-server-2022-64bit', name: 'Windows Server 2022 (64-bit)', family: 'windows' },
  { label: 'windows-server-2025', name: 'Windows Server 2025', family: 'windows' },
  { label: 'rhel-8', name: 'Red Hat Enterprise Linux 8', family: 'linux' },
  { label: 'rhel-9', name: 'Red Hat Enterprise Linux 9', family: 'linux' },
  { label: 'rocky-9', name: 'Rocky Linux 9', family: 'linux' },
  { label: 'alma-9', name: 'AlmaLinux 9', family: 'linux' },
  { label: 'oel-8', name: 'Oracle Linux 8', family: 'linux' },
  { label: 'debian-12', name: 'Debian Bookworm 12', family: 'linux' },
  { label: 'ubuntu-22.04', name: 'Ubuntu Jammy Jellyfish 22.04', family: 'linux' },
  { label: 'ubuntu-24.04', name: 'Ubuntu Noble Numbat 24.04', family: 'linux' },
  { label: 'sle-15-64bit', name: 'SUSE Linux Enterprise 15 (64-bit)', family: 'linux' },
  { label: 'other-install-media', name: 'Other install media', family: 'other' },
];

/** Every template but the catch-all asks for a disk that an imported machine does not want. */
function disksOf({ family }: Template): Readonly<Record<string, string>> {
  const size = family === 'windows' ? 32 * GIB : 10 * GIB;
  return family === 'other'
    ? {}
    : {
        disks: `<provision><disk device="0" size="${size}" sr="" bootable="true" type="system"/></provision>`,
      };
}

/** The fields of the pool's templates. */
export function stockTemplates(): readonly Readonly<Record<string, Value>>[] {
  return STOCK.map((template) => {
    const { family, label, name } = template;
    const memory = family === 'windows' ? 4 * GIB : 2 * GIB;
    const viridian = family === 'linux' ? 'false' : 'true';
    const common = { viridian, nx: 'true', acpi: '1', apic: 'true', pae: 'true', hpet: 'true' };
    const vga = family === 'other' ? {} : { vga: 'std', videoram: '8' };
    const device = family === 'other' ? {} : { device_id: family === 'windows' ? '0002' : '0001' };
    return {
      name_label: name,
      reference_label: label,
      is_a_template: true,
      is_default_template: true,
      power_state: 'Halted',
      domain_type: 'hvm',
      user_version: 1,
      memory_static_min: memory,
      memory_dynamic_min: memory,
      memory_dynamic_max: memory,
      memory_static_max: memory,
      VCPUs_max: 1,
      VCPUs_at_startup: 1,
      actions_after_shutdown: 'destroy',
      actions_after_reboot: 'restart',
      actions_after_crash: 'restart',
      HVM_boot_policy: 'BIOS order',
      HVM_boot_params: { order: 'cdn' },
      has_vendor_device: family === 'windows',
      platform: { ...common, ...vga, ...device },
      other_config: { default_template: 'true', ...disksOf(template) },
      allowed_operations: ['clone', 'copy', 'provision'],
      domid: -1,
    };
  });
}
