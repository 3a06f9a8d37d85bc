import { type CasesById, features } from '../rule-case.js';

const efi = { firmware: 'efi' as const };
const tpm = { ...efi, virtualTpm: true };

export const FIRMWARE: CasesById = {
  PLAN_SECURE_BOOT: {
    fires: {
      vm: { ...efi, secureBoot: true },
      target: { secureBootCertificates: false },
      says: 'The machine boots with Secure Boot on, and the pool has no certificates for it.',
      severity: 'critical',
    },
    silent: [{ vm: efi }, { vm: { ...efi, secureBoot: true }, target: { secureBootCertificates: true } }],
  },
  VIRTUAL_TPM: { fires: { vm: tpm, says: 'never exported' }, silent: { vm: efi } },
  VIRTUAL_TPM_UNSUPPORTED: {
    fires: {
      vm: tpm,
      target: { product: 'xcp-ng', release: '8.2.1' },
      says: 'xcp-ng 8.2.1 has no virtual TPM.',
    },
    silent: [
      { vm: tpm, target: { product: 'xcp-ng', release: '8.3' } },
      { vm: tpm, target: { product: 'xenserver', release: '8' } },
      { vm: tpm },
      { vm: efi, target: { product: 'xcp-ng', release: '8.2.1' } },
    ],
  },
  VIRTUAL_TPM_BIOS: { fires: { vm: { virtualTpm: true }, says: 'boots by BIOS' }, silent: { vm: tpm } },
  EFI_UNSUPPORTED: {
    fires: { vm: efi, target: { release: '7.6' }, says: 'release 7.6 does not offer' },
    silent: [{ vm: efi, target: { release: '8.0' } }, { vm: efi }, { target: { release: '7.6' } }],
  },
  NVRAM_MISSING: {
    fires: { vm: efi, says: "The firmware's variables are not moved (no NVRAM file is known)." },
    silent: [{}, { vm: { ...efi, guestOs: 'windows2019srv_64Guest' } }],
  },
  FIRMWARE_UNFIT: {
    fires: {
      vm: efi,
      profile: { firmware: { bios: { bootDisk: 'ide' } } },
      says: 'Debian is not known to boot by UEFI on Xen.',
    },
    silent: [{ vm: efi, profile: { firmware: { efi: { bootDisk: 'nvme' } } } }, { vm: efi }],
  },
  HARDWARE_VERSION_OLD: {
    fires: { vm: features({ hardwareVersion: 4 }), says: 'version 4,' },
    silent: [{ vm: features({ hardwareVersion: 7 }) }, {}],
  },
};
