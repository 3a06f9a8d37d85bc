import type { VddkSettings } from '../model/live.js';
import type { VddkDisk } from './vddk-disk.js';

/** The descriptor in nbdkit from which it reads the password. */
const PASSWORD_DESCRIPTOR = 3;

/** What nbdkit calls the plugin where the migration file does not say where it is. */
const PLUGIN = 'vddk';

/**
 * What nbdkit is started with to serve one disk on a Unix socket (nbdkit(1), nbdkit-vddk-plugin(1)). The password is not
 * among it: whoever lists the processes sees all this.
 */
export function vddkArguments(
  { server, port, user, thumbprint, machine, snapshot, file }: VddkDisk,
  { library, plugin, transports }: VddkSettings,
  { socket, pidFile }: { readonly socket: string; readonly pidFile: string },
): string[] {
  const parameters: Readonly<Record<string, string>> = {
    libdir: library,
    server,
    port: String(port),
    user,
    password: `-${PASSWORD_DESCRIPTOR}`,
    thumbprint,
    vm: `moref=${machine}`,
    ...(snapshot !== null && { snapshot }),
    transports,
    file,
  };
  return [
    '--exit-with-parent',
    '--readonly',
    '--log=stderr',
    `--unix=${socket}`,
    `--pidfile=${pidFile}`,
    plugin ?? PLUGIN,
    ...Object.entries(parameters).map(([name, value]) => `${name}=${value}`),
  ];
}

/** What nbdkit is started with to tell about the plugin. A path to a library that is not there makes it fail. */
export function dumpArguments({ library, plugin }: VddkSettings): string[] {
  return [plugin ?? PLUGIN, '--dump-plugin', `libdir=${library}`];
}
