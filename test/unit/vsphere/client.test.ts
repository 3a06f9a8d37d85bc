import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeError } from '../../../src/model/errors.js';
import { connectVsphere, createSnapshot, retrieveOne } from '../../../src/vsphere/index.js';
import { selfSigned } from '../../support/certificate.js';
import { failureOf } from '../../support/failure.js';
import { webServer } from '../../support/range-server.js';
import { type SimulatedVcenter, simulatedVcenter, startVcenter } from '../../support/simulated-vcenter.js';
import { tempFiles } from '../../support/temp-files.js';
import { loggedIn } from '../../support/vcenter-caller.js';
import { createMachines } from '../../support/vcenter-machines.js';
import { connectedTo, vsphereAccess } from '../../support/vsphere-access.js';

const { put } = tempFiles();
let vcenter: SimulatedVcenter;

beforeAll(async () => {
  vcenter = await startVcenter();
});
afterAll(() => vcenter.close());

async function callsOf(method: string): Promise<number> {
  return (await vcenter.log()).filter(({ call }) => call === method).length;
}

describe('a session', () => {
  it('is opened at a vCenter, named for us, and ended', async () => {
    const client = await connectVsphere(vsphereAccess(vcenter));
    const about = await client.about();
    expect(about.apiType).toBe('VirtualCenter');
    expect(about.instanceUuid).toMatch(/^[0-9a-f-]{36}$/);
    expect((await vcenter.state()).sessions).toContainEqual({ user: vcenter.user, userAgent: 'xenferry' });
    await client.close();
    expect((await vcenter.state()).sessions).not.toContainEqual({
      user: vcenter.user,
      userAgent: 'xenferry',
    });
  });

  it('is opened at a host that stands alone', async () => {
    const client = await connectedTo(await simulatedVcenter({ esx: true }));
    expect((await client.about()).apiType).toBe('HostAgent');
  });

  it('that has ended is opened anew, by one for all who call', async () => {
    const client = await connectedTo(vcenter);
    const before = await callsOf('Login');
    const { rootFolder } = await client.content();
    await vcenter.fault({ kind: 'dropSessions' });
    const asked = Array.from({ length: 8 }, () => retrieveOne(client, rootFolder, ['name']));
    expect(new Set((await Promise.all(asked)).map(({ name }) => name))).toEqual(new Set(['Datacenters']));
    expect((await callsOf('Login')) - before).toBe(1);
  });

  it('is opened when the server is starting', async () => {
    await vcenter.fault({ kind: 'status', method: 'RetrieveServiceContent', status: 503, times: 3 });
    await connectedTo(vcenter);
  });

  it('is refused to a wrong password, which is told nowhere', async () => {
    const password = { file: put('wrong', 'kestrel-9').path };
    const failure = await failureOf(connectVsphere(vsphereAccess(vcenter, { password })));
    expect(failure.code).toBe('VSPHERE_LOGIN');
    const { cause } = failure;
    const told = cause instanceof Error ? `${cause.message} ${cause.stack}` : '';
    expect(`${describeError(failure)} ${failure.hint} ${failure.stack} ${told}`).not.toContain('kestrel');
    expect(failure.hint).not.toContain('administrator@vsphere.local');
  });

  it('is refused to a user without its domain, with a word on that', async () => {
    const failure = await failureOf(connectVsphere(vsphereAccess(vcenter, { user: 'administrator' })));
    expect(failure.code).toBe('VSPHERE_LOGIN');
    expect(failure.hint).toContain('administrator@vsphere.local');
  });

  it('is not opened at a server with another certificate; both fingerprints are told', async () => {
    const other = selfSigned().fingerprint;
    const failure = await failureOf(connectVsphere(vsphereAccess(vcenter, { tlsFingerprints: [other] })));
    expect(failure.code).toBe('VSPHERE_UNREACHABLE');
    expect(failure.message).toContain(other);
    expect(failure.message).toContain(vcenter.fingerprint);
  });

  it('is not opened at a server that nobody vouches for', async () => {
    const failure = await failureOf(connectVsphere(vsphereAccess(vcenter, { tlsFingerprints: [] })));
    expect(failure.code).toBe('VSPHERE_UNREACHABLE');
    expect(failure.hint).toContain('fingerprint');
  });

  it.each([
    'http://vc.example',
    'https://user:s3cret@vc.example',
    'vc.example',
  ])('is not looked for at %s', async (url) => {
    const failure = await failureOf(connectVsphere(vsphereAccess(vcenter, { url })));
    expect(failure.code).toBe('CONFIG_INVALID');
    expect(describeError(failure)).not.toContain('s3cret');
  });
});

