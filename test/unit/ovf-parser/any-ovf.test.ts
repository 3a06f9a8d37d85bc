import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MIB } from '../../../src/model/units.js';
import { type ModelMachine, ovfModels } from '../../support/ovf-model.js';
import { diskId, type OvfStyle, writeOvf } from '../../support/ovf-writer.js';
import { parse } from './parse.js';

const prefixes = fc.uniqueArray(
  fc.stringMatching(/^[a-z][a-z0-9-]{0,9}$/).filter((prefix) => !/^xml|^xsi$/.test(prefix)),
  { minLength: 3, maxLength: 3 },
);

const styles: fc.Arbitrary<OvfStyle> = fc
  .record({
    names: prefixes,
    defaultNamespace: fc.boolean(),
    version: fc.constantFrom('0.9', '1', '2'),
    seed: fc.integer(),
  })
  .map(({ names: [ovf = 'a', rasd = 'b', vmw = 'c'], ...rest }) => ({ ...rest, ovf, rasd, vmw }));

test('a descriptor says the same in any version, with any prefixes, order, units and letter case', () => {
  fc.assert(
    fc.property(ovfModels, styles, (model, style) => {
      const { systems, findings } = parse(writeOvf(model, style));
      expect(findings).toEqual([]);
      expect(systems).toMatchObject(model.machines.map(systemOf));
    }),
    { numRuns: 200 },
  );
});

/** What the reader makes of a machine of the model. */
function systemOf(machine: ModelMachine): unknown {
  const { id, name, annotation, cpus, coresPerSocket, memoryMib, efi, hotAdd, startOrder } = machine;
  return {
    id,
    name,
    annotation,
    cpus,
    coresPerSocket,
    memoryBytes: memoryMib * MIB,
    firmware: efi ? 'efi' : 'bios',
    features: { cpuHotAdd: hotAdd },
    start: { order: startOrder },
    drives: drivesOf(machine),
    nics: machine.nics.map(({ network, adapter, mac, connected }) => ({ network, adapter, mac, connected })),
    devices: machine.devices.map(({ kind, label }) => ({ kind, label })),
    settings: new Map([
      ['firmware', efi ? 'efi' : 'bios'],
      ['cpuhotaddenabled', String(hotAdd)],
      ...machine.extraConfig,
    ]),
    properties: new Map(machine.properties),
  };
}

/** By the order of the controllers, of a family each, then by unit. */
function drivesOf({ id, controllers }: ModelMachine): unknown {
  return controllers.flatMap(({ kind, bus, disks }, index) =>
    [...disks]
      .sort((a, b) => a.unit - b.unit)
      .map(({ unit, capacityMib, usedBytes, mode }) => ({
        controller: kind,
        bus,
        unit,
        mode,
        disk: {
          id: diskId(id, index, unit),
          capacityBytes: capacityMib * MIB,
          populatedBytes: usedBytes,
          file: { href: `${diskId(id, index, unit)}.vmdk` },
        },
      })),
  );
}
