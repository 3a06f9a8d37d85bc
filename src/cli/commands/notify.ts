import { basename, dirname, resolve } from 'node:path';
import { loadProfiles } from '../../guests/profiles/index.js';
import { XenferryError } from '../../model/errors.js';
import { type Channel, notificationChannels, testChannel } from '../../notifications/index.js';
import { prepare } from '../../planning/index.js';
import type { Command } from '../command.js';
import { exitCodeOfCounts } from '../exit-codes.js';
import { type CommonOptions, green, printJson, printLine, red } from '../output.js';

interface Options extends CommonOptions {
  readonly migration: string;
}

export const notifyCommand: Command<Options> = {
  builder: (args) =>
    args
      .positional('migration', { type: 'string', demandOption: true, describe: 'Migration file' })
      .example('$0 notify migration.yaml', 'Whether mails and webhooks get through, before the night'),
  handler: async ({ migration: file, json }) => {
    const { migration, folder } = await prepare(file, await loadProfiles());
    const channels = notificationChannels(migration.notifications ?? [], folder);
    if (channels.length === 0) {
      throw new XenferryError('CONFIG_INVALID', 'it has no notifications', {
        file,
        hint: 'Say who is to be told under `notifications`; docs/notifications.md tells how.',
      });
    }
    const name = basename(dirname(resolve(file)));
    const outcomes = await Promise.all(channels.map((channel) => tried(channel, name)));
    if (json) printJson({ channels: outcomes });
    else for (const outcome of outcomes) printOutcome(outcome);
    process.exitCode = exitCodeOfCounts(
      outcomes.filter(({ error }) => error !== null).length,
      outcomes.length,
    );
  },
};

interface Outcome {
  readonly channel: string;
  readonly error: { readonly code: string; readonly message: string; readonly hint: string } | null;
}

async function tried(channel: Channel, name: string): Promise<Outcome> {
  const error = await testChannel(channel, name);
  if (error === null) return { channel: channel.name, error };
  const { code, message, hint } = error;
  return { channel: channel.name, error: { code, message, hint } };
}

function printOutcome({ channel, error }: Outcome): void {
  if (error === null) printLine(`${green('ok')}: ${channel}`);
  else printLine(`${red('failed')}: ${channel}: ${error.message} (${error.code})\n  hint: ${error.hint}`);
}
