import type { GuestFiles } from '../../../files/guest-files.js';
import { firstExisting } from '../text-files.js';

/** `modules.alias` of a distribution's kernel is about 1.5 MiB. */
const MAX_LIST_BYTES = 32 * 1024 * 1024;

interface KernelModule {
  readonly name: string;
  /** Relative to the kernel's folder: `kernel/drivers/block/xen-blkfront.ko.xz`. */
  readonly path: string;
  /** Paths, nearest first. */
  readonly dependencies: readonly string[];
}

/** The modules of an installed kernel as depmod listed them. */
export interface KernelModules {
  /** `/lib/modules/<version>`. */
  readonly folder: string;
  /** By name, in depmod's order. */
  readonly byName: ReadonlyMap<string, KernelModule>;
  readonly builtin: ReadonlySet<string>;
  /** Whether the kernel tells what is built in (since 2.6.33). */
  readonly tellsBuiltin: boolean;
  readonly aliases: readonly { readonly alias: string; readonly name: string }[];
}

/** `xen_blkfront` of `kernel/drivers/block/xen-blkfront.ko.xz`; null for what is no module's path. */
export function moduleName(path: string): string | null {
  const match = /([^/]+)\.ko(?:\.(?:gz|xz|zst))?$/.exec(path);
  return match?.[1]?.replaceAll('-', '_') ?? null;
}

/** Null when the guest has no modules of this kernel. Rejects with GUEST_UNREADABLE. */
export async function readKernelModules(files: GuestFiles, version: string): Promise<KernelModules | null> {
  const folder = await firstExisting(files, [`/lib/modules/${version}`, `/usr/lib/modules/${version}`]);
  if (folder === null) return null;
  const dep = await readList(files, `${folder}/modules.dep`);
  if (dep === null) return null;
  const byName = new Map<string, KernelModule>();
  for (const line of dep.split('\n')) {
    const [path = '', rest = ''] = line.split(/:(.*)/);
    const relative = inFolder(path, folder);
    const name = moduleName(relative);
    if (name === null) continue;
    const dependencies = rest.split(/\s+/).filter((part) => part !== '');
    byName.set(name, {
      name,
      path: relative,
      dependencies: dependencies.map((part) => inFolder(part, folder)),
    });
  }
  const builtin = await readList(files, `${folder}/modules.builtin`);
  const names = (builtin ?? '').split('\n').flatMap((line) => moduleName(line.trim()) ?? []);
  return {
    folder,
    byName,
    builtin: new Set(names),
    tellsBuiltin: builtin !== null,
    aliases: parseAliases((await readList(files, `${folder}/modules.alias`)) ?? ''),
  };
}

function parseAliases(text: string): { alias: string; name: string }[] {
  return text.split('\n').flatMap((line) => {
    const match = /^alias\s+(\S+)\s+(\S+)/.exec(line);
    return match?.[1] === undefined || match[2] === undefined
      ? []
      : [{ alias: match[1], name: match[2].replaceAll('-', '_') }];
  });
}

/** Older depmods write full paths. */
function inFolder(path: string, folder: string): string {
  const clean = path.trim();
  return clean.startsWith(`${folder}/`) ? clean.slice(folder.length + 1) : clean;
}

async function readList(files: GuestFiles, path: string): Promise<string | null> {
  return (await files.read(path, MAX_LIST_BYTES))?.toString('latin1') ?? null;
}
