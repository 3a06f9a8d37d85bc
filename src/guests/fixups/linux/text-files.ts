import type { GuestFiles } from '../../files/guest-files.js';

/** Configuration files are below a few hundred KiB; grub.cfg with many snapshots is the largest. */
const MAX_TEXT_BYTES = 8 * 1024 * 1024;

/** More names than a configuration folder has. */
const MAX_NAMES = 10_000;

/** A file's bytes as characters 0-255, so that what is not touched goes back as it was; null where there is none. */
export async function readText(files: GuestFiles, path: string): Promise<string | null> {
  return (await files.read(path, MAX_TEXT_BYTES))?.toString('latin1') ?? null;
}

export async function writeText(files: GuestFiles, path: string, text: string, mode?: number): Promise<void> {
  await files.write(path, Buffer.from(text, 'latin1'), mode === undefined ? {} : { mode });
}

/** Rewrites a file where `change` changes its text; whether it did. Nothing happens where there is no file. */
export async function editText(
  files: GuestFiles,
  path: string,
  change: (text: string) => string,
): Promise<boolean> {
  const old = await readText(files, path);
  if (old === null) return false;
  const changed = change(old);
  if (changed === old) return false;
  await writeText(files, path, changed);
  return true;
}

/** Each line, without its end, goes through `change`; null takes the line out. Line ends stay as they are. */
export function mapLines(text: string, change: (line: string) => string | null): string {
  return text
    .split(/(?<=\n)/)
    .map((raw) => {
      const line = raw.replace(/\r?\n$/, '');
      const changed = change(line);
      return changed === null ? '' : changed + raw.slice(line.length);
    })
    .join('');
}

/** `line` at the end of a text, with the text's own line ends. */
export function withLine(text: string, line: string): string {
  const end = text.includes('\r\n') ? '\r\n' : '\n';
  const gap = text === '' || text.endsWith('\n') ? '' : end;
  return `${text}${gap}${line}${end}`;
}

/** Full paths of a folder's entries that match. */
export async function pathsIn(files: GuestFiles, folder: string, pattern: RegExp): Promise<string[]> {
  const names = await files.list(folder);
  return names
    .slice(0, MAX_NAMES)
    .filter((name) => pattern.test(name))
    .map((name) => `${folder}/${name}`);
}

export async function exists(files: GuestFiles, path: string): Promise<boolean> {
  return (await files.entry(path)) !== null;
}

/** The first of the paths where there is something, or null. */
export async function firstExisting(files: GuestFiles, paths: readonly string[]): Promise<string | null> {
  for (const path of paths) {
    if (await exists(files, path)) return path;
  }
  return null;
}

/** `KEY=value` lines of shell-like files, quotes taken off, comments left out; later lines win. */
export function shellSettings(text: string): Map<string, string> {
  const settings = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(?:"([^"]*)"|'([^']*)'|([^\s#]*))/.exec(line);
    if (match?.[1] !== undefined) settings.set(match[1], match[2] ?? match[3] ?? match[4] ?? '');
  }
  return settings;
}

/** Sections of an INI-like file (NetworkManager keyfiles, systemd units, yum repositories), in order. */
export function iniSections(text: string): { name: string; settings: Map<string, string> }[] {
  const sections: { name: string; settings: Map<string, string> }[] = [];
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.trim();
    if (line === '' || /^[#;]/.test(line)) continue;
    const header = /^\[([^\]]*)\]/.exec(line);
    if (header?.[1] !== undefined) {
      sections.push({ name: header[1], settings: new Map() });
      continue;
    }
    const separator = line.indexOf('=');
    if (separator > 0) {
      const value = line.slice(separator + 1).trim();
      sections.at(-1)?.settings.set(line.slice(0, separator).trim().toLowerCase(), value);
    }
  }
  return sections;
}
