import { XenferryError } from '../../model/errors.js';
import type { Inventory, Problem } from '../../model/inventory.js';
import { refuseEndlessDisks } from '../disk-limit.js';
import { problemOf } from '../problems.js';
import { buildMachine, type MachineRows } from './build-machine.js';
import { groupRows, MachineIndex, type MachineReference } from './machine-index.js';
import { openExport, type RvtoolsExport } from './open-export.js';
import { type ReadTab, type Row, readTab, TabBudget } from './read-tab.js';
import {
  type Columns,
  type Tab,
  UNUSED_VINFO_HEADINGS,
  VCD,
  VCLUSTER,
  VCPU,
  VDISK,
  VINFO,
  VMEMORY,
  VNETWORK,
  VPARTITION,
  VSNAPSHOT,
  VTOOLS,
  VUSB,
} from './tabs.js';

type InfoRow = MachineRows['info'];
type ClusterRow = Row<(typeof VCLUSTER)['columns']>;

/** The rows of a machine by its position in vInfo; null when the export lacks the tab. */
type RowsOf<C extends Columns> = ((machine: number) => readonly Row<C>[]) | null;

/**
 * The machines of an RVTools export, an .xlsx file or a folder with its CSV files, in the order of vInfo. Their disks
 * have no bytes. A machine's id is the file of vInfo with `#` and its object id (`vm-123`), else its UUID, else its
 * name; with `@` and the vCenter when the export has several. Rows of other tabs are joined to it by object id, UUID
 * or name. Missing tabs and columns and unreadable cells are problems without a machine.
 * Throws RVTOOLS_MALFORMED when there is no vInfo or a file is damaged, RVTOOLS_TOO_LARGE or SOURCE_*.
 */
export async function readRvtools(path: string): Promise<Inventory> {
  const source = await openExport(path);
  try {
    return await new ExportReader(source).read();
  } finally {
    source.close();
  }
}

class ExportReader {
  readonly #source: RvtoolsExport;
  readonly #file: string;
  readonly #budget = new TabBudget();
  readonly #problems: Problem[] = [];

  constructor(source: RvtoolsExport) {
    this.#source = source;
    const info = source.tabs.get(VINFO.name.toLowerCase());
    if (info === undefined) throw new XenferryError('RVTOOLS_MALFORMED', 'it has no tab vInfo');
    this.#file = info.file;
  }

  async read(): Promise<Inventory> {
    const { rows, extras } = (await this.#tab(VINFO, UNUSED_VINFO_HEADINGS)) ?? { rows: [], extras: [] };
    const places = this.#distinct(rows);
    const listed = places.flatMap((place) => rows[place] ?? []);
    const attributes = places.map((place) => extras[place] ?? {});
    const index = new MachineIndex(listed);
    const disks = await this.#rowsOf(VDISK, index);
    const nics = await this.#rowsOf(VNETWORK, index);
    const cpus = await this.#rowsOf(VCPU, index);
    const memory = await this.#rowsOf(VMEMORY, index);
    const partitions = await this.#rowsOf(VPARTITION, index);
    const drives = await this.#rowsOf(VCD, index);
    const usb = await this.#rowsOf(VUSB, index);
    const snapshots = await this.#rowsOf(VSNAPSHOT, index);
    const tools = await this.#rowsOf(VTOOLS, index);
    const clusters = clustersByName((await this.#tab(VCLUSTER))?.rows ?? []);
    const ids = machineIds(listed, this.#file);
    const machines = listed.map((info, place) => {
      const machine = buildMachine(
        {
          info,
          attributes: attributes[place] ?? {},
          disks: disks?.(place) ?? [],
          nics: nics?.(place) ?? null,
          cpu: cpus?.(place)[0],
          memory: memory?.(place)[0],
          partitions: partitions?.(place) ?? [],
          drives: drives?.(place) ?? [],
          usb: usb?.(place) ?? [],
          snapshots: snapshots?.(place) ?? [],
          tools: tools?.(place)[0],
          cluster: clusterOf(info, clusters),
        },
        ids[place] ?? '',
        this.#file,
      );
      refuseEndlessDisks(machine.disks, 'RVTOOLS_MALFORMED', this.#file);
      return machine;
    });
    return { machines, problems: this.#problems };
  }

  /** Null when the export lacks the tab. */
  async #tab<C extends Columns>(
    tab: Tab<C>,
    knownHeadings: readonly string[] | null = null,
  ): Promise<ReadTab<C> | null> {
    const { tabs, from1904 } = this.#source;
    const source = tabs.get(tab.name.toLowerCase());
    if (source === undefined) {
      const about = { file: this.#file, machineId: null };
      const message = `the tab ${tab.name} is missing`;
      if (tab.missing !== null)
        this.#problems.push(problemOf(tab.missing, 'RVTOOLS_INCOMPLETE', message, about));
      return null;
    }
    const read = await readTab(tab, source, { from1904, knownHeadings, budget: this.#budget });
    this.#problems.push(...read.problems);
    return read;
  }

  async #rowsOf<C extends Columns>(tab: Tab<C>, index: MachineIndex): Promise<RowsOf<C>> {
    const read = await this.#tab(tab);
    if (read === null) return null;
    const file = this.#source.tabs.get(tab.name.toLowerCase())?.file ?? this.#file;
    // Each of these tabs has the columns of MACHINE, which the types cannot follow through a generic tab.
    const rows = read.rows as readonly (Row<C> & MachineReference)[];
    const { of, problems } = groupRows(index, rows, { name: tab.name, file });
    this.#problems.push(...problems);
    return of;
  }

  /** Positions of the rows that are machines. One that is listed twice, as in two exports put together, counts once. */
  #distinct(rows: readonly InfoRow[]): readonly number[] {
    const seen = new Set<string>();
    let repeated = 0;
    const places = [...rows.entries()].flatMap(([place, { name, vmId, sdkUuid, sdkServer, vmUuid }]) => {
      if (name === null) return [];
      if (vmId === null) return [place];
      const key = `${sdkUuid ?? sdkServer ?? vmUuid ?? ''} ${vmId}`.toLowerCase();
      if (seen.has(key)) {
        repeated += 1;
        return [];
      }
      seen.add(key);
      return [place];
    });
    if (repeated > 0) {
      const message = `tab vInfo: ${repeated} rows repeat a machine and were left out`;
      const about = { file: this.#file, machineId: null };
      this.#problems.push(problemOf('information', 'RVTOOLS_MALFORMED', message, about));
    }
    return places;
  }
}

/** By name, and by vCenter and name; null where several clusters have the name. */
function clustersByName(rows: readonly ClusterRow[]): ReadonlyMap<string, ClusterRow | null> {
  const clusters = new Map<string, ClusterRow | null>();
  for (const row of rows) {
    if (row.name === null) continue;
    clusters.set(row.name, clusters.has(row.name) ? null : row);
    if (row.sdkUuid !== null) clusters.set(`${row.sdkUuid}\n${row.name}`, row);
  }
  return clusters;
}

function clusterOf(
  { cluster, sdkUuid }: InfoRow,
  clusters: ReadonlyMap<string, ClusterRow | null>,
): ClusterRow | undefined {
  if (cluster === null) return undefined;
  return clusters.get(`${sdkUuid ?? ''}\n${cluster}`) ?? clusters.get(cluster) ?? undefined;
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
