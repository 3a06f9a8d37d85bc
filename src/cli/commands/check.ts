import { resolve } from 'node:path';
import { checkFile, type FileCheck } from '../../coordinator/check-file.js';
import type { Command } from '../command.js';
import { EXIT } from '../exit-codes.js';
import { type CommonOptions, green, note, printJson, printLine, red } from '../output.js';

interface Options extends CommonOptions {
  readonly file: string;
}

export const checkCommand: Command<Options> = {
  builder: (args) =>
    args
      .positional('file', { type: 'string', demandOption: true, describe: '.vmdk, .vhd, .qcow2 or .xva' })
      .example('$0 check web01.xva', 'Every checksum, order and size that the importer relies on')
      .example('$0 check web01.vhd --json', "The rules of XenServer's vhd-util check"),
  handler: async ({ file, json }) => {
    const check = await checkFile(resolve(file));
    if (json) printJson(check);
    else printCheck(check);
    process.exitCode = check.findings.length === 0 ? EXIT.done : EXIT.allFailed;
  },
};

function printCheck({ file, format, findings, disks }: FileCheck): void {
  if (findings.length === 0)
    printLine(
      `${green('good')}: ${file} (${format}, ${disks.map((disk) => `${disk.virtualBytes} bytes`).join(', ')})`,
    );
  for (const finding of findings) note(`${red('bad')}: ${file}: ${finding}`);
}
