import { describe, expect, test } from 'vitest';
import { buildOvf, CPU, disk, HARD_DISK, MEMORY, SCSI } from './build-ovf.js';
import { firstSystem, parse } from './parse.js';

/** A reference to a property of a ProductSection. */
function property(key: string): string {
  return `\${${key}}`;
}

describe('disks in the descriptor', () => {
  test.each([
    ['ovf:capacity="10485760"', 10_485_760],
    ['ovf:capacity="10" ovf:capacityAllocationUnits="byte * 2 ^ 20"', 10_485_760],
    ['ovf:capacity="40" ovf:capacityAllocationUnits="GigaBytes"', 42_949_672_960],
    [`ovf:capacity="${property('disk_size')}" ovf:capacityAllocationUnits="byte * 2^30"`, 17_179_869_184],
    [
      `ovf:capacity="${property('com.acme.size.1')}" ovf:capacityAllocationUnits="byte * 2^30"`,
      34_359_738_368,
    ],
    [`ovf:capacity="${property('unknown')}"`, null],
    ['ovf:capacity="large"', null],
    ['', null],
  ])('with %s hold %s bytes', (attributes, bytes) => {
    const sections = `<ProductSection><Property ovf:key="disk_size" ovf:type="int" ovf:value="16"/></ProductSection>
      <ProductSection ovf:class="com.acme" ovf:instance="1"><Property ovf:key="size"><Value ovf:value="32"/></Property></ProductSection>`;
    const { disks, findings } = parse(buildOvf({ disks: disk('vmdisk1', 'file1', attributes), sections }));
    expect(disks[0]?.capacityBytes).toBe(bytes);
    expect(findings.map(({ severity }) => severity)).toEqual(bytes === null ? ['warning'] : []);
  });

  test.each([
    'ovf:/disk/vmdisk1',
    'ovf://disk/vmdisk1',
    '/disk/vmdisk1',
    'disk:/vmdisk1',
    'disk/vmdisk1',
    'ovf:/file/file1',
    'file:/file1',
  ])('are found through %s', (reference) => {
    const items = [CPU, MEMORY, SCSI, HARD_DISK.replace('ovf:/disk/vmdisk1', reference)];
    expect(firstSystem(buildOvf({ items })).drives[0]?.disk.file?.href).toBe('disk1.vmdk');
  });

  test.each([
    ['to a disk that is not there', 'ovf:/disk/other'],
    ['to nothing', ''],
  ])('referred %s leave a critical finding with its line', (_, reference) => {
    const text = buildOvf({ items: [CPU, MEMORY, SCSI, HARD_DISK.replace('ovf:/disk/vmdisk1', reference)] });
    const { systems, findings } = parse(text);
    expect(systems[0]?.drives).toEqual([]);
    const line = text.split('\n').findIndex((content) => content.includes('>17<')) + 1;
    expect(findings).toContainEqual(
      expect.objectContaining({ severity: 'critical', line, systemId: 'web01' }),
    );
  });

  test('that no machine has are left out with a warning', () => {
    const disks = disk('vmdisk1', 'file1') + disk('spare', 'file1');
    expect(parse(buildOvf({ disks })).findings).toMatchObject([{ severity: 'warning', systemId: null }]);
  });

  test('may be empty, deltas, compressed or in chunks', () => {
    const files = `<File ovf:id="file1" ovf:href="a" ovf:compression="gzip" ovf:chunkSize="7516192768"/>
      <File ovf:id="file2" ovf:href="b" ovf:compression="identity"/>`;
    const disks = `${disk('vmdisk1', 'file1', 'ovf:capacity="1" ovf:parentRef="base"')}
      <Disk ovf:diskId="empty" ovf:capacity="1"/>`;
    const envelope = parse(buildOvf({ files, disks }));
    expect(envelope.files).toMatchObject([
      { compression: 'gzip', chunkBytes: 7_516_192_768 },
      { compression: null, chunkBytes: null },
    ]);
    expect(envelope.disks).toMatchObject([{ parentRef: 'base' }, { id: 'empty', file: null }]);
  });
});
