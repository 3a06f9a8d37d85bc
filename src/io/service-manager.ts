import { execa } from 'execa';

const TIME_LIMIT = 5_000;

/**
 * Tells systemd that the service can be used, or that it is ending (sd_notify(3)); nothing where systemd did not start
 * us. By its own program, since Node has no sockets of that kind. Never rejects: without it the service runs as well.
 */
export async function tellServiceManager(state: 'ready' | 'stopping'): Promise<void> {
  if ((process.env.NOTIFY_SOCKET ?? '') === '') return;
  await execa('systemd-notify', [state === 'ready' ? 'READY=1' : 'STOPPING=1'], {
    stdin: 'ignore',
    timeout: TIME_LIMIT,
    reject: false,
  });
}
