import type { Row } from './database.js';
import { masterRow, type PoolState, poolRow } from './pool-state.js';

/** How long to wait for an address that something else has got meanwhile. */
const RETRY_MS = 50;

function comeBack(state: PoolState, host: Row, milliseconds: number): void {
  state.schedule.after(milliseconds, () => {
    void state.controls
      .get(host.ref)
      ?.up()
      .catch(() => comeBack(state, host, RETRY_MS));
  });
}

/** Takes a host away, and brings it back after a while if that is told. */
export function takeDown(state: PoolState, host: Row, backAfterMs?: number): void {
  void state.controls.get(host.ref)?.down();
  if (backAfterMs !== undefined) {
    comeBack(state, host, backAfterMs);
  }
}

/** The host that is named by its number, or the one after the master. */
export function nextMaster(state: PoolState, number?: number): Row {
  const hosts = state.database.all('host');
  const master = masterRow(state);
  return hosts[number ?? (hosts.indexOf(master) + 1) % hosts.length] ?? master;
}

/** Another host becomes the master: the toolstacks of both start anew, which breaks all their connections. */
export function changeMaster(state: PoolState, host: Row): void {
  const old = masterRow(state);
  poolRow(state).set({ master: host.ref });
  for (const { ref } of new Set([old, host])) {
    state.booting.add(ref);
    state.controls.get(ref)?.drop();
    state.schedule.after(state.timings.restartMs, () => state.booting.delete(ref));
  }
}

/** Fills a repository, and makes the room free again after a while if that is told. */
export function fill(state: PoolState, sr: Row, forMs?: number): void {
  const free = sr.number('physical_size') - sr.number('physical_utilisation');
  sr.set({ physical_utilisation: sr.number('physical_size') });
  if (forMs !== undefined) {
    state.schedule.after(forMs, () => {
      sr.set({ physical_utilisation: sr.number('physical_utilisation') - free });
    });
  }
}
