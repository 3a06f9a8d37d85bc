import {
  gpuGroupClass,
  hostClass,
  hostMetricsClass,
  pbdClass,
  pgpuClass,
  poolClass,
  vgpuTypeClass,
} from './host-classes.js';
import {
  vgpuClass,
  vmApplianceClass,
  vmClass,
  vmGuestMetricsClass,
  vmMetricsClass,
  vtpmClass,
} from './machine-classes.js';
import type { ClassModel } from './model-types.js';
import {
  bondClass,
  networkClass,
  pifClass,
  pifMetricsClass,
  vifClass,
  vlanClass,
} from './network-classes.js';
import { eventClass, sessionClass, taskClass } from './session-classes.js';
import { smClass, srClass, vbdClass, vdiClass } from './storage-classes.js';

/** The classes that the simulated pool has, by name. */
export const CLASSES: ReadonlyMap<string, ClassModel> = new Map(
  [
    sessionClass,
    taskClass,
    eventClass,
    poolClass,
    hostClass,
    hostMetricsClass,
    pbdClass,
    gpuGroupClass,
    pgpuClass,
    vgpuTypeClass,
    vmClass,
    vmMetricsClass,
    vmGuestMetricsClass,
    vmApplianceClass,
    vtpmClass,
    vgpuClass,
    networkClass,
    vifClass,
    pifClass,
    pifMetricsClass,
    bondClass,
    vlanClass,
    smClass,
    srClass,
    vdiClass,
    vbdClass,
  ].map((model) => [model.name, model]),
);
