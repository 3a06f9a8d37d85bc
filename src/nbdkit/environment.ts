/**
 * Where nbdkit runs: nothing of ours that may be secret, and no LD_LIBRARY_PATH. The plugin sets that for itself, by
 * starting anew (nbdkit-vddk-plugin(1), "No need to set LD_LIBRARY_PATH"): with VDDK's own libstdc++ and OpenSSL in its
 * way, nbdkit itself might not even start.
 */
export function nbdkitEnvironment(): Record<string, string> {
  const { PATH = '', HOME, TMPDIR } = process.env;
  return {
    LC_ALL: 'C.UTF-8',
    PATH: `${PATH}:/usr/sbin:/sbin`,
    // VDDK keeps its settings and its logs there.
    ...(HOME !== undefined && { HOME }),
    ...(TMPDIR !== undefined && { TMPDIR }),
  };
}
