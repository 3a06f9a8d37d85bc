import {
  buildOvf,
  CPU,
  disk,
  HARD_DISK,
  item,
  MEMORY,
  NIC,
  system,
} from '../../unit/ovf-parser/build-ovf.js';
import { mainPath } from '../input.js';
import { exportedDisk, exportFiles } from '../seeds/estate.js';
import { once } from './once.js';
import { readEstate } from './read-estate.js';
import type { FuzzTarget, Seed } from './target.js';

const UNITS = 'ovf:capacityAllocationUnits="byte * 2^20"';
const OPERATING_SYSTEM = '<OperatingSystemSection ovf:id="96"><Info>Debian</Info></OperatingSystemSection>';

export const OVF: FuzzTarget = {
  name: 'ovf',
  seeds: once(() => [{ name: 'export', files: exportFiles() }, vApp()]),
  run: async (input) => await readEstate(mainPath(input)),
};

/** Two machines with a start order, deployment options and properties. */
function vApp(): Seed {
  const ide = item({ InstanceID: 3, ResourceType: 5, Address: 0 });
  const spare = item({ InstanceID: 9, ResourceType: 5, Address: 1 }, ' ovf:configuration="large"');
  const second = HARD_DISK.replace('vmdisk1', 'vmdisk2');
  const ovf = buildOvf({
    files: `<File ovf:id="file1" ovf:href="shop%20disk.vmdk" ovf:size="7168"/>
      <File ovf:id="file2" ovf:href="app.vmdk"/>`,
    envelopeSections: `<DeploymentOptionSection><Info>Sizes</Info>
      <Configuration ovf:id="small" ovf:default="true"><Label>Small</Label></Configuration>
      <Configuration ovf:id="large"><Label>Large</Label></Configuration></DeploymentOptionSection>`,
    disks: `${disk('vmdisk1', 'file1', `ovf:capacity="\${size}" ${UNITS}`)}
      ${disk('vmdisk2', 'file2', `ovf:capacity="8" ${UNITS}`)}`,
    systems: `<VirtualSystemCollection ovf:id="shop"><Info>A vApp</Info>
      <ProductSection><Property ovf:key="size" ovf:type="uint32" ovf:value="8">
        <Value ovf:value="40" ovf:configuration="large"/></Property></ProductSection>
      <StartupSection><Item ovf:id="db" ovf:order="0" ovf:startDelay="30" ovf:startAction="powerOn"/>
        <Item ovf:id="app" ovf:order="1" ovf:startDelay="0"/></StartupSection>
      ${system('db', [CPU, MEMORY, ide, HARD_DISK, NIC])}
      ${system('app', [CPU, MEMORY, ide, spare, second], OPERATING_SYSTEM)}
      </VirtualSystemCollection>`,
  });
  return {
    name: 'vapp',
    files: new Map([
      ['shop.ovf', Buffer.from(ovf)],
      ['shop disk.vmdk', exportedDisk()],
      ['app.vmdk', exportedDisk()],
    ]),
  };
}
