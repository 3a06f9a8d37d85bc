import { createSign } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ManifestAlgorithm } from '../../../src/model/virtual-machine.js';
import { diskParts } from '../../../src/model/virtual-machine.js';
import { readInventory } from '../../../src/sources/index.js';
import { type Certificate, signer } from '../../support/certificate.js';
import { buildOvf, ITEMS, item } from '../ovf-parser/build-ovf.js';
import { DISKS, digest, Estate, file, onlyDisk, onlyMachine, streamVmdk, summaries } from './estate.js';

let vmdk: Buffer;
let estate: Estate;
beforeAll(() => {
  vmdk = streamVmdk();
});
beforeEach(() => {
  estate = new Estate();
});
afterEach(() => estate.remove());

/** A machine with its disk and a manifest of both in `web01/`; gives the manifest. */
function writePackage(algorithm: ManifestAlgorithm = 'sha256'): string {
  const text = estate.writeExport(file('disk1.vmdk'));
  estate.write('web01/disk1.vmdk', vmdk);
  const name = algorithm.toUpperCase();
  const manifest = [
    `${name}(web01.ovf)= ${digest(algorithm, text)}`,
    `${name}(disk1.vmdk)= ${digest(algorithm, vmdk)}`,
  ].join('\n');
  estate.write('web01/web01.mf', `${manifest}\n`);
  return `${manifest}\n`;
}

/** The content of a .cert file: the signature of a manifest as openssl makes it, and the certificate. */
function certificateFile({ key, cert }: Certificate, manifest: string, algorithm = 'SHA256'): string {
  const signature = createSign(algorithm).update(manifest).sign(key, 'hex');
  return `${algorithm}(web01.mf)= ${signature}\n${cert}`;
}

describe('a signed package', () => {
  let authority: Certificate;
  let signed: Certificate;
  beforeAll(() => {
    authority = signer('/O=Acme/CN=Acme Root');
    signed = signer('/O=Acme/CN=Acme Release', { issuer: authority });
  });

  test.each(['SHA1', 'SHA256', 'SHA512'])('of %s is taken when its signature fits', async (algorithm) => {
    estate.write('web01/web01.cert', certificateFile(signed, writePackage(), algorithm));
    expect((await readInventory(estate.root)).problems).toEqual([]);
  });

  test.each([
    ['in order', ['web01.ovf', 'web01.mf', 'web01.cert', 'disk1.vmdk']],
    ['last', ['web01.ovf', 'disk1.vmdk', 'web01.mf', 'web01.cert']],
    ['before all', ['web01.cert', 'web01.mf', 'disk1.vmdk', 'web01.ovf']],
  ])('in an OVA is checked with manifest and certificate %s', async (_, members) => {
    const manifest = writePackage();
    estate.write('web01/web01.cert', certificateFile(signed, manifest));
    const right = estate.tar('right.ova', 'web01', ...members);
    expect((await readInventory(right)).problems).toEqual([]);
    estate.write('web01/web01.cert', certificateFile(signed, `${manifest}SHA1(x)= 00\n`));
    const wrong = estate.tar('wrong.ova', 'web01', ...members);
    expect(summaries((await readInventory(wrong)).problems)).toEqual(['critical OVF_SIGNATURE wrong.ova']);
  });

  test('that was changed after it was signed is not converted', async () => {
    const manifest = writePackage();
    estate.write('web01/web01.cert', certificateFile(signed, manifest));
    estate.write('web01/web01.mf', manifest.replace(/disk1.*/, `disk1.vmdk)= ${digest('sha256', 'evil')}`));
    const { machines, problems } = await readInventory(estate.root);
    expect(problems).toMatchObject([
      { severity: 'critical', code: 'OVF_SIGNATURE', machineId: machines[0]?.id },
    ]);
    expect(problems[0]?.message).toContain('CN=Acme Release');
  });

  test('of another signer than its certificate is of is not converted', async () => {
    const forged = { ...signed, key: authority.key };
    estate.write('web01/web01.cert', certificateFile(forged, writePackage()));
    const { problems } = await readInventory(estate.root);
    expect(summaries(problems)).toEqual(['critical OVF_SIGNATURE web01/web01.ovf']);
  });

  test('that signs itself is taken with a warning that names the signer', async () => {
    estate.write('web01/web01.cert', certificateFile(authority, writePackage()));
    const { problems } = await readInventory(estate.root);
    expect(problems).toMatchObject([{ severity: 'warning', code: 'OVF_SIGNATURE' }]);
    expect(problems[0]?.message).toContain('O=Acme, CN=Acme Root');
  });

  test('of an expired certificate is taken with a warning that names the signer', async () => {
    const expired = signer('/CN=Yesterday', { issuer: authority, days: -1 });
    estate.write('web01/web01.cert', certificateFile(expired, writePackage()));
    const { problems } = await readInventory(estate.root);
    expect(problems).toMatchObject([{ severity: 'warning', code: 'OVF_SIGNATURE' }]);
    expect(problems[0]?.message).toMatch(/CN=Yesterday.*expired/);
  });

  test('with a chain after its certificate is checked against the first', async () => {
    const chained = certificateFile(signed, writePackage()) + authority.cert.toString();
    estate.write('web01/web01.cert', chained);
    expect((await readInventory(estate.root)).problems).toEqual([]);
  });

  test('without its manifest is taken with a warning', async () => {
    const manifest = writePackage();
    estate.write('web01/web01.cert', certificateFile(signed, manifest));
    const ova = estate.tar('web01.ova', 'web01', 'web01.ovf', 'web01.cert', 'disk1.vmdk');
    expect(summaries((await readInventory(ova)).problems)).toEqual(['warning OVF_SIGNATURE web01.ova']);
  });

  test.each([
    ['no signature', () => signed.cert.toString()],
    ['no certificate', () => `SHA256(web01.mf)= ${'ab'.repeat(256)}\n`],
    ['a broken certificate', () => certificateFile(signed, 'x').replace(/MII[A-Za-z0-9]{40}/, 'MII')],
    ['nothing', () => ''],
    ['a million lines', () => 'SHA256(web01.mf)= \n'.repeat(100_000)],
    ['endless blanks', () => ' '.repeat(200_000)],
    ['endless empty lines', () => '\n'.repeat(200_000)],
    ['endless open brackets', () => 'SHA256('.repeat(30_000)],
  ])('with %s in its certificate file is not converted', async (_, content) => {
    writePackage();
    estate.write('web01/web01.cert', content());
    const { machines, problems } = await readInventory(estate.root);
    expect(machines).toHaveLength(1);
    expect(summaries(problems)).toEqual(['critical OVF_SIGNATURE web01/web01.ovf']);
  });
});

