import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UNKNOWN_FEATURES } from '../../../src/model/virtual-machine.js';
import { readOvfBytes } from '../../../src/ovf-parser/index.js';
import {
  buildOvf,
  CPU,
  disk,
  HARD_DISK,
  ITEMS,
  item,
  MEMORY,
  NIC,
  type PrefixStyle,
  restyled,
  SCSI,
} from './build-ovf.js';
import { codeAndLine, rejection } from './errors.js';
import { meaning, parse } from './parse.js';

describe('an OVF descriptor', () => {
  const sections = `
    <OperatingSystemSection ovf:id="96" ovf:version="12" vmw:osType="debian12_64Guest">
      <Info>Guest</Info><Description>Debian GNU/Linux 12 (64-bit)</Description></OperatingSystemSection>
    <AnnotationSection><Info>Note</Info><Annotation>Web server &amp; proxy</Annotation></AnnotationSection>`;
  const settings = `
    <vmw:Config ovf:required="false" vmw:key="firmware" vmw:value="efi"/>
    <vmw:Config ovf:required="false" vmw:key="bootOptions.efiSecureBootEnabled" vmw:value="true"/>
    <vmw:ExtraConfig ovf:required="false" vmw:key="uuid.bios" vmw:value="56 4D 3a 6b 1f 20 4c 7e-9b 55 d1 0c 71 e2 3d 4f"/>`;
  const cpu = `<Item><rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>3</rasd:ResourceType>
    <rasd:VirtualQuantity>4</rasd:VirtualQuantity><vmw:CoresPerSocket ovf:required="false">2</vmw:CoresPerSocket></Item>`;
  const nic = item({
    InstanceID: 5,
    ResourceType: 10,
    Connection: 'VM Network',
    Address: '00-50-56-AB-CD-EF',
  });

  test('is read whole', () => {
    const files = '<File ovf:id="file1" ovf:href="disk1.vmdk" ovf:size="12345"/>';
    const disks = disk(
      'vmdisk1',
      'file1',
      'ovf:capacity="10" ovf:capacityAllocationUnits="byte * 2^20" ovf:populatedSize="999"',
    );
    const text = buildOvf({ files, disks, sections, settings, items: [cpu, MEMORY, SCSI, HARD_DISK, nic] });
    expect(meaning(text)).toEqual({
      files: [{ id: 'file1', href: 'disk1.vmdk', sizeBytes: 12_345, compression: null, chunkBytes: null }],
      disks: [
        {
          id: 'vmdisk1',
          capacityBytes: 10_485_760,
          populatedBytes: 999,
          format: 'http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized',
          file: { id: 'file1', href: 'disk1.vmdk', sizeBytes: 12_345, compression: null, chunkBytes: null },
          parentRef: null,
          shared: false,
        },
      ],
      networks: ['VM Network'],
      systems: [
        {
          id: 'web01',
          name: 'web01',
          annotation: 'Web server & proxy',
          uuid: '564d3a6b-1f20-4c7e-9b55-d10c71e23d4f',
          instanceUuid: null,
          operatingSystem: {
            id: 96,
            version: '12',
            vmwareType: 'debian12_64Guest',
            description: 'Debian GNU/Linux 12 (64-bit)',
          },
          firmware: 'efi',
          secureBoot: true,
          cpus: 4,
          coresPerSocket: 2,
          memoryBytes: 536_870_912,
          drives: [expect.objectContaining({ controller: 'pvscsi', bus: 0, unit: 0 })],
          nics: [
            {
              network: 'VM Network',
              mac: '00:50:56:ab:cd:ef',
              adapter: 'e1000',
              connected: true,
              staticMac: null,
            },
          ],
          devices: [],
          virtualTpm: false,
          nvram: null,
          features: UNKNOWN_FEATURES,
          settings: {
            firmware: 'efi',
            'bootoptions.efisecurebootenabled': 'true',
            'uuid.bios': '56 4D 3a 6b 1f 20 4c 7e-9b 55 d1 0c 71 e2 3d 4f',
          },
          properties: {},
          start: null,
        },
      ],
      findings: [],
    });
  });

  test('means the same with any namespace prefixes', () => {
    const text = buildOvf({ sections, settings });
    const name = fc
      .stringMatching(/^[a-z][a-z-]{0,11}$/)
      .filter((prefix) => !/^xml|^vmw$|^xsi$/.test(prefix));
    const styles: fc.Arbitrary<PrefixStyle> = fc
      .uniqueArray(name, { minLength: 2, maxLength: 2 })
      .chain(([ovf = 'ovf', rasd = 'rasd']) =>
        fc.boolean().map((isDefault) => ({
          element: isDefault ? '' : `${ovf}:`,
          attribute: `${ovf}:`,
          rasd: `${rasd}:`,
        })),
      );
    fc.assert(
      fc.property(styles, (style) => {
        const other = restyled(text.replace('xmlns:rasd', `xmlns:${style.rasd.slice(0, -1)}`), style);
        expect(meaning(other)).toEqual(meaning(text));
      }),
      { numRuns: 30 },
    );
  });

  test('means the same whatever the order of its items', () => {
    const second = item({ InstanceID: 6, ResourceType: 6, ResourceSubType: 'lsilogic', Address: 1 });
    const data = HARD_DISK.replace('>4<', '>7<').replace('>3</rasd:Parent', '>6</rasd:Parent');
    const extra = NIC.replace('>5<', '>8<').replace('VmxNet3', 'E1000');
    const items = [...ITEMS, second, data, extra];
    const expected = meaning(buildOvf({ items }));
    const shuffled = fc.shuffledSubarray(items, { minLength: items.length });
    fc.assert(
      fc.property(shuffled, (order) => {
        expect(meaning(buildOvf({ items: order }))).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });

  test('of OVF 2 has storage and port items', () => {
    const items = [CPU, MEMORY, SCSI, HARD_DISK, NIC];
    const ovf2 = buildOvf({ items })
      .replaceAll('envelope/1', 'envelope/2')
      .replace(HARD_DISK, HARD_DISK.replaceAll('Item>', 'StorageItem>').replaceAll('rasd:', 'sasd:'))
      .replace(NIC, NIC.replaceAll('Item>', 'EthernetPortItem>').replaceAll('rasd:', 'epasd:'))
      .replace('<Envelope', '<Envelope xmlns:sasd="urn:sasd" xmlns:epasd="urn:epasd"');
    expect(meaning(ovf2)).toEqual(meaning(buildOvf({ items })));
  });

  test('of OVF 0.9 has sections and contents by type', () => {
    const old = buildOvf()
      .replace('<DiskSection', '<Section xsi:type="ovf:DiskSection_Type"')
      .replace('</DiskSection', '</Section')
      .replace('<NetworkSection', '<Section xsi:type="ovf:NetworkSection_Type"')
      .replace('</NetworkSection', '</Section')
      .replace('<VirtualSystem ', '<Content xsi:type="ovf:VirtualSystem_Type" ')
      .replace('</VirtualSystem>', '</Content>')
      .replace('<VirtualHardwareSection', '<Section xsi:type="ovf:VirtualHardwareSection_Type"')
      .replace('</VirtualHardwareSection', '</Section')
      .replaceAll('InstanceID', 'InstanceId')
      .replace('ovf:/disk/', 'disk/');
    expect(meaning(old)).toEqual(meaning(buildOvf()));
  });

  test('of 50 MB is refused before it is opened', async () => {
    const nowhere = { path: '/nonexistent/huge.ovf', offset: 0, length: 50_000_000 };
    expect((await rejection(readOvfBytes(nowhere))).code).toBe('OVF_TOO_LARGE');
  });

  test.each([
    ['another document', '<html/>', 1],
    ['no machine', buildOvf({ systems: '' }), 2],
  ])('with %s is refused', (_, text, line) => {
    expect(codeAndLine(() => parse(text))).toEqual(['OVF_MALFORMED', line]);
  });
});
