/**
 * A text with `change` applied to the devices of `root=` and `resume=` wherever they stand; their mount points are as
 * fstab has them.
 */
export function mapKernelArguments(
  text: string,
  change: (device: string, mountPoint: string) => string,
): string {
  return text.replace(
    /(?<![\w.-])(root|resume)=(\/dev\/[\w/.:+-]+)/g,
    (_, key: string, device: string) => `${key}=${change(device, key === 'root' ? '/' : 'swap')}`,
  );
}

const GRUBENV_BYTES = 1024;

/** A grubenv block keeps its 1024 bytes: GRUB refuses it otherwise; as it was when it would not fit. */
export function mapGrubEnvironment(text: string, change: (text: string) => string): string {
  const padding = /#*$/.exec(text)?.[0] ?? '';
  const body = text.slice(0, text.length - padding.length);
  const changed = change(body);
  if (changed === body || text.length !== GRUBENV_BYTES || changed.length > GRUBENV_BYTES) return text;
  return changed.padEnd(GRUBENV_BYTES, '#');
}
