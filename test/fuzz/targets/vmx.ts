import { mainPath } from '../input.js';
import { exportedDisk } from '../seeds/estate.js';
import { once } from './once.js';
import { readEstate } from './read-estate.js';
import type { FuzzTarget } from './target.js';

export const VMX: FuzzTarget = {
  name: 'vmx',
  seeds: once(() => [
    {
      name: 'vmx',
      files: new Map([
        ['files01.vmx', Buffer.from(SETTINGS.join('\n'))],
        ['files01.vmdk', exportedDisk()],
        ['data.vmdk', exportedDisk()],
      ]),
    },
  ]),
  run: async (input) => await readEstate(mainPath(input)),
};

const SETTINGS = [
  '.encoding = "UTF-8"',
  'config.version = "8"',
  'virtualHW.version = "19"',
  'displayName = "files01 |28old|29"',
  'annotation = "line one|0Aline two"',
  'uuid.bios = "56 4d 1a 2b 3c 4d 5e 6f-70 81 92 a3 b4 c5 d6 e7"',
  'guestOS = "debian11-64"',
  'firmware = "efi"',
  'uefi.secureBoot.enabled = "TRUE"',
  'numvcpus = "4"',
  'cpuid.coresPerSocket = "2"',
  'memSize = "2048"',
  'bios.hddOrder = "scsi0:1,scsi0:0"',
  'scsi0.present = "TRUE"',
  'scsi0.virtualDev = "pvscsi"',
  'scsi0:0.present = "TRUE"',
  'scsi0:0.fileName = "files01.vmdk"',
  'scsi0:0.deviceType = "scsi-hardDisk"',
  'sata0:0.present = "TRUE"',
  'sata0:0.fileName = "/vmfs/volumes/old/data.vmdk"',
  'ide1:0.present = "TRUE"',
  'ide1:0.fileName = "auto detect"',
  'ide1:0.deviceType = "cdrom-raw"',
  'ethernet0.present = "TRUE"',
  'ethernet0.virtualDev = "vmxnet3"',
  'ethernet0.networkName = "VM Network"',
  'ethernet0.addressType = "static"',
  'ethernet0.address = "00:50:56:01:02:03"',
  '',
];
