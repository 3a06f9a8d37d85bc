import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SimulatedPool, startPool } from '../../simulators/xapi-pool/index.js';
import { tempFiles } from '../../support/temp-files.js';
import { POOL_CERTIFICATE } from '../../support/xapi-caller.js';

const { folder, put } = tempFiles();
const { path: TRUSTED } = put('trusted.pem', POOL_CERTIFICATE.cert);

let pool: SimulatedPool;

beforeAll(async () => {
  pool = await startPool({ certificate: POOL_CERTIFICATE });
});

afterAll(() => pool.close());

/** Logs in, creates a disk, uploads and downloads it, as scripts for the real API do. */
const SCRIPT = `
import hashlib, http.client, os, ssl, sys, urllib.parse, xmlrpc.client

url = sys.argv[1]
trust = ssl.create_default_context(cafile=sys.argv[2])
server = xmlrpc.client.ServerProxy(url, context=trust, allow_none=True)

def call(method, *args):
    answer = getattr(server, method)(*args)
    if answer['Status'] == 'Failure':
        raise RuntimeError(answer['ErrorDescription'])
    return answer['Value']

try:
    call('VM.get_all', 'OpaqueRef:no')
    sys.exit('a session that is none was taken')
except RuntimeError as refused:
    assert refused.args[0] == ['SESSION_INVALID', 'OpaqueRef:no'], refused

session = call('session.login_with_password', 'root', 'simulated', '2.0', 'script')
records = call('SR.get_all_records', session)
sr = next(ref for ref, record in records.items() if record['name_label'] == 'Local storage')
assert records[sr]['physical_size'] == str(2 ** 40), records[sr]
assert records[sr]['shared'] is False
vm = call('VM.get_by_name_label', session, 'Other install media')[0]
assert call('VM.get_HVM_shadow_multiplier', session, vm) == 1.0
assert isinstance(call('VM.get_snapshot_time', session, vm), xmlrpc.client.DateTime)

vdi = call('VDI.create', session, {
    'SR': sr, 'virtual_size': str(4 << 20), 'type': 'user', 'sharable': False, 'read_only': False,
    'other_config': {}, 'name_label': 'h\\u00e9llo & <b>'})
assert call('VDI.get_name_label', session, vdi) == 'h\\u00e9llo & <b>'
task = call('task.create', session, 'upload', '')
content = os.urandom(4 << 20)
host = urllib.parse.urlparse(url).netloc
query = urllib.parse.urlencode({'session_id': session, 'task_id': task, 'vdi': vdi, 'format': 'raw'})
connection = http.client.HTTPSConnection(host, context=trust)
connection.request('PUT', '/import_raw_vdi?' + query, content)
assert connection.getresponse().status == 200
token = ''
while call('task.get_status', session, task) == 'pending':
    token = call('event.from', session, ['task/' + task], token, 5.0)['token']
assert call('task.get_record', session, task)['status'] == 'success'
assert call('task.get_result', session, task) == '<value>' + vdi + '</value>'
connection = http.client.HTTPSConnection(host, context=trust)
query = urllib.parse.urlencode({'session_id': session, 'vdi': vdi, 'format': 'raw'})
connection.request('GET', '/export_raw_vdi?' + query)
answer = connection.getresponse()
assert hashlib.sha256(answer.read()).digest() == hashlib.sha256(content).digest()
call('session.logout', session)
print('good')
`;

describe('clients of others', () => {
  it('Python’s XML-RPC and HTTP', async () => {
    const { path } = put('script.py', SCRIPT);
    const { stdout } = await execa('python3', [path, pool.url, TRUSTED]);
    expect(stdout).toBe('good');
  });

  it('curl with a user’s name and password', async (context) => {
    const disk = put('disk.raw', Buffer.alloc(2 * 1024 * 1024, 5));
    const sr = pool.objects.named('SR', 'Local storage').ref;
    const to = join(folder, 'answer');
    const url = `${pool.url}/import_raw_vdi?sr_id=${sr}`;
    // An empty Expect keeps curl from waiting for a 100 that never comes.
    const args = [
      '-s',
      '--cacert',
      TRUSTED,
      '-u',
      'root:simulated',
      '-T',
      disk.path,
      '-H',
      'Expect:',
      '-o',
      to,
      '-w',
      '%{http_code}',
      url,
    ];
    const { stdout, exitCode } = await execa('curl', args, { reject: false });
    context.skip(exitCode === undefined, 'no curl');
    await pool.settled();
    expect(stdout).toBe('200');
    expect(pool.objects.named('VDI', 'Imported VDI').number('physical_utilisation')).toBe(2 * 1024 * 1024);
  });

  it('openssl sees the certificate whose fingerprint the pool tells', async () => {
    const { host } = new URL(pool.url);
    const { stdout } = await execa('openssl', ['s_client', '-connect', host], { input: '' });
    const shown = await execa('openssl', ['x509', '-noout', '-fingerprint', '-sha256'], { input: stdout });
    expect(shown.stdout.toLowerCase()).toContain(pool.tlsFingerprint.toLowerCase());
  });
});
