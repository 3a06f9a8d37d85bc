import type { Command } from '../command.js';
import { type CommonOptions, printLine } from '../output.js';

const SHELLS = ['bash', 'zsh'] as const;

interface Options extends CommonOptions {
  readonly shell: (typeof SHELLS)[number];
}

export const completionCommand: Command<Options> = {
  builder: (args) =>
    args
      .positional('shell', { choices: SHELLS, demandOption: true, describe: 'For which shell' })
      .example(
        '$0 completion bash > /etc/bash_completion.d/xenferry',
        'For everybody, from the next login on',
      )
      .example('$0 completion zsh > ~/.zfunc/_xenferry', 'Where ~/.zfunc is in fpath before compinit'),
  handler: async ({ shell }) => printLine(SCRIPTS[shell]),
};

/** SHELL decides how the candidates are told, and is the login shell, which need not be the one that asks. */
const SCRIPTS: Record<Options['shell'], string> = {
  bash: `# bash completion for xenferry
_xenferry() {
  local word=\${COMP_WORDS[COMP_CWORD]} candidates
  candidates=$(SHELL=bash "$1" --get-yargs-completions "\${COMP_WORDS[@]:0:COMP_CWORD+1}" 2>/dev/null)
  mapfile -t COMPREPLY < <(compgen -W "$candidates" -- "$word")
}
# File names where there is nothing else to propose.
complete -o bashdefault -o default -F _xenferry xenferry`,
  zsh: `#compdef xenferry
# zsh completion for xenferry
_xenferry() {
  local -a candidates
  candidates=(\${(f)"$(SHELL=zsh \${words[1]} --get-yargs-completions "\${(@)words[1,CURRENT]}" 2>/dev/null)"})
  if (( \${#candidates} )); then
    _describe xenferry candidates
  else
    _files
  fi
}
if [[ $funcstack[1] == _xenferry ]]; then
  _xenferry "$@"
else
  compdef _xenferry xenferry
fi`,
};
