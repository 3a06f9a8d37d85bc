import { mkdtempSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { execa } from 'execa';
import { BLOCK_BYTES, roundUp } from '../../../src/model/units.js';
import { buildVhd } from '../../unit/vhd/vhd-builder.js';
import { makeVmdk } from '../disk-maker.js';
import { writeExport } from '../export-maker.js';
import { qemuNbd } from '../nbd-server.js';
import { serveFiles, webServer } from '../range-server.js';
import { runCli } from '../run-cli.js';
import { changedGrains, qemuConvert } from './grains.js';
import type { Guest, InputKind } from './input-kind.js';

export const OTHER_INPUTS: readonly InputKind[] = [
  { title: 'raw image', make: async (_folder, { raw }) => raw },
  ...['compat=1.1', 'compat=0.10', 'cluster_size=4k'].map((options) => ({
    title: `qcow2 image with ${options}`,
    make: (folder: string, { raw }: Guest) => qemuConvert(raw, join(folder, 'disk.qcow2'), 'qcow2', options),
  })),
  {
    title: 'compressed qcow2 image',
    make: async (folder, { raw }) => {
      const qcow2 = join(folder, 'disk.qcow2');
      await execa('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', '-c', raw, qcow2]);
      return qcow2;
    },
  },
  ...['dynamic', 'fixed'].map((subformat) => ({
    title: `${subformat} VHD of qemu-img's`,
    make: (folder: string, { raw }: Guest) =>
      qemuConvert(raw, join(folder, 'disk.vhd'), 'vpc', `subformat=${subformat},force_size=on`),
  })),
  {
    title: 'dynamic VHD of our own',
    make: (folder, { raw }) => ownVhd(raw, join(folder, 'disk.vhd')),
    capacityUnit: BLOCK_BYTES,
  },
  { title: 'differencing VHD', make: makeDifferencingVhd, capacityUnit: BLOCK_BYTES },
  {
    title: 'VDI, by way of qemu-img',
    make: (folder, { raw }) => qemuConvert(raw, join(folder, 'disk.vdi'), 'vdi'),
  },
  { title: 'VMDK inside an OVA', make: makeOva },
  { title: 'VMDK on a web server', make: makeSparse, serve: serveOverHttp },
  {
    title: 'raw image behind an NBD server',
    make: (folder, { raw }) => qemuConvert(raw, join(folder, 'disk.qcow2'), 'qcow2'),
    serve: (made) => qemuNbd(made, 'qcow2', join(mkdtempSync(join(dirname(made), 'nbd-')), 'socket')),
  },
];

async function makeSparse(folder: string, { raw }: Guest): Promise<string> {
  const vmdk = join(folder, 'disk.vmdk');
  await makeVmdk(raw, vmdk, 'monolithicSparse');
  return vmdk;
}

async function serveOverHttp(made: string): Promise<string> {
  const { origin } = await webServer(serveFiles(new Map([[basename(made), await readFile(made)]])));
  return `${origin}/exports/${basename(made)}`;
}

async function ownVhd(raw: string, vhd: string): Promise<string> {
  const { exitCode, stderr } = await runCli(['convert', raw, vhd]);
  if (exitCode !== 0) throw new Error(stderr);
  return vhd;
}

/** Only the sectors that changed, on top of a VHD of our own. */
async function makeDifferencingVhd(folder: string, { beforeRaw, before, content }: Guest): Promise<string> {
  const parent = await ownVhd(beforeRaw, join(folder, 'base.vhd'));
  const child = join(folder, 'disk.vhd');
  const { bytes } = buildVhd({
    virtualBytes: roundUp(content.length, BLOCK_BYTES),
    sectors: changedGrains(before, content, 512),
    parent: { uuid: (await readFile(parent)).subarray(68, 84), name: 'base.vhd' },
  });
  await writeFile(child, bytes);
  return child;
}

async function makeOva(folder: string, guest: Guest): Promise<string> {
  await makeVmdk(guest.raw, join(folder, 'disk.vmdk'), 'streamOptimized');
  await writeExport(folder, 'vm', [{ href: 'disk.vmdk', capacityBytes: guest.content.length }]);
  const ova = join(folder, 'vm.ova');
  await execa('tar', ['--format=ustar', '-cf', ova, '-C', folder, 'vm.ovf', 'disk.vmdk']);
  return join(ova, 'disk.vmdk');
}
