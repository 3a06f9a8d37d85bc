import type { HiveKey } from '../../registry/hive.js';
import { openSoftwareHive, openSystemHive } from '../../registry/windows-hives.js';
import type { Fixup } from '../fixup.js';
import { emptyNotes, shown } from '../notes.js';

/**
 * What VMware Tools install. pvscsi and LSI_SAS stay: without their device they are idle, and the guest can go back.
 * vmxnet3 is idle likewise.
 */
const SERVICES: readonly string[] = [
  'VMTools',
  'VGAuthService',
  'vm3dservice',
  'vmvss',
  'VMUpgradeHelper',
  'vmdesched',
  'VMware Physical Disk Helper Service',
  'VMwareCAF',
  'VMwareCAFCommAmqpListener',
  'VMwareCAFManagementAgentHost',
  'GISvc',
  'VMMemCtl',
  'vmrawdsk',
  'vmhgfs',
  'vmci',
  'vsock',
  'vm3dmp',
  'vm3dmp_loader',
  'vm3dmp-debug',
  'vm3dmp-stats',
  'vmx_svga',
  'vmmouse',
  'vmusbmouse',
  'vmxnet',
  'vmscsi',
  'vsepflt',
  'vnetflt',
  'vnetWFP',
  'giappdef',
];
const DISABLED = 4;

const RUN = 'Microsoft\\Windows\\CurrentVersion\\Run';
const RUN_KEYS: readonly string[] = [RUN, `Wow6432Node\\${RUN}`];
const RUN_VALUES: readonly string[] = ['VMware Tools', 'VMware User Process', 'VMware VM3DService Process'];

/** Devices that are looked at for filters; a guest has some hundred. */
const MAX_DEVICES = 50_000;

/** Keeps VMware's services and drivers from starting; they stay installed until the first start. */
export const vmwareServices: Fixup = {
  id: 'windows/vmware-services',
  title: 'VMware services',
  async run(_guest, files) {
    const notes = emptyNotes();
    const system = await openSystemHive(files);
    // A filter that is listed and does not start takes its device with it, so the lists come first.
    const cleaned = cleanFilters(system.controlSet);
    if (cleaned > 0) notes.done.push(`VMware's drivers no longer filter ${cleaned} devices or classes.`);
    const disabled = SERVICES.filter((name) => disable(system.controlSet, name));
    if (disabled.length > 0) notes.done.push(`These do not start any more: ${disabled.join(', ')}.`);
    if (cleanNetworkProviders(system.controlSet))
      notes.done.push('Shared folders of VMware are no network any more.');
    notes.registry.push(...(await system.save()));
    const software = await openSoftwareHive(files);
    for (const path of RUN_KEYS) {
      const key = software.hive.key(path);
      const removed = RUN_VALUES.filter((name) => key?.removeValue(name));
      if (removed.length > 0)
        notes.done.push(`These no longer start with users: ${removed.map(shown).join(', ')}.`);
    }
    notes.registry.push(...(await software.save()));
    return notes;
  },
};

function disable(controlSet: HiveKey, name: string): boolean {
  const key = controlSet.key(`Services\\${name}`);
  if (key === null || key.dword('Start') === null) return false;
  const override = key.key('StartOverride');
  for (const instance of override?.valueNames() ?? []) override?.setDword(instance, DISABLED);
  return key.setDword('Start', DISABLED);
}

function cleanFilters(controlSet: HiveKey): number {
  let cleaned = 0;
  for (const key of controlSet.key('Control\\Class')?.subkeys() ?? []) if (cleanLists(key)) cleaned += 1;
  for (const key of devicesOf(controlSet)) if (cleanLists(key)) cleaned += 1;
  return cleaned;
}

/** Enum\BUS\DEVICE\INSTANCE. */
function devicesOf(controlSet: HiveKey): HiveKey[] {
  const found: HiveKey[] = [];
  for (const bus of controlSet.key('Enum')?.subkeys() ?? []) {
    for (const device of bus.subkeys()) {
      found.push(...device.subkeys());
      if (found.length > MAX_DEVICES) return found;
    }
  }
  return found;
}

function cleanLists(key: HiveKey): boolean {
  const cleaned = ['UpperFilters', 'LowerFilters'].filter((name) => {
    const old = key.strings(name);
    const kept = old?.filter((item) => !isVmware(item));
    if (old === null || kept === undefined || kept.length === old.length) return false;
    return kept.length === 0 ? key.removeValue(name) : key.setMulti(name, kept);
  });
  return cleaned.length > 0;
}

function cleanNetworkProviders(controlSet: HiveKey): boolean {
  const cleaned = ['Order', 'HwOrder'].filter((name) => {
    const key = controlSet.key(`Control\\NetworkProvider\\${name}`);
    const old = key?.string('ProviderOrder')?.split(',');
    const kept = old?.filter((item) => !isVmware(item.trim()));
    if (key === null || old === undefined || kept === undefined || kept.length === old.length) return false;
    return key.setString('ProviderOrder', kept.join(','));
  });
  return cleaned.length > 0;
}

function isVmware(name: string): boolean {
  return SERVICES.some((service) => service.toLowerCase() === name.toLowerCase());
}
