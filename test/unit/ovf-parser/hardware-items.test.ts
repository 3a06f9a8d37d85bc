import { describe, expect, test } from 'vitest';
import { buildOvf, CPU, disk, HARD_DISK, ITEMS, item, MEMORY } from './build-ovf.js';
import { firstSystem, parse } from './parse.js';

describe('the hardware of a machine', () => {
  test.each([
    [6, 'VirtualSCSI', 'pvscsi'],
    [6, 'virtualscsi', 'pvscsi'],
    [6, 'lsilogic', 'lsilogic'],
    [6, 'LsiLogic', 'lsilogic'],
    [6, 'lsilogicsas', 'lsilogicsas'],
    [6, 'buslogic,lsilogic', 'buslogic'],
    [6, 'unheard lsilogic', 'lsilogic'],
    [5, '', 'ide'],
    [5, 'PIIX4', 'ide'],
    [20, 'vmware.sata.ahci', 'ahci'],
    [20, 'AHCI', 'ahci'],
    [20, 'vmware.nvme.controller', 'nvme'],
  ])('has a controller of type %i and subtype %j: %s', (type, subType, kind) => {
    const controller = item({ InstanceID: 3, ResourceType: type, ResourceSubType: subType, Address: 1 });
    const { drives } = firstSystem(buildOvf({ items: [CPU, MEMORY, controller, HARD_DISK] }));
    expect(drives).toMatchObject([{ controller: kind, bus: 1, unit: 0 }]);
  });

  test('starts with the disk on the first bus, even where vSphere lists controllers backwards', () => {
    const items = [CPU, MEMORY];
    for (const [index, address] of [3, 2, 1, 0].entries()) {
      const id = 10 + index;
      items.push(item({ InstanceID: id, ResourceType: 6, ResourceSubType: 'VirtualSCSI', Address: address }));
      for (const unit of [1, 0]) {
        const HostResource = `ovf:/disk/d${address}${unit}`;
        items.push(
          item({
            InstanceID: 100 - 10 * address - unit,
            ResourceType: 17,
            Parent: id,
            AddressOnParent: unit,
            HostResource,
          }),
        );
      }
    }
    const ids = [0, 1, 2, 3].flatMap((bus) => [`d${bus}0`, `d${bus}1`]);
    const disks = ids.map((id) => disk(id, 'file1')).join('');
    const order = (sections: string): readonly string[] =>
      firstSystem(buildOvf({ items, disks, sections })).drives.map((drive) => drive.disk.id);
    expect(order('')).toEqual(ids);
    const boot = '<vmw:BootOrderSection vmw:instanceId="79" vmw:type="disk"><Info/></vmw:BootOrderSection>';
    expect(order(boot)).toEqual(['d21', ...ids.filter((id) => id !== 'd21')]);
  });

  test('numbers controllers and units an exporter left unnumbered', () => {
    const disks = disk('vmdisk1', 'file1') + disk('vmdisk2', 'file1');
    const items = [
      CPU,
      MEMORY,
      item({ InstanceID: 3, ResourceType: 6 }),
      item({ InstanceID: 4, ResourceType: 6 }),
      item({ InstanceID: 5, ResourceType: 17, Parent: 4, HostResource: 'ovf:/disk/vmdisk1' }),
      item({ InstanceID: 6, ResourceType: 17, Parent: 4, HostResource: 'ovf:/disk/vmdisk2' }),
    ];
    expect(firstSystem(buildOvf({ disks, items })).drives).toMatchObject([
      { controller: 'lsilogic', bus: 1, unit: 0 },
      { controller: 'lsilogic', bus: 1, unit: 1 },
    ]);
  });

  test('keeps controllers apart that claim one address', () => {
    const twin = item({ InstanceID: 30, ResourceType: 6, ResourceSubType: 'lsilogic', Address: 0 });
    const data = HARD_DISK.replace('>4<', '>31<').replace('>3</rasd:Parent', '>30</rasd:Parent');
    expect(firstSystem(buildOvf({ items: [...ITEMS, twin, data] })).drives).toMatchObject([
      { controller: 'pvscsi', bus: 0 },
      { controller: 'lsilogic', bus: 1 },
    ]);
  });

  test.each([
    [{ VirtualQuantity: 512, AllocationUnits: 'byte * 2^20' }, 536_870_912],
    [{ VirtualQuantity: 512, AllocationUnits: 'MegaBytes' }, 536_870_912],
    [{ VirtualQuantity: 2, AllocationUnits: 'byte * 2^30' }, 2_147_483_648],
    [{ VirtualQuantity: 536_870_912, AllocationUnits: 'byte' }, 536_870_912],
    [{ VirtualQuantity: 536_870_912 }, 536_870_912],
    [{ VirtualQuantity: 512 }, 536_870_912],
  ])('has the memory %j: %i bytes', (fields, bytes) => {
    const memory = item({ InstanceID: 2, ResourceType: 4, ...fields });
    expect(firstSystem(buildOvf({ items: [CPU, memory] })).memoryBytes).toBe(bytes);
  });

  test('without memory is not converted, without processors has one', () => {
    const { systems, findings } = parse(buildOvf({ items: [], disks: '' }));
    expect(systems).toMatchObject([{ cpus: 1, coresPerSocket: 1, memoryBytes: 0 }]);
    expect(findings.map(({ severity }) => severity)).toEqual(['warning', 'critical']);
  });

  test('follows the default configuration and leaves range markers out', () => {
    const memory = (quantity: number, attributes: string): string =>
      item(
        { InstanceID: 2, ResourceType: 4, VirtualQuantity: quantity, AllocationUnits: 'byte * 2^20' },
        attributes,
      );
    const items = [
      CPU,
      memory(256, ''),
      memory(512, ' ovf:configuration="small"'),
      memory(1024, ' ovf:configuration="normal large"'),
      item({ InstanceID: 0, ResourceType: 4, VirtualQuantity: 1 }, ' ovf:bound="min"'),
    ];
    const options = (attribute: string): string => `<DeploymentOptionSection><Info/>
      <Configuration ovf:id="small"/><Configuration ovf:id="normal"${attribute}/></DeploymentOptionSection>`;
    const memoryOf = (envelopeSections: string): number =>
      firstSystem(buildOvf({ items, envelopeSections, disks: '' })).memoryBytes / 2 ** 20;
    expect(memoryOf(options(' ovf:default="true"'))).toBe(1024);
    expect(memoryOf(options(''))).toBe(512);
    expect(memoryOf('')).toBe(256);
  });

  test('that does not travel is told', () => {
    const tpm = item({ InstanceID: 9, ResourceType: 34, ResourceSubType: 'vmware.vtpm' });
    expect(parse(buildOvf({ items: [...ITEMS, tpm] })).findings).toMatchObject([
      { severity: 'warning', code: 'OVF_UNSUPPORTED', systemId: 'web01' },
    ]);
  });
});
