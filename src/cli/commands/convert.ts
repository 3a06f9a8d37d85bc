import { resolve } from 'node:path';
import { convertFile, type OutputFormat } from '../../coordinator/convert-file.js';
import { formatBytes, formatRate, formatSeconds } from '../../model/format.js';
import type { Command } from '../command.js';
import { interruptible } from '../interrupt.js';
import { progressText } from '../live-view.js';
import { type CommonOptions, printJson, printLine } from '../output.js';
import { countOption } from '../threads.js';
import { Throughput } from '../throughput.js';

interface Options extends CommonOptions {
  readonly in: string;
  readonly out: string;
  readonly format: OutputFormat | undefined;
  readonly workers: number | undefined;
  readonly force: boolean;
}

const FORMATS: readonly OutputFormat[] = ['vhd', 'raw', 'xva'];

export const convertCommand: Command<Options> = {
  builder: (args) =>
    args
      .positional('in', {
        type: 'string',
        demandOption: true,
        describe: 'A .vmdk, or any image qemu-img reads',
      })
      .positional('out', { type: 'string', demandOption: true, describe: 'File to write' })
      .option('format', {
        choices: FORMATS,
        requiresArg: true,
        describe: "Default by OUT's extension, else vhd; xva makes a machine with this one disk",
      })
      .option('workers', {
        type: 'number',
        requiresArg: true,
        describe: 'Threads; default one per processor',
      })
      .option('force', { type: 'boolean', default: false, describe: 'Replace OUT' })
      .example('$0 convert disk.vmdk disk.vhd', 'A dynamic VHD as XenServer makes it')
      .example('$0 convert disk.vmdk disk.img --format raw', 'A sparse raw image'),
  handler: async (options) => {
    const threads = countOption('workers', options.workers);
    const format = options.format ?? FORMATS.find((known) => options.out.endsWith(`.${known}`)) ?? 'vhd';
    const throughput = new Throughput();
    const startedAt = Date.now();
    const result = await interruptible((signal) =>
      convertFile({
        input: resolve(options.in),
        output: resolve(options.out),
        format,
        threads,
        force: options.force,
        signal,
        onProgress: ({ doneBytes, totalBytes }) => {
          throughput.update(doneBytes);
          if (process.stderr.isTTY !== true || options.json) return;
          process.stderr.write(`\r\u001b[K${progressText(doneBytes, totalBytes, throughput.bytesPerSecond)}`);
        },
      }),
    );
    if (process.stderr.isTTY === true && !options.json) process.stderr.write('\r\u001b[K');
    const seconds = (Date.now() - startedAt) / 1000;
    if (options.json) printJson({ ...result, seconds });
    else {
      const { output, dataBytes, fileBytes } = result;
      printLine(
        `${output}: ${formatBytes(fileBytes)}, ${formatBytes(dataBytes)} of data in ${formatSeconds(seconds)}, ${formatRate(dataBytes, seconds)}`,
      );
    }
  },
};
