import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { MemoryContent } from '../memory-files.js';

interface KernelFiles {
  /** `/lib/modules`, or where that leads to. */
  readonly folder?: string;
  /** Modules by path without `.ko`, with those they need, by path too. */
  readonly modules: Readonly<Record<string, readonly string[]>>;
  /** `.ko`, `.ko.xz`, `.ko.zst`. */
  readonly ending?: string;
  /** Null where the kernel writes no list of them (before 2.6.33). */
  readonly builtin: readonly string[] | null;
  /** Depmod of module-init-tools before 3.7 writes full paths. */
  readonly fullPaths?: boolean;
}

/** A kernel's folder of modules with the lists that depmod writes; the modules are told by their names only. */
export function kernelFiles(
  version: string,
  { folder = '/lib/modules', modules, ending = '.ko', builtin, fullPaths = false }: KernelFiles,
): Record<string, MemoryContent> {
  const home = `${folder}/${version}`;
  const listed = (path: string) => `${fullPaths ? `${home}/` : ''}kernel/${path}${ending}`;
  const lines = Object.entries(modules).map(
    ([path, needed]) => `${[`${listed(path)}:`, ...needed.map(listed)].join(' ')}\n`,
  );
  return {
    [`/boot/vmlinuz-${version}`]: `kernel ${version}`,
    [`${home}/modules.dep`]: lines.join(''),
    [`${home}/modules.alias`]:
      '# Aliases extracted from modules themselves.\nalias pci:v00008086d00007010sv*sd*bc*sc*i* ata_piix\nalias xen:vbd xen_blkfront\n',
    ...(builtin === null
      ? {}
      : { [`${home}/modules.builtin`]: builtin.map((path) => `kernel/${path}.ko\n`).join('') }),
    ...Object.fromEntries(
      Object.keys(modules).map((path) => [`${home}/kernel/${path}${ending}`, `module ${version} ${path}`]),
    ),
  };
}

/** An archive that the cpio program makes of these files and links, through a program that packs it. */
export function initramfs(
  tree: Readonly<Record<string, string | { readonly link: string }>>,
  pack = 'cat',
): Buffer {
  const place = mkdtempSync(join(tmpdir(), 'xenferry-initramfs-'));
  try {
    for (const [path, content] of Object.entries(tree)) {
      mkdirSync(dirname(join(place, path)), { recursive: true });
      if (typeof content === 'string') writeFileSync(join(place, path), content);
      else symlinkSync(content.link, join(place, path));
    }
    const command = `find . -mindepth 1 | sort | cpio -o -H newc --quiet | ${pack}`;
    return execFileSync('sh', ['-c', command], { cwd: place });
  } finally {
    rmSync(place, { recursive: true });
  }
}

/** Modules as they lie in an initramfs. */
export function modulesIn(
  folder: string,
  paths: readonly string[],
  ending = '.ko',
): Readonly<Record<string, string>> {
  return Object.fromEntries(paths.map((path) => [`${folder}/kernel/${path}${ending}`, `module ${path}`]));
}
