import { qemuSeed } from '../seeds/qemu-seed.js';
import { diskTarget } from './disk-target.js';

const OPTIONS = ['compat=0.10', 'cluster_size=4096', 'extended_l2=on,cluster_size=64k'];

export const QCOW2 = diskTarget(
  'qcow2',
  () =>
    OPTIONS.map((options, index) =>
      qemuSeed({ name: `qemu-qcow2-${index}`, file: 'disk.qcow2', format: 'qcow2', options }),
    ),
  'qcow2',
);
