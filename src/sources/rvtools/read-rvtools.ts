import { XenferryError } from '../../model/errors.js';
import type { EstateFacts, Inventory, Problem } from '../../model/inventory.js';
import type { VirtualMachine } from '../../model/virtual-machine.js';
import { refuseEndlessDisks } from '../disk-limit.js';
import { problemOf } from '../problems.js';
import { buildMachine } from './build-machine.js';
import { estateFacts } from './estate-facts.js';
import { distinctMachines, type InfoRow } from './info-rows.js';
import { type GroupedRows, groupRows, MachineIndex, type MachineReference } from './machine-index.js';
import { openExports, type RvtoolsExport } from './open-export.js';
import { type ReadTab, type Row, readTab, TabBudget } from './read-tab.js';
import {
  type Columns,
  type Tab,
  UNUSED_VINFO_HEADINGS,
  VCD,
  VCLUSTER,
  VCPU,
  VDATASTORE,
  VDISK,
  VHOST,
  VINFO,
  VMEMORY,
  VNETWORK,
  VPARTITION,
  VSNAPSHOT,
  VTOOLS,
  VUSB,
} from './tabs.js';

/** Machines of a list, with what it tells of hosts and datastores. */
export type ListInventory = Inventory & { readonly facts: EstateFacts };

/**
 * The machines of an RVTools export, an .xlsx file or a folder with its CSV files, in the order of vInfo; a folder may
 * hold several exports. Their disks have no bytes. A machine's id is the file of vInfo with `#` and its object id
 * (`vm-123`), else its UUID, else its name; with `@` and the vCenter when the export has several. Rows of other tabs are
 * joined to it by object id, UUID or name. Missing tabs and columns and unreadable cells are problems without a machine.
 * Throws RVTOOLS_MALFORMED when there is no vInfo or a file is damaged, RVTOOLS_TOO_LARGE or SOURCE_*.
 */
export async function readRvtools(path: string): Promise<ListInventory> {
  const budget = new TabBudget();
  const read: ListInventory[] = [];
  for (const source of await openExports(path)) {
    try {
      read.push(await new ExportReader(source, budget).read());
    } finally {
      source.close();
    }
  }
  return {
    machines: read.flatMap(({ machines }) => machines),
    problems: read.flatMap(({ problems }) => problems),
    facts: {
      hosts: read.flatMap(({ facts }) => facts.hosts),
      datastores: read.flatMap(({ facts }) => facts.datastores),
      networks: read.flatMap(({ facts }) => facts.networks),
    },
  };
}

type ClusterRow = Row<(typeof VCLUSTER)['columns']>;

class ExportReader {
  readonly #source: RvtoolsExport;
  readonly #budget: TabBudget;
  readonly #file: string;
  readonly #problems: Problem[] = [];

  constructor(source: RvtoolsExport, budget: TabBudget) {
    const info = source.tabs.get(VINFO.name.toLowerCase());
    if (info === undefined) throw new XenferryError('RVTOOLS_MALFORMED', 'it has no tab vInfo');
    this.#source = source;
    this.#budget = budget;
    this.#file = info.file;
  }

