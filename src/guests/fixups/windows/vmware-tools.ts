import type { Hive } from '../../registry/hive.js';
import { openSoftwareHive } from '../../registry/windows-hives.js';
import type { Fixup } from '../fixup.js';
import { emptyNotes } from '../notes.js';
import { addScript, ONCE_FOLDER } from './first-boot-scripts.js';
import { msiLine } from './msi.js';

const UNINSTALL = 'Microsoft\\Windows\\CurrentVersion\\Uninstall';
const UNINSTALL_KEYS: readonly string[] = [UNINSTALL, `Wow6432Node\\${UNINSTALL}`];
const GUID = /^\{[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}\}$/i;
/** ERROR_UNKNOWN_PRODUCT: it is gone already. */
const NOT_INSTALLED = 1605;

/** Has Windows Installer remove VMware Tools at the first start. */
export const vmwareTools: Fixup = {
  id: 'windows/vmware-tools',
  title: 'VMware Tools',
  async run(_guest, files) {
    const notes = emptyNotes();
    const { hive } = await openSoftwareHive(files);
    const products = findProducts(hive);
    if (products.length === 0) return notes;
    const lines = ['@echo off', 'set RESULT=0'];
    for (const product of products) {
      lines.push(
        await msiLine(files, `/x ${product} /qn /norestart REBOOT=ReallySuppress`),
        `if not "%errorlevel%"=="0" if not "%errorlevel%"=="${NOT_INSTALLED}" set RESULT=%errorlevel%`,
      );
    }
    lines.push('exit /b %RESULT%');
    await addScript(files, `${ONCE_FOLDER}/20-vmware-tools.cmd`, lines);
    notes.atFirstBoot.push('VMware Tools are uninstalled.');
    return notes;
  },
};

function findProducts(hive: Hive): readonly string[] {
  const products = UNINSTALL_KEYS.flatMap((path) => hive.key(path)?.subkeys() ?? [])
    .filter((key) => GUID.test(key.name) && key.string('DisplayName')?.toLowerCase() === 'vmware tools')
    .map(({ name }) => name.toUpperCase());
  return [...new Set(products)];
}
