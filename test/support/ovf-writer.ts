import { Random } from '../fuzz/random.js';
import type { ModelMachine, OvfModel } from './ovf-model.js';

/** How a descriptor is spelled; none of it changes what it says. */
export interface OvfStyle {
  readonly ovf: string;
  readonly rasd: string;
  readonly vmw: string;
  /** OVF elements are in the default namespace. */
  readonly defaultNamespace: boolean;
  /** Envelope version: 0.9 has sections by type. */
  readonly version: '0.9' | '1' | '2';
  /** Of the orders of sections, items and attributes, spellings of units and letter case. */
  readonly seed: number;
}

type Space = 'ovf' | 'rasd' | 'vmw' | 'xsi';
type Name = readonly [Space, string];

interface Node {
  readonly name: Name;
  readonly attributes: readonly (readonly [Space, string, string])[];
  readonly children: readonly Node[];
  readonly text?: string;
}

const NAMESPACES = {
  '0.9': 'http://www.vmware.com/schema/ovf/1/envelope',
  '1': 'http://schemas.dmtf.org/ovf/envelope/1',
  '2': 'http://schemas.dmtf.org/ovf/envelope/2',
} as const;

/** Each is one MiB, or that many of them. */
const MIB_SPELLINGS: readonly (readonly [string, number])[] = [
  ['byte * 2^20', 1],
  ['byte*2^20', 1],
  ['byte * 2 ^ 20', 1],
  ['Byte * 1024 * 1024', 1],
  ['MegaBytes', 1],
  ['MiB', 1],
  ['KiloBytes', 2 ** 10],
  ['byte * 2^10', 2 ** 10],
  ['byte', 2 ** 20],
];

/** The descriptor of a model in a style. */
export function writeOvf(model: OvfModel, style: OvfStyle): string {
  return new Writer(style).write(model);
}

class Writer {
  readonly #style: OvfStyle;
  readonly #random: Random;

  constructor(style: OvfStyle) {
    this.#style = style;
    this.#random = new Random(style.seed);
  }

