import { type Content, html, type Markup } from '../../model/html-markup.js';
import type { StorageEstimate } from '../../model/plan.js';
import { stacked, table } from '../html-elements.js';
import { badge } from '../html-words.js';
import { formatAmount } from './html-words.js';
import { type NetworkMapping, networkMappings, type StorageMapping, storageMappings } from './mappings.js';
import type { PlanPage } from './page-context.js';
import { shortage, storageName } from './shortage.js';

const NETWORK_COLUMNS = [
  { title: 'At the source' },
  { title: 'At the target' },
  { title: 'Cards', numeric: true },
  { title: 'Machines', numeric: true },
];

const STORAGE_COLUMNS = [
  { title: 'Datastore' },
  { title: 'At the target' },
  { title: 'Disks', numeric: true },
  { title: 'Disk space', numeric: true },
  { title: 'Data', numeric: true },
];

const SPACE_COLUMNS = [
  { title: 'Storage' },
  { title: 'Needed at most', numeric: true },
  { title: 'Free', numeric: true },
  { title: 'Verdict' },
];

/** Which network and which storage become which, and whether there is room; null without machines. */
export function mappings({ plan }: PlanPage): Markup | null {
  if (plan.machines.length === 0) return null;
  const networks = networkMappings(plan);
  const storages = storageMappings(plan);
  const space = plan.estimate.storage;
  return html`<section aria-labelledby="mappings">
<h2 id="mappings">Networks and storage</h2>
${
  networks.length === 0
    ? html`<p class="note">No machine has a network card.</p>`
    : html`<h3>Networks</h3>
${table('Networks of the source and what they become', NETWORK_COLUMNS, networks.map(networkRow))}`
}
${
  storages.length === 0
    ? html`<p class="note">No machine has a disk.</p>`
    : html`<h3>Storage</h3>
${table('Datastores and where their disks go', STORAGE_COLUMNS, storages.map(storageRow))}`
}
${
  space.length === 0
    ? null
    : html`<h3>Room</h3>
${table('Room needed and free at the target', SPACE_COLUMNS, space.map(spaceRow))}`
}
</section>`;
}

function networkRow({ from, to, mapped, cards, machines }: NetworkMapping): Content[] {
  return [from, stacked(to, mapped ? null : 'the same name: no mapping'), cards, machines];
}

function storageRow({ from, to, disks, capacityBytes, dataBytes }: StorageMapping): Content[] {
  return [from ?? 'not told', storageName(to), disks, formatAmount(capacityBytes), formatAmount(dataBytes)];
}

function spaceRow(estimate: StorageEstimate): Content[] {
  const { storage, bytes, freeBytes } = estimate;
  const short = shortage(estimate);
  return [
    storageName(storage),
    formatAmount(bytes),
    freeBytes === null ? null : formatAmount(freeBytes),
    short === null
      ? badge('Not known', 'quiet')
      : short > 0
        ? badge(`${formatAmount(short)} too little`, 'failed')
        : badge('Enough', 'done'),
  ];
}
