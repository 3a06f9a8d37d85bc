import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Said } from '../../../src/nbdkit/said.js';
import { vddkFailure } from '../../../src/nbdkit/vddk-failure.js';

const line = (text: string) => `nbdkit: vddk[1]: error: ${text}\n`;

describe('what nbdkit says', () => {
  it('is heard where it is about errors, each once', () => {
    const said = new Said([]);
    said.add('nbdkit: debug: starting\n');
    said.add(
      `nbdkit: error: cannot open plugin 'vddk'\n${line('VixDiskLib_Open: a')}${line('VixDiskLib_Open: a')}`,
    );
    expect(said.errors).toEqual(["cannot open plugin 'vddk'", 'VixDiskLib_Open: a']);
  });

  it('never has a secret in it, wherever it is torn', () => {
    const secrets = fc.string({ minLength: 4, maxLength: 20 }).filter((text) => !/[\n\r*]/.test(text));
    fc.assert(
      fc.property(secrets, fc.nat(60), (secret, at) => {
        fc.pre(!'nbdkit: vddk[1]: error: login as me with  failed'.includes(secret));
        const text = line(`login as me with ${secret} failed`);
        const said = new Said([secret]);
        said.add(text.slice(0, at));
        said.add(text.slice(at));
        expect(said.errors.join('')).not.toContain(secret);
        expect(said.errors).toHaveLength(1);
      }),
    );
  });

  it('shows no session', () => {
    const said = new Said([]);
    said.add(line('cookie vmware_soap_session="0f3a99"; Path=/'));
    expect(said.errors.join('')).not.toContain('0f3a99');
  });

  it('takes no more memory however much it is', () => {
    const said = new Said(['secret']);
    for (let i = 0; i < 2_000; i++) said.add(line(`number ${i} ${'x'.repeat(500)}`));
    expect(said.errors.join('').length).toBeLessThan(20_000);
    expect(said.errors.at(-1)).toContain('number 1999');
  });
});

describe('why a disk is not served', () => {
  // The texts of nbdkit 1.42's plugin, and VDDK's error texts as its guide lists them.
  it.each([
    ["cannot open plugin 'vddk': nbdkit-vddk-plugin.so: cannot open shared object file", 'VDDK_UNUSABLE'],
    ['realpath: /nonexist: No such file or directory', 'VDDK_UNUSABLE'],
    ['required VDDK symbol "VixDiskLib_Exit" is missing. VDDK version must be >= 6.5.', 'VDDK_UNUSABLE'],
    ['VixDiskLib_ConnectEx: Cannot connect to host', 'VSPHERE_UNREACHABLE'],
    ['VixDiskLib_ConnectEx: Insufficient permissions in the host operating system', 'VSPHERE_DENIED'],
    ['VixDiskLib_Open: [ds] a.vmdk: You do not have access rights to this file', 'VSPHERE_DENIED'],
    ['VixDiskLib_Open: [ds] a.vmdk: Failed to lock the file', 'SOURCE_UNREADABLE'],
    ['VixDiskLib_Open: [ds] a.vmdk: Unknown error', 'SOURCE_UNREADABLE'],
  ])('%s', (said, code) => {
    const failure = vddkFailure([said], 'web.vmdk');
    expect(failure.code).toBe(code);
    expect(failure.message).toContain(said);
  });

  it('is what a call has ended with, not what the library complains of beside it', () => {
    const errors = [
      'SSL: a certificate store is missing',
      'VixDiskLib_Open: [ds] a: Failed to lock the file',
    ];
    expect(vddkFailure(errors, 'a')).toMatchObject({
      code: 'SOURCE_UNREADABLE',
      hint: expect.stringMatching(/backup/),
    });
  });
});
