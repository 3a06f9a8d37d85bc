import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeError } from '../io/positional-writer.js';
import { renderHtml } from './html.js';
import type { RunReport } from './run-report.js';

/**
 * Writes report.html and report.json into `folder`; each appears whole or not at all. Returns their paths.
 * Throws TARGET_NO_SPACE, TARGET_UNWRITABLE.
 */
export async function writeReport(
  report: RunReport,
  folder: string,
): Promise<{ html: string; json: string }> {
  const html = join(folder, 'report.html');
  const json = join(folder, 'report.json');
  await writeWhole(html, renderHtml(report));
  await writeWhole(json, `${JSON.stringify(report, null, 2)}\n`);
  return { html, json };
}

async function writeWhole(path: string, text: string): Promise<void> {
  try {
    await writeFile(`${path}.partial`, text);
    await rename(`${path}.partial`, path);
  } catch (error) {
    await rm(`${path}.partial`, { force: true });
    throw writeError(path, 0, error);
  }
}
