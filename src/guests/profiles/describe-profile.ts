import { type Profile, templateChoices } from './profile.js';

/** A profile for people: label and text, in the order in which one wants to know; what is empty is left out. */
export function describeProfile(profile: Profile): [label: string, text: string][] {
  const { id, title, architectures, releases, support, endOfLife, match, pvDrivers, fixups, limits } =
    profile;
  const rows: [string, string][] = [
    ['profile', id],
    ['guests', title],
    ['releases', releases === undefined ? '' : `${releases.from} to ${releases.to ?? 'the newest'}`],
    ['bits', architectures.join(', ')],
    ['support', SUPPORT[support]],
    ['end of life', endOfLife ?? ''],
    ['VMware ids', match.vmware.join(', ')],
    ['CIM numbers', match.cim.join(', ')],
    ['descriptions', match.description.join(', ')],
    ['XenServer', templateChoices(profile, 'xenserver').join(', else ')],
    ['XCP-ng', templateChoices(profile, 'xcp-ng').join(', else ')],
    ['firmware', firmwareText(profile)],
    ['Xen drivers', `${pvDrivers.from}: ${pvDrivers.note}`],
    ['platform', platformText(profile)],
    ['fixups', fixups.join(', ')],
    ...limits.map((limit): [string, string] => ['limit', limit]),
  ];
  return rows.filter(([, text]) => text !== '');
}

const SUPPORT = {
  full: 'full',
  limited: 'limited: the guest keeps to emulated devices, or needs work by hand',
  none: 'none: the guest is not expected to run',
} as const satisfies Record<Profile['support'], string>;

function firmwareText({ firmware: { bios, efi } }: Profile): string {
  return [
    ...(bios === undefined ? [] : [`BIOS with the boot disk on ${bios.bootDisk}`]),
    ...(efi === undefined ? [] : [`UEFI with the boot disk on ${efi.bootDisk}`]),
  ].join(', ');
}

function platformText({ platform, hasVendorDevice }: Profile): string {
  const entries = Object.entries(platform).map(([key, value]) => `${key}=${value}`);
  return [...entries, `has_vendor_device=${hasVendorDevice}`].join(' ');
}