describe('a call', () => {
  it('that only asks is made again when the connection breaks', async () => {
    const client = await connectedTo(vcenter);
    const { rootFolder } = await client.content();
    await vcenter.fault({ kind: 'hangUp', method: 'RetrievePropertiesEx', times: 2 });
    expect(await retrieveOne(client, rootFolder, ['name'])).toEqual({ name: 'Datacenters' });
  });

  it('that changes something is made once when the connection breaks', async () => {
    const client = await connectedTo(vcenter);
    const caller = await loggedIn(vcenter);
    const [machine] = await createMachines(vcenter, caller, [{ name: 'once' }]);
    const before = await callsOf('CreateSnapshot_Task');
    await vcenter.fault({ kind: 'hangUp', method: 'CreateSnapshot_Task' });
    const settings = { name: 's', description: '', memory: false, quiesce: false };
    const ref = machine?.ref ?? { type: '', value: '' };
    const failure = await failureOf(createSnapshot(client, ref, settings));
    expect(failure.code).toBe('VSPHERE_UNREACHABLE');
    expect((await callsOf('CreateSnapshot_Task')) - before).toBe(1);
  });

  it('of an object that is gone says so', async () => {
    const client = await connectedTo(vcenter);
    const gone = { type: 'VirtualMachine', value: 'vm-99999' };
    expect((await failureOf(retrieveOne(client, gone, ['name']))).code).toBe('VSPHERE_OBJECT_MISSING');
  });

  it('is stopped by its signal', async () => {
    const client = await connectedTo(vcenter);
    const { rootFolder } = await client.content();
    await vcenter.fault({ kind: 'slow', method: 'RetrievePropertiesEx', ms: 2_000 });
    const signal = AbortSignal.timeout(100);
    expect((await failureOf(retrieveOne(client, rootFolder, ['name'], { signal }))).code).toBe('CANCELED');
  });

  it('without the right to it names the privilege and the object', async () => {
    const url = (await speaking(NO_PERMISSION)).origin;
    const failure = await failureOf(
      connectVsphere(vsphereAccess(vcenter, { url, tlsFingerprints: [tls.fingerprint] })),
    );
    expect(failure.code).toBe('VSPHERE_DENIED');
    expect(failure.message).toContain('System.View is missing on Folder group-d1');
  });

  it('is not believed a page of something else', async () => {
    const url = (await speaking('<html><body>Welcome</body></html>')).origin;
    const failure = await failureOf(
      connectVsphere(vsphereAccess(vcenter, { url, tlsFingerprints: [tls.fingerprint] })),
    );
    expect(failure.code).toBe('VSPHERE_PROTOCOL');
  });
});

const tls = selfSigned();

const NO_PERMISSION = `<E xmlns:xsi="urn:xsi"><Body><Fault><faultcode>ServerFaultCode</faultcode><faultstring>Denied.</faultstring>
  <detail><NoPermissionFault xsi:type="NoPermission"><object type="Folder">group-d1</object>
  <privilegeId>System.View</privilegeId></NoPermissionFault></detail></Fault></Body></E>`;

/** A server that answers every call with the same. */
function speaking(answer: string) {
  return webServer((_request, response) => {
    response.writeHead(answer === NO_PERMISSION ? 500 : 200, { 'content-type': 'text/xml' });
    response.end(answer);
  }, tls);
}
