import { join } from 'node:path';
import { XenferryError } from '../../../model/errors.js';
import { MIB } from '../../../model/units.js';
import type { HiveKey } from '../../registry/hive.js';
import { openSystemHive } from '../../registry/windows-hives.js';
import type { Fixup, InspectedGuest } from '../fixup.js';
import { emptyNotes } from '../notes.js';
import { namesIn, readPackage } from '../tools-folder.js';
import { addScript, FIRST_BOOT_FOLDER, ONCE_FOLDER, SCRIPT_FOLDER } from './first-boot-scripts.js';
import { msiLine } from './msi.js';
import { isAtLeast1607 } from './release.js';

const MAX_MSI_BYTES = 256 * MIB;
/** Services that installed tools bring. */
const AGENTS: readonly string[] = ['xenbus', 'xenagent', 'xensvc', 'XenSvc'];
/** `managementagent-9.4.0-x64.msi`, `XenTools-x64.msi`, `xenserver-vm-tools-x64.msi`, ... */
const NAME = /^(?:managementagent|xen-?tools|xenserver-?vm-?tools|xcp-ng[\w.-]*tools)[\w.-]*\.msi$/i;
/** The first tools that ask for Windows 10 1607. */
const TODAYS = [9, 4];

/** Puts the operator's MSI of Xen's guest tools into the guest and has it installed at the first start. */
export const guestTools: Fixup = {
  id: 'windows/guest-tools',
  title: 'Xen guest tools',
  async run(guest, files, { toolsFolder }) {
    const notes = emptyNotes();
    const { controlSet } = await openSystemHive(files);
    if (AGENTS.some((name) => isService(controlSet, name))) return notes;
    const name = toolsFolder === null ? null : choosePackage(await namesIn(toolsFolder), guest);
    if (toolsFolder === null || name === null) {
      const why =
        toolsFolder === null ? 'none were supplied' : `no MSI in ${toolsFolder} is for ${guest.title}`;
      notes.warnings.push(`Xen guest tools are not installed, ${why}: install them after the first start.`);
      return notes;
    }
    const bytes = await readPackage(join(toolsFolder, name), MAX_MSI_BYTES);
    // An MSI is a compound file ([MS-CFB] 2.2).
    if (bytes.length < 8 || bytes.readUInt32BE(0) !== 0xd0cf11e0)
      throw new XenferryError('SOURCE_UNREADABLE', 'this is no MSI package', {
        file: join(toolsFolder, name),
      });
    const path = `${FIRST_BOOT_FOLDER}/tools/${name}`;
    if ((await files.read(path, MAX_MSI_BYTES))?.equals(bytes) !== true) await files.write(path, bytes);
    const inGuest = `${SCRIPT_FOLDER}\\tools\\${name}`;
    await addScript(files, `${ONCE_FOLDER}/30-guest-tools.cmd`, [
      '@echo off',
      await msiLine(files, `/i ${inGuest} /qn /norestart`),
      'if "%errorlevel%"=="3010" goto done',
      'if not "%errorlevel%"=="0" exit /b %errorlevel%',
      ':done',
      `del /f /q ${inGuest}`,
      'exit /b 3010',
    ]);
    notes.atFirstBoot.push(`${name} is installed, then Windows restarts.`);
    return notes;
  },
};

function isService(controlSet: HiveKey, name: string): boolean {
  return controlSet.key(`Services\\${name}`) !== null;
}

/** By architecture and release; of several the one whose name sorts last, which is the newest. */
function choosePackage(names: readonly string[], guest: InspectedGuest): string | null {
  const fitting = names.filter(
    (name) => NAME.test(name) && fitsArchitecture(name, guest) && (isAtLeast1607(guest) || isOld(name)),
  );
  return fitting.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1) ?? null;
}

function fitsArchitecture(name: string, { architecture }: InspectedGuest): boolean {
  const is64 = /(?:x64|amd64|x86_64)\.msi$/i.test(name);
  const is32 = !is64 && /(?:x86|i[3-6]86)\.msi$/i.test(name);
  return architecture === 'i386' ? is32 : is64;
}

/** A name without a version is taken for tools of today. */
function isOld(name: string): boolean {
  const [, major, minor] = /[^\d](\d+)\.(\d+)/.exec(name) ?? [];
  if (major === undefined || minor === undefined) return false;
  return Number(major) * 1000 + Number(minor) < (TODAYS[0] ?? 0) * 1000 + (TODAYS[1] ?? 0);
}