  async read(): Promise<ListInventory> {
    const info = await this.#rows(VINFO, UNUSED_VINFO_HEADINGS);
    const { machines, problems } = distinctMachines(info, this.#file);
    this.#problems.push(...problems);
    const index = new MachineIndex(machines.map(({ row }) => row));
    const disks = await this.#joined(VDISK, index);
    const nics = await this.#joined(VNETWORK, index);
    const cpus = await this.#joined(VCPU, index);
    const memory = await this.#joined(VMEMORY, index);
    const partitions = await this.#joined(VPARTITION, index);
    const drives = await this.#joined(VCD, index);
    const usb = await this.#joined(VUSB, index);
    const snapshots = await this.#joined(VSNAPSHOT, index);
    const tools = await this.#joined(VTOOLS, index);
    const clusters = new Clusters((await this.#rows(VCLUSTER)).rows);
    const ids = machineIds(
      machines.map(({ row }) => row),
      this.#file,
    );
    const built = machines.map(({ row, attributes }, place) => {
      const rows = {
        info: row,
        attributes,
        disks: disks?.of(place) ?? [],
        nics: nics?.of(place) ?? null,
        cpu: cpus?.of(place)[0],
        memory: memory?.of(place)[0],
        partitions: partitions?.of(place) ?? [],
        drives: drives?.of(place) ?? [],
        usb: usb?.of(place) ?? [],
        snapshots: snapshots?.of(place) ?? [],
        tools: tools?.of(place)[0],
        cluster: clusters.of(row),
      };
      return this.#checked(buildMachine(rows, ids[place] ?? '', this.#file));
    });
    const facts = estateFacts((await this.#rows(VHOST)).rows, (await this.#rows(VDATASTORE)).rows);
    return { machines: built, problems: this.#problems, facts };
  }

  #checked(machine: VirtualMachine): VirtualMachine {
    refuseEndlessDisks(machine.disks, 'RVTOOLS_MALFORMED', this.#file);
    if (machine.memoryBytes === 0 && !machine.template && !machine.placeholder) {
      const message = 'the list does not tell its memory';
      const about = { file: this.#file, machineId: machine.id };
      this.#problems.push(problemOf('warning', 'RVTOOLS_INCOMPLETE', message, about));
    }
    return machine;
  }

  /** The rows of a tab; none when the export lacks it, which is told. */
  async #rows<C extends Columns>(
    tab: Tab<C>,
    knownHeadings: readonly string[] | null = null,
  ): Promise<ReadTab<C>> {
    const source = this.#source.tabs.get(tab.name.toLowerCase());
    if (source === undefined) {
      this.#lacks(tab);
      return { rows: [], extras: [], problems: [] };
    }
    const options = { from1904: this.#source.from1904, knownHeadings, budget: this.#budget };
    const read = await readTab(tab, source, options);
    this.#problems.push(...read.problems);
    return read;
  }

  #lacks({ name, missing }: Tab): void {
    if (missing === null) return;
    const about = { file: this.#file, machineId: null };
    this.#problems.push(problemOf(missing, 'RVTOOLS_INCOMPLETE', `the tab ${name} is missing`, about));
  }

  /** The rows of a tab by machine; null when the export lacks the tab. */
  async #joined<C extends Columns>(
    tab: Tab<C>,
    index: MachineIndex,
  ): Promise<GroupedRows<Row<C> & MachineReference> | null> {
    const source = this.#source.tabs.get(tab.name.toLowerCase());
    const { rows } = await this.#rows(tab);
    if (source === undefined) return null;
    // Each of these tabs has the columns of a reference, which the types cannot follow through a generic tab.
    const grouped = groupRows(index, rows as readonly (Row<C> & MachineReference)[], {
      name: tab.name,
      file: source.file,
    });
    this.#problems.push(...grouped.problems);
    return grouped;
  }
}

/** Clusters by name; those of two vCenters may have the same. */
class Clusters {
  readonly #byName = new Map<string, ClusterRow | null>();

  constructor(rows: readonly ClusterRow[]) {
    for (const row of rows) {
      if (row.name === null) continue;
      this.#byName.set(row.name, this.#byName.has(row.name) ? null : row);
      if (row.sdkUuid !== null) this.#byName.set(`${row.sdkUuid}\n${row.name}`, row);
    }
  }

  of({ cluster, sdkUuid }: InfoRow): ClusterRow | undefined {
    if (cluster === null) return undefined;
    return this.#byName.get(`${sdkUuid ?? ''}\n${cluster}`) ?? this.#byName.get(cluster) ?? undefined;
  }
}

function machineIds(rows: readonly InfoRow[], file: string): readonly string[] {
  const servers = new Set(rows.map(({ sdkUuid, sdkServer }) => sdkUuid ?? sdkServer));
  const used = new Map<string, number>();
  return rows.map(({ vmId, vmUuid, name, sdkUuid, sdkServer }) => {
    const server = sdkUuid ?? sdkServer;
    const at = servers.size > 1 && server !== null ? `@${server}` : '';
    const id = `${file}#${vmId ?? vmUuid ?? name ?? ''}${at}`;
    const count = (used.get(id) ?? 0) + 1;
    used.set(id, count);
    return count === 1 ? id : `${id}~${count}`;
  });
}
