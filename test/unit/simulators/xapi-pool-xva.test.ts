import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SimulatedPool, startPool } from '../../simulators/xapi-pool/index.js';
import { tempFiles } from '../../support/temp-files.js';
import { http, logIn, POOL_CERTIFICATE, type XapiCaller } from '../../support/xapi-caller.js';

const MIB = 1024 * 1024;
const { folder, put } = tempFiles();

/** Writes an archive with Python's own modules: two disks, whose ids sort as text. */
const SCRIPT = `
import hashlib, io, sys, tarfile, xmlrpc.client
to, fault = sys.argv[1:]
NULL = 'OpaqueRef:NULL'
qos = {'qos_algorithm_type': '', 'qos_algorithm_params': {}}
vm = {name: '' for name in ('PV_bootloader PV_kernel PV_ramdisk PV_args PV_bootloader_args PV_legacy_args PCI_bus '
      'recommendations domarch').split()}
vm.update({name: NULL for name in 'resident_on affinity metrics guest_metrics parent'.split()})
vm.update({name: {} for name in 'VCPUs_params other_config platform'.split()})
vm.update({'memory_%s_%s' % (kind, end): str(1 << 30) for kind in ('static', 'dynamic') for end in ('min', 'max')})
vm.update(uuid='11111111-2222-3333-4444-555555555555', name_label='archived', user_version='1', VCPUs_max='1',
          VCPUs_at_startup='1', is_a_template=False, is_control_domain=False, domid='-1', actions_after_shutdown='destroy',
          actions_after_reboot='restart', actions_after_crash='restart', HVM_boot_policy='BIOS order',
          HVM_boot_params={'order': 'cd'})
if fault == 'seed':
    vm['other_config'] = {'mac_seed': 'taken'}
objects = [('VM', 'Ref:1', vm)]
sizes = {'Ref:10': 2 << 20, 'Ref:2': 4 << 20}
for number, (ref, size) in enumerate(sizes.items()):
    objects.append(('VDI', ref, dict(name_label=ref, SR='Ref:3', virtual_size=str(size), type='user', sharable=False,
                                     read_only=False, other_config={})))
    objects.append(('VBD', 'Ref:5%d' % number, dict(qos, VM='Ref:1', VDI=ref, userdevice=str(number), bootable=False,
                                                   mode='RW', type='Disk', empty=False, other_config={})))
objects.append(('network', 'Ref:6', dict(name_label='Pool-wide network associated with eth1', other_config={})))
objects.append(('VIF', 'Ref:7', dict(qos, device='0', network='Ref:6', VM='Ref:1', MAC='00:50:56:01:02:03', MTU='1500',
                                     other_config={})))
version = dict(hostname='h', date='d', product_version='8', product_brand='b', build_number='1', xapi_major='1',
               xapi_minor='20', export_vsn='2')
tree = {'version': version, 'objects': [{'class': c, 'id': i, 'snapshot': s} for c, i, s in objects]}
xml = xmlrpc.client.dumps((tree,)).split('<param>')[1].split('</param>')[0]
with tarfile.open(to, 'w', format=tarfile.USTAR_FORMAT) as tar:
    def add(name, data):
        info = tarfile.TarInfo(name)
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    add('ova.xml', xml.encode())
    for ref in (sorted(sizes) if fault != 'order' else sorted(sizes, reverse=True)):
        last = (sizes[ref] >> 20) - 1
        for number in (0, last):
            block = ref[-1].encode() * (1 << 20)
            name = '%s/%08d' % (ref, number)
            add(name, block)
            add(name + '.checksum', (hashlib.sha1(block).hexdigest() if fault != 'checksum' else '0' * 40).encode())
`;

let pool: SimulatedPool;
let root: XapiCaller;

beforeAll(async () => {
  pool = await startPool({ certificate: POOL_CERTIFICATE, timings: { cancelCheckMs: 0 } });
  root = await logIn(pool.url);
});

afterAll(() => pool.close());

async function archive(fault = ''): Promise<Buffer> {
  const to = join(folder, `machine${fault}.xva`);
  await execa('python3', [put('archive.py', SCRIPT).path, to, fault]);
  return readFileSync(to);
}

async function upload(body: Buffer, query = ''): Promise<string> {
  const task = await root.text('task.create', 'import', '');
  const path = `/import?session_id=${root.session}&task_id=${task}${query}`;
  expect((await http(`${pool.url}${path}`, { method: 'PUT', body })).status).toBe(200);
  await pool.settled();
  return task;
}

describe('archives', () => {
  it.each([
    ['', /^(?!00:50:56)/],
    ['&restore=true', /^00:50:56:01:02:03$/],
  ])('bring a machine, its disks and, if restored, its addresses: %s', async (query, mac) => {
    const task = await upload(await archive(), query);
    expect(await root.call('task.get_error_info', task)).toEqual([]);
    const result = await root.text('task.get_result', task);
    const vm = /^<value><array><data><value>(.*)<\/value><\/data><\/array><\/value>$/.exec(result)?.[1] ?? '';
    const row = pool.objects.find('VM', vm);
    const vdis = row?.list('VBDs').map((ref) => pool.objects.find('VBD', ref)?.text('VDI') ?? '') ?? [];
    const [first, second] = vdis.map((ref) => readFileSync(pool.vdiFile(ref)));
    expect(first?.equals(Buffer.alloc(2 * MIB, '0'))).toBe(true);
    const zeros = Buffer.alloc(2 * MIB);
    expect(second?.equals(Buffer.concat([Buffer.alloc(MIB, '2'), zeros, Buffer.alloc(MIB, '2')]))).toBe(true);
    const [vif] = row?.list('VIFs') ?? [];
    expect(pool.objects.find('VIF', vif ?? '')?.text('MAC')).toMatch(mac);
  });

  it.each([
    ['order', 'IMPORT_ERROR_UNEXPECTED_FILE'],
    ['checksum', 'IMPORT_ERROR_SOME_CHECKSUMS_FAILED'],
  ])('with a wrong %s leave nothing behind', async (fault, code) => {
    const count = (): readonly number[] =>
      ['VM', 'VDI', 'VBD', 'VIF'].map((name) => pool.objects.all(name).length);
    const before = count();
    const task = await upload(await archive(fault));
    expect(await root.call('task.get_error_info', task)).toMatchObject({ 0: code });
    expect(count()).toEqual(before);
  });

  it('are refused if restored addresses would be made of what another machine’s are made of', async () => {
    const template = pool.objects.named('VM', 'Other install media').ref;
    const vm = await root.text('VM.clone', template, 'first');
    await root.call('VM.set_other_config', vm, { mac_seed: 'taken' });
    const task = await upload(await archive('seed'), '&restore=true');
    expect(await root.call('task.get_error_info', task)).toEqual(['DUPLICATE_MAC_SEED', 'taken']);
    for (const query of ['', '&restore=true&force=true']) {
      const taken = await upload(await archive('seed'), query);
      expect(await root.call('task.get_status', taken)).toBe('success');
    }
  });

  it('end when their task is to be cancelled, and leave nothing behind', async () => {
    const before = pool.objects.all('VDI').length;
    const task = await root.text('task.create', 'import', '');
    await root.call('task.cancel', task);
    const path = `/import?session_id=${root.session}&task_id=${task}`;
    await http(`${pool.url}${path}`, { method: 'PUT', body: await archive() }).catch(() => {});
    await pool.settled();
    expect(await root.call('task.get_record', task)).toMatchObject({
      status: 'cancelled',
      error_info: ['TASK_CANCELLED', task],
    });
    expect(pool.objects.all('VDI').length).toBe(before);
  });
});
