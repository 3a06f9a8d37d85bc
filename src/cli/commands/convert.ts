import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type ConvertedFile, convertFile, type OutputFormat } from '../../coordinator/convert-file.js';
import { convertStream } from '../../coordinator/convert-stream.js';
import { formatBytes, formatRate, formatSeconds } from '../../model/format.js';
import type { Command } from '../command.js';
import { DIGEST_OPTION } from '../digest-option.js';
import { interruptible } from '../interrupt.js';
import { progressText } from '../live-view.js';
import { type CommonOptions, note, printJson, printLine } from '../output.js';
import { countOption } from '../threads.js';
import { Throughput } from '../throughput.js';

interface Options extends CommonOptions {
  readonly in: string;
  readonly out: string;
  readonly format: OutputFormat | undefined;
  readonly workers: number | undefined;
  readonly digest: 'xxh64' | 'sha256';
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
      .positional('out', {
        type: 'string',
        demandOption: true,
        describe: 'File to write, or - for a pipe',
        // Yargs makes empty text of a lone dash.
        coerce: (out: string) => out || '-',
      })
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
      .option('digest', DIGEST_OPTION)
      .option('force', { type: 'boolean', default: false, describe: 'Replace OUT' })
      .example('$0 convert disk.vmdk disk.vhd', 'A dynamic VHD as XenServer makes it')
      .example('$0 convert disk.vmdk disk.img --format raw', 'A sparse raw image')
      .example('$0 convert disk.vmdk - --format raw | ssh host dd of=/dev/vg/disk bs=2M', 'A pipe'),
  handler: async (options) => {
    const threads = countOption('workers', options.workers);
    const format = options.format ?? FORMATS.find((known) => options.out.endsWith(`.${known}`)) ?? 'vhd';
    const throughput = new Throughput();
    const startedAt = Date.now();
    const common = { format, threads, digest: options.digest, input: resolve(options.in) };
    const onProgress = ({ doneBytes, totalBytes }: { doneBytes: number; totalBytes: number }) => {
      throughput.update(doneBytes);
      if (process.stderr.isTTY !== true || options.json) return;
      process.stderr.write(`\r\u001b[K${progressText(doneBytes, totalBytes, throughput.bytesPerSecond)}`);
    };
    const result = await interruptible((signal) =>
      options.out === '-'
        ? convertStream({
            ...common,
            signal,
            onProgress,
            output: process.stdout,
            scratch: join(tmpdir(), `xenferry-${process.pid}.source.partial`),
          })
        : convertFile({
            ...common,
            signal,
            onProgress,
            output: resolve(options.out),
            force: options.force,
          }),
    );
    if (process.stderr.isTTY === true && !options.json) process.stderr.write('\r\u001b[K');
    for (const message of result.notes) note(`note: ${message}`);
    tell(result, (Date.now() - startedAt) / 1000, options.json);
  },
};

/** On standard error where the disk itself goes to standard output. */
function tell(result: ConvertedFile, seconds: number, json: boolean): void {
  const { output, dataBytes, fileBytes } = result;
  const text = `${output}: ${formatBytes(fileBytes)}, ${formatBytes(dataBytes)} of data in ${formatSeconds(seconds)}, ${formatRate(dataBytes, seconds)}`;
  if (output === '-') note(json ? JSON.stringify({ ...result, seconds }) : text);
  else if (json) printJson({ ...result, seconds });
  else printLine(text);
}