  write({ machines }: OvfModel): string {
    const items = machines.map(({ id, startOrder }) => this.#ovf('Item', { id, order: String(startOrder) }));
    const collection = this.#content('VirtualSystemCollection', 'vapp', [
      this.#ovf('Info', {}, [], 'A vApp'),
      this.#section('StartupSection', items),
      // The order of machines is that of the document.
      ...machines.map((machine) => this.#machine(machine)),
    ]);
    const files = machines.flatMap((machine) =>
      disksOf(machine).map(({ id }) => this.#ovf('File', { id: `file-${id}`, href: `${id}.vmdk` })),
    );
    const networks = new Set(machines.flatMap(({ nics }) => nics.map(({ network }) => network)));
    const parts = [
      this.#ovf('References', {}, this.#shuffled(files)),
      this.#section(
        'DiskSection',
        machines.flatMap((machine) => this.#disks(machine)),
      ),
      this.#section(
        'NetworkSection',
        [...networks].map((name) => this.#ovf('Network', { name })),
      ),
      collection,
    ];
    const envelope = this.#ovf('Envelope', {}, this.#shuffled(parts));
    return `<?xml version="1.0" encoding="UTF-8"?>\n${this.#print(envelope, this.#declarations())}\n`;
  }

  #machine(machine: ModelMachine): Node {
    const { properties } = machine;
    const product = properties.map(([key, value]) => this.#ovf('Property', { key, value }));
    const sections = [
      this.#section('AnnotationSection', [this.#ovf('Annotation', {}, [], machine.annotation)]),
      this.#section('ProductSection', product),
      this.#section('VirtualHardwareSection', [...this.#items(machine), ...this.#settings(machine)]),
    ];
    return this.#content('VirtualSystem', machine.id, [
      this.#ovf('Name', {}, [], machine.name),
      ...this.#shuffled(sections),
    ]);
  }

  #items({ cpus, coresPerSocket, memoryMib, controllers, nics, devices, id }: ModelMachine): readonly Node[] {
    const [units, factor] = this.#random.pick(MIB_SPELLINGS);
    const cores = node(['vmw', 'CoresPerSocket'], [], [], String(coresPerSocket));
    const items = [
      this.#item('Item', { InstanceID: 1, ResourceType: 3, VirtualQuantity: cpus }, [cores]),
      this.#item('Item', {
        InstanceID: 2,
        ResourceType: 4,
        VirtualQuantity: memoryMib * factor,
        AllocationUnits: units,
      }),
    ];
    for (const [index, { resourceType, subType, bus, disks }] of controllers.entries()) {
      const InstanceID = 10 + index;
      items.push(
        this.#item('Item', {
          InstanceID,
          ResourceType: resourceType,
          ResourceSubType: this.#cased(subType),
          Address: bus,
        }),
      );
      for (const { unit, mode } of disks) {
        const fields = {
          InstanceID: 100 + 20 * index + unit,
          ResourceType: 17,
          Parent: InstanceID,
          AddressOnParent: unit,
          HostResource: `ovf:/disk/${diskId(id, index, unit)}`,
        };
        items.push(this.#item('StorageItem', fields, [this.#setting('Config', 'backing.diskMode', mode)]));
      }
    }
    for (const [index, { network, subType, mac, connected }] of nics.entries()) {
      items.push(
        this.#item('EthernetPortItem', {
          InstanceID: 1000 + index,
          ResourceType: 10,
          ResourceSubType: this.#cased(subType),
          Connection: network,
          AutomaticAllocation: String(connected),
          ...(mac === null ? {} : { Address: this.#random.pick([mac, mac.replaceAll(':', '-')]) }),
        }),
      );
    }
    for (const [index, { resourceType, subType, label }] of devices.entries()) {
      items.push(
        this.#item('Item', {
          InstanceID: 2000 + index,
          ResourceType: resourceType,
          ResourceSubType: this.#cased(subType),
          ElementName: label,
        }),
      );
    }
    return this.#shuffled(items);
  }

  #settings({ efi, hotAdd, extraConfig }: ModelMachine): readonly Node[] {
    return this.#shuffled([
      this.#setting('Config', 'firmware', efi ? 'efi' : 'bios'),
      this.#setting('Config', 'cpuHotAddEnabled', String(hotAdd)),
      ...extraConfig.map(([key, value]) => this.#setting('ExtraConfig', key, value)),
    ]);
  }

  #disks(machine: ModelMachine): readonly Node[] {
    return disksOf(machine).map(({ id, capacityMib, usedBytes }) => {
      const [units, factor] = this.#random.pick(MIB_SPELLINGS);
      return this.#ovf('Disk', {
        diskId: id,
        fileRef: `file-${id}`,
        capacity: String(capacityMib * factor),
        ...(units === 'byte' ? {} : { capacityAllocationUnits: units }),
        populatedSize: String(usedBytes),
      });
    });
  }

  #item(name: string, fields: Readonly<Record<string, string | number>>, more: readonly Node[] = []): Node {
    const { version } = this.#style;
    const children = Object.entries(fields).map(([field, value]) => {
      const spelled = version === '0.9' && field === 'InstanceID' ? 'InstanceId' : field;
      return node(['rasd', spelled], [], [], String(value));
    });
    return this.#ovf(version === '2' ? name : 'Item', {}, this.#shuffled([...children, ...more]));
  }

  #setting(element: string, key: string, value: string): Node {
    return node(
      ['vmw', element],
      [
        ['ovf', 'required', 'false'],
        ['vmw', 'key', this.#cased(key)],
        ['vmw', 'value', value],
      ],
    );
  }

  #section(kind: string, children: readonly Node[]): Node {
    const info = this.#ovf('Info', {}, [], `About ${kind}`);
    return this.#typed('Section', kind, [], [info, ...this.#shuffled(children)]);
  }

  #content(kind: string, id: string, children: readonly Node[]): Node {
    return this.#typed('Content', kind, [['ovf', 'id', id]], children);
  }

  #typed(
    element: string,
    kind: string,
    attributes: readonly (readonly [Space, string, string])[],
    children: readonly Node[],
  ): Node {
    if (this.#style.version !== '0.9') return node(['ovf', kind], attributes, children);
    const type = ['xsi', 'type', `${this.#style.ovf}:${kind}_Type`] as const;
    return node(['ovf', element], [...attributes, type], children);
  }

  #ovf(
    name: string,
    attributes: Readonly<Record<string, string>>,
    children: readonly Node[] = [],
    text = '',
  ): Node {
    const named = Object.entries(attributes).map(([key, value]) => ['ovf', key, value] as const);
    return node(['ovf', name], named, children, text);
  }

  #declarations(): readonly string[] {
    const { ovf, rasd, vmw, defaultNamespace, version } = this.#style;
    return [
      `xmlns:${ovf}="${NAMESPACES[version]}"`,
      `xmlns:${rasd}="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"`,
      `xmlns:${vmw}="http://www.vmware.com/schema/ovf"`,
      'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"',
      ...(defaultNamespace ? [`xmlns="${NAMESPACES[version]}"`] : []),
    ];
  }

  #print(
    { name: [space, local], attributes, children, text = '' }: Node,
    declared: readonly string[] = [],
  ): string {
    const { defaultNamespace } = this.#style;
    const prefix = space === 'ovf' && defaultNamespace ? '' : `${this.#prefix(space)}:`;
    const written = attributes.map(
      ([owner, key, value]) => `${this.#prefix(owner)}:${key}="${escaped(value)}"`,
    );
    const head = [`${prefix}${local}`, ...this.#shuffled([...declared, ...written])].join(' ');
    const inner = [escaped(text), ...children.map((child) => this.#print(child))].join('\n');
    return `<${head}>${inner}</${prefix}${local}>`;
  }

  #prefix(space: Space): string {
    return space === 'xsi' ? 'xsi' : this.#style[space];
  }

  #cased(word: string): string {
    return this.#random.pick([word, word.toLowerCase(), word.toUpperCase()]);
  }

  #shuffled<T>(list: readonly T[]): T[] {
    return list
      .map((value) => ({ value, rank: this.#random.below(2 ** 30) }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ value }) => value);
  }
}

/** The disks of a machine with the ids they are written with. */
function disksOf({ id, controllers }: ModelMachine) {
  return controllers.flatMap(({ disks }, index) =>
    disks.map((disk) => ({ ...disk, id: diskId(id, index, disk.unit) })),
  );
}

export function diskId(machine: string, controller: number, unit: number): string {
  return `${machine}-${controller}-${unit}`;
}

function node(
  name: Name,
  attributes: Node['attributes'] = [],
  children: readonly Node[] = [],
  text = '',
): Node {
  return { name, attributes, children, text };
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