describe('a manifest', () => {
  test.each(['sha1', 'sha256', 'sha512'] as const)('of %s covers descriptor and disk', async (algorithm) => {
    writePackage(algorithm);
    const inventory = await readInventory(estate.root);
    expect(inventory.problems).toEqual([]);
    const expected = { algorithm, hex: digest(algorithm, vmdk) };
    expect(diskParts(onlyDisk(inventory))[0]?.expectedDigest).toEqual(expected);
  });
});

describe('a compressed disk', () => {
  test.each([
    ['identity', (bytes: Buffer) => bytes, null],
    ['Identity', (bytes: Buffer) => bytes, null],
    ['GZIP', (bytes: Buffer) => gzipSync(bytes), 'gzip'],
  ])('that is said to be %s is read so', async (compression, pack, expected) => {
    estate.writeExport(file('disk1.vmdk', `ovf:compression="${compression}"`));
    estate.write('web01/disk1.vmdk', pack(vmdk));
    const inventory = await readInventory(estate.root);
    expect(inventory.problems).toEqual([]);
    expect(onlyDisk(inventory).location).toMatchObject({ compression: expected });
  });
});

describe('the NVRAM of a machine', () => {
  const nvram = Buffer.alloc(8684, 'nvram');
  const setting = '<vmw:ExtraConfig vmw:key="nvram" vmw:value="ovf:/file/file2"/>';

  function write(href: string, size = nvram.length): void {
    const files = `${file('disk1.vmdk')}<File ovf:id="file2" ovf:href="${href}" ovf:size="${size}"/>`;
    estate.write('web01/web01.ovf', buildOvf({ files, disks: DISKS, settings: setting }));
    estate.write('web01/disk1.vmdk', vmdk);
    estate.write('web01/fw/web 01.nvram', nvram);
  }

  test('is found under its decoded name', async () => {
    write('fw/web%2001.nvram');
    estate.write('web01/web01.mf', `SHA256(fw/web 01.nvram)= ${digest('sha256', nvram)}`);
    const inventory = await readInventory(estate.root);
    expect(inventory.problems).toEqual([]);
    expect(onlyMachine(inventory).nvram).toBe('fw/web 01.nvram');
  });

  test('of another size is told', async () => {
    write('fw/web 01.nvram', 1);
    const inventory = await readInventory(estate.root);
    expect(summaries(inventory.problems)).toEqual(['warning OVF_FILE_SIZE web01/fw/web 01.nvram']);
  });

  test('that is not what was exported is left out', async () => {
    write('fw/web 01.nvram');
    estate.write('web01/web01.mf', `SHA256(fw/web 01.nvram)= ${digest('sha256', '')}`);
    const inventory = await readInventory(estate.root);
    expect(onlyMachine(inventory).nvram).toBeNull();
    expect(summaries(inventory.problems)).toEqual(['warning MANIFEST_MISMATCH web01/fw/web 01.nvram']);
  });

  test.each(['../fw.nvram', '/etc/passwd'])('cannot be %s', async (href) => {
    write(href);
    const inventory = await readInventory(estate.root);
    expect(onlyMachine(inventory).nvram).toBeNull();
    expect(summaries(inventory.problems)).toEqual(['warning OVF_UNSAFE_PATH web01/web01.ovf']);
  });
});

test('an ISO image beside the descriptor is what the drive holds', async () => {
  const drive = item({
    InstanceID: 9,
    ResourceType: 15,
    ResourceSubType: 'vmware.cdrom.iso',
    ElementName: 'CD/DVD drive 1',
    HostResource: 'ovf:/file/file2',
  });
  const files = `${file('disk1.vmdk')}<File ovf:id="file2" ovf:href="seed.iso" ovf:size="4"/>`;
  estate.write('web01/web01.ovf', buildOvf({ files, disks: DISKS, items: [...ITEMS, drive] }));
  estate.write('web01/disk1.vmdk', vmdk);
  estate.write('web01/seed.iso', 'seed');
  const inventory = await readInventory(estate.root);
  expect(inventory.problems).toEqual([]);
  expect(onlyMachine(inventory).devices).toEqual([
    { kind: 'cdrom', label: 'CD/DVD drive 1', connected: true, backing: 'seed.iso' },
  ]);
});
