import { isDomainController, openSystemHive } from '../../registry/windows-hives.js';
import type { Fixup } from '../fixup.js';
import { emptyNotes, shown } from '../notes.js';
import { addScript, EACH_START_FOLDER, SCRIPT_FOLDER } from './first-boot-scripts.js';
import {
  type Adapter,
  findAdapters,
  forgetAdapter,
  isConfigured,
  persistentRoutes,
} from './network/adapters.js';
import { pairCards } from './network/pair-cards.js';
import { netshLines, powerShellScript, routeLines } from './network/restore-scripts.js';
import { isAtLeast, WINDOWS } from './release.js';

const SCRIPT = '10-network.cmd';
const POWER_SHELL_SCRIPT = 'network.ps1';
const POWER_SHELL = '%SystemRoot%\\System32\\WindowsPowerShell\\v1.0\\powershell.exe';

/**
 * Windows takes Xen's cards for new ones. What was set by hand for the old ones is set again at the next starts, for
 * the emulated card and later for Xen's own, both of which have the old card's MAC. The old cards are forgotten, so that none
 * keeps an address or a name from the new ones.
 */
export const network: Fixup = {
  id: 'windows/network',
  title: 'Network cards',
  async run(guest, files) {
    const notes = emptyNotes();
    const system = await openSystemHive(files);
    const { controlSet } = system;
    if (isDomainController(controlSet)) {
      notes.warnings.push(
        'This is a domain controller: never start the old machine again once this one runs, or replication breaks.',
      );
    }
    const adapters = findAdapters(controlSet);
    const { pairs, open } = pairCards(adapters, guest.nics);
    // Older ones have other commands, and nothing that would start them.
    const byScript = isAtLeast(guest, WINDOWS.vista);
    const configured = byScript ? pairs.filter(({ adapter }) => isConfigured(adapter)) : [];
    if (configured.length > 0) {
      const routes = routeLines(persistentRoutes(controlSet));
      if (isAtLeast(guest, WINDOWS.eight)) {
        await addScript(files, `${EACH_START_FOLDER}/${POWER_SHELL_SCRIPT}`, powerShellScript(configured));
        const script = `${SCRIPT_FOLDER}\\each-start\\${POWER_SHELL_SCRIPT}`;
        const run = `"${POWER_SHELL}" -NoProfile -NonInteractive -ExecutionPolicy Bypass -File "${script}"`;
        await addScript(files, `${EACH_START_FOLDER}/${SCRIPT}`, [
          '@echo off',
          run,
          'set RESULT=%errorlevel%',
          ...routes,
          'exit /b %RESULT%',
        ]);
      } else {
        await addScript(files, `${EACH_START_FOLDER}/${SCRIPT}`, [
          '@echo off',
          'setlocal',
          'set RESULT=0',
          ...netshLines(configured),
          ...routes,
          'exit /b %RESULT%',
        ]);
      }
    }
    for (const { adapter, mac } of configured)
      notes.atFirstBoot.push(`The card with MAC ${mac} gets ${summaryOf(adapter)}.`);
    if (configured.some(({ adapter }) => adapter.ipv6.length > 0))
      notes.warnings.push('IPv6 addresses that were set by hand are set again, their gateways are not.');
    const left = byScript ? open : adapters;
    for (const adapter of left.filter(isConfigured)) {
      const why = byScript ? 'It is not certain which network card has' : 'A network card had';
      notes.warnings.push(`${why} ${summaryOf(adapter)}: set it by hand after the first start.`);
    }
    for (const adapter of adapters) forgetAdapter(controlSet, adapter);
    if (adapters.length > 0) notes.done.push(`${adapters.length} network cards of VMware are forgotten.`);
    notes.registry.push(...(await system.save()));
    return notes;
  },
};

function summaryOf({ ipv4, ipv6, dns, gateways }: Adapter): string {
  const addresses = [...ipv4, ...ipv6].map(({ address, length }) => `${address}/${length}`);
  const parts = [
    ...(addresses.length > 0 ? [addresses.join(', ')] : []),
    ...(gateways.length > 0 ? [`gateway ${gateways.join(', ')}`] : []),
    ...(dns.length > 0 ? [`DNS ${dns.join(', ')}`] : []),
  ];
  return shown(parts.join('; '));
}
