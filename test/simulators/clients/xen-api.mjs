// Works on a pool with the npm package xen-api, which is no part of this project: what it cannot do with the simulated
// pool is a fault of the simulation. Arguments: the package's folder, the pool's URL, the name of a repository, the file
// to upload. The password comes from the environment. Prints one JSON document.
import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [folder, url, repository, file] = process.argv.slice(2);
const { createClient } = await import(pathToFileURL(createRequire(`${folder}/`).resolve('xen-api')).href);

function client(more = {}) {
  const auth = { user: 'root', password: process.env.POOL_PASSWORD };
  return createClient({ url, auth, debounce: 20, ...more });
}

/** What a promise fails with, if it does. */
const failure = (promise) =>
  promise.then(
    () => null,
    (error) => error.code ?? error.message,
  );

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

const stranger = client({ auth: { user: 'root', password: 'wrong' }, watchEvents: false });
const wrongPassword = await failure(stranger.connect());

const xapi = client();
await xapi.connect();
await xapi.objectsFetched;
const all = Object.values(xapi.objects.all);
const listed = (type) => all.filter((object) => object.$type === type);
const sr = listed('SR').find(({ name_label }) => name_label === repository);
const template = listed('VM').find(({ name_label }) => name_label === 'Other install media');

const { size } = statSync(file);
const vdiRef = await xapi.call('VDI.create', {
  SR: sr.$ref,
  name_label: 'from xen-api',
  virtual_size: size,
  type: 'user',
  sharable: false,
  read_only: false,
  other_config: {},
});
// The event loop brings what was made after everything had been fetched.
const vdi = await xapi.barrier(vdiRef);
await vdi.update_other_config('colour', 'green');
const changed = await xapi.barrier(vdiRef);

const body = createReadStream(file);
body.length = size;
const result = await xapi.putResource(body, '/import_raw_vdi/', { query: { format: 'raw', vdi: vdiRef } });

const exported = await xapi.getResource('/export_raw_vdi/', { query: { format: 'raw', vdi: vdiRef } });
const back = Buffer.from(await exported.body.arrayBuffer());
await exported.task;

const vmRef = await xapi.callAsync('VM.clone', template.$ref, 'cloned by xen-api');
const vm = await xapi.barrier(vmRef);
const missing = await failure(xapi.getRecord('VM', 'OpaqueRef:no'));

await xapi.callAsync('VDI.destroy', vdiRef);
await xapi.barrier();
const gone = xapi.getObjectByRef(vdiRef, null);
await xapi.disconnect();

const report = {
  wrongPassword,
  hosts: listed('host').length,
  pool: listed('pool').length,
  repository: vdi.$SR.name_label,
  colour: changed.other_config.colour,
  uploadResult: result === vdiRef,
  sent: sha256(Buffer.concat(await createReadStream(file).toArray())),
  received: sha256(back),
  clone: [vm.name_label, vm.is_a_template],
  missing,
  gone: gone === null,
};
process.stdout.write(`${JSON.stringify(report)}\n`);
// Its event loop never ends by itself.
process.exit();
