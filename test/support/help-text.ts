/** An entry of a help text: an option, a positional, an example or an exit code. */
export interface HelpEntry {
  readonly term: string;
  readonly description: string;
  /** What the help says in brackets, such as `choices: "a", "b"`. */
  readonly tags: readonly string[];
}

/** A help text as yargs prints it. */
export interface HelpText {
  readonly usage: string;
  readonly summary: string;
  /** By their titles, such as `Options`. */
  readonly sections: ReadonlyMap<string, readonly HelpEntry[]>;
}

/** Throws for a text that has no usage line. */
export function readHelp(text: string): HelpText {
  const [head = '', ...rest] = text.split(/^(?=[A-Z][A-Za-z ]+:$)/m);
  const [usage, ...summary] = head.split('\n').filter((line) => line.trim() !== '');
  if (usage === undefined) throw new Error(`no help text: ${text}`);
  const sections = rest.map((section): [string, HelpEntry[]] => {
    const [title = '', ...lines] = section.trimEnd().split('\n');
    return [title.replace(/:$/, ''), readEntries(lines)];
  });
  return { usage, summary: summary.join(' '), sections: new Map(sections) };
}

/** Two columns, in both of which text may be wrapped. */
function readEntries(lines: readonly string[]): HelpEntry[] {
  const second = /^(\s+\S+(?: \S+)*? {2,})\S/.exec(lines[0] ?? '')?.[1]?.length ?? 0;
  const entries: { term: string; description: string }[] = [];
  for (const line of lines) {
    const [left, right] = [line.slice(0, second).trim(), line.slice(second).trim()];
    const last = entries.at(-1);
    if (left !== '' && right !== '') entries.push({ term: left, description: right });
    else if (last !== undefined && left !== '') last.term += ` ${left}`;
    else if (last !== undefined) last.description += ` ${right}`;
  }
  return entries.map(({ term, description }) => {
    const at = description.search(/\[(?:string|boolean|number|array|required|choices|default)\b/);
    const tags = at < 0 ? '' : description.slice(at);
    return {
      term,
      description: (at < 0 ? description : description.slice(0, at)).trim(),
      tags: [...tags.matchAll(/\[((?:[^[\]]|\[\])*)\]/g)].map(([, tag = '']) => tag),
    };
  });
}
