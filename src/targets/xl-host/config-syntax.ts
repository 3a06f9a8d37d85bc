/** A value of xl.cfg(5). */
export type ConfigValue = string | number | readonly string[];

/**
 * `name = value`, one a line. Text is quoted so that it stays text: backslash and quotation mark are escaped, line ends
 * written as `\n` and `\r`. Escapes by number are not used, xl reads them in its own way (libxlu_cfg.c, dequote).
 */
export function encodeConfig(settings: readonly (readonly [name: string, value: ConfigValue])[]): string {
  return settings.map(([name, value]) => `${name} = ${encodeValue(value)}\n`).join('');
}

/** Lines that xl passes over. */
export function encodeComments(lines: readonly string[]): string {
  return lines.map((line) => `# ${line.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')}\n`).join('');
}

function encodeValue(value: ConfigValue): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return encodeText(value);
  if (value.length < 2) return `[${value.map(encodeText).join('')}]`;
  return `[\n${value.map((text) => `  ${encodeText(text)},\n`).join('')}]`;
}

function encodeText(text: string): string {
  const escaped = text
    .replaceAll('\0', '')
    .replaceAll(/[\\"]/g, '\\$&')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r');
  return `"${escaped}"`;
}
