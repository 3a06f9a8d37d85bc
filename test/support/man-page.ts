import type { HelpEntry, HelpText } from './help-text.js';

/** Tags that say nothing to a reader. */
const OBVIOUS = /^(?:string|boolean|number|array|default: (?:false|\[\]))$/;

/** The manual page of the program, from its own help and that of its commands, in the order of the former. */
export function manPage(version: string, program: HelpText, commands: readonly HelpText[]): string {
  const common = program.sections.get('Options') ?? [];
  return [
    `.\\" Made from xenferry --help; docs/development.md says how.`,
    `.TH XENFERRY 1 "" "xenferry ${version}" "User Commands"`,
    '.SH NAME',
    'xenferry \\- VMware machines in, Xen machines out',
    '.SH SYNOPSIS',
    '.B xenferry',
    '.I COMMAND',
    '[\\fIARGUMENT\\fR ...] [\\fIOPTION\\fR ...]',
    '.SH DESCRIPTION',
    'Converts VMware machines, many at a time, into VMs of a XenServer or XCP\\-ng pool or into files for one.',
    'Results go to standard output, everything else to standard error.',
    '.SH COMMANDS',
    ...commands.flatMap((command) => commandLines(command, common)),
    '.SH "COMMON OPTIONS"',
    ...common.flatMap(entryLines),
    '.SH "EXIT STATUS"',
    ...(program.sections.get('Exit codes') ?? []).flatMap(entryLines),
    '.SH ENVIRONMENT',
    '.TP',
    '.B NO_COLOR, TERM',
    'No colour when the first is set, or the second is',
    '.BR dumb .',
    '.SH FILES',
    '.TP',
    '.I TARGET/.xenferry/ledger.sqlite',
    'What was done and is safe; the same command goes on with it.',
    '.TP',
    '.I TARGET/report.html, TARGET/report.json',
    'What came of the last run.',
    '.SH "SEE ALSO"',
    '.BR xe (1),',
    '.BR qemu\\-img (1)',
    '',
  ].join('\n');
}

function commandLines({ usage, summary, sections }: HelpText, common: readonly HelpEntry[]): string[] {
  const own = (sections.get('Options') ?? []).filter(
    ({ term }) => !common.some((other) => other.term === term),
  );
  const examples = sections.get('Examples') ?? [];
  return [
    `.SS "${roff(usage)}"`,
    roff(`${summary}.`),
    ...(sections.get('Positionals') ?? []).flatMap(entryLines),
    ...own.flatMap(entryLines),
    ...(examples.length === 0 ? [] : ['.PP', 'Examples:']),
    ...examples.flatMap(({ term, description }) => [
      '.PP',
      '.RS 4',
      '.EX',
      roff(term),
      '.EE',
      roff(description),
      '.RE',
    ]),
  ];
}

function entryLines({ term, description, tags }: HelpEntry): string[] {
  const told = tags.filter((tag) => !OBVIOUS.test(tag));
  const text = told.length === 0 ? description : `${description} (${told.join('; ')})`;
  return ['.TP', `.B ${roff(term)}`, roff(text)];
}

/** Text as groff_char(7) has it: a plain hyphen or quote would come out as a typographic one. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replaceAll("'", '\\(aq')
    .replaceAll(/\P{ASCII}/gu, (character) => `\\[u${codePoint(character)}]`)
    .replace(/^\./, '\\&.');
}

function codePoint(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}
