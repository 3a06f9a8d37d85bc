import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { harmless } from '../../model/harmless.js';
import { Part } from './part.js';

export interface Choice {
  /** What `ask` answers with. */
  readonly value: string;
  readonly label: string;
  /** What will happen, one sentence each. */
  readonly consequences: readonly string[];
  /** Of the button. */
  readonly action: string;
  /** Whether it loses anything. */
  readonly grave: boolean;
}

export interface Question {
  readonly title: string;
  /** With more than one the operator chooses first. */
  readonly choices: readonly Choice[];
}

/** Asks before something is done, and says what that will be. The browser keeps the focus in it and returns it. */
export class ConfirmDialog extends Part {
  static override properties = { question: { attribute: false } };
  declare question: Question | null;
  #chosen = 0;
  #answer: ((value: string | null) => void) | null = null;

  constructor() {
    super();
    this.question = null;
  }

  ask(question: Question): Promise<string | null> {
    this.#answer?.(null);
    this.#chosen = 0;
    this.question = question;
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  protected override updated(changed: PropertyValues): void {
    if (!changed.has('question') || this.question === null) return;
    const dialog = this.querySelector('dialog');
    if (dialog !== null && !dialog.open) dialog.showModal();
  }

  protected override render(): TemplateResult | typeof nothing {
    const { question } = this;
    const choice = question?.choices[this.#chosen];
    if (question === null || choice === undefined) return nothing;
    return html`<dialog class="dialog" aria-labelledby="ask-title" aria-describedby="ask-text" @close=${this.#closed}>
      <form method="dialog">
        <h2 id="ask-title">${harmless(question.title)}</h2>
        ${question.choices.length > 1 ? this.#choices(question) : nothing}
        <ul id="ask-text" class="consequences" aria-live="polite">
          ${choice.consequences.map((sentence) => html`<li>${harmless(sentence)}</li>`)}
        </ul>
        <div class="buttons end">
          <button value="">Back</button>
          <button class=${choice.grave ? 'grave' : 'primary'} value=${choice.value} ?autofocus=${!choice.grave}>${choice.action}</button>
        </div>
      </form>
    </dialog>`;
  }

  #choices({ choices }: Question): TemplateResult {
    return html`<fieldset class="choices">
      <legend>What shall happen?</legend>
      ${choices.map(
        ({ label }, index) => html`<label><input type="radio" name="choice" .checked=${index === this.#chosen}
          @change=${() => this.#choose(index)}> ${label}</label>`,
      )}
    </fieldset>`;
  }

  #choose(index: number): void {
    this.#chosen = index;
    this.requestUpdate();
  }

  #closed(event: Event): void {
    const dialog = event.target;
    const value = dialog instanceof HTMLDialogElement ? dialog.returnValue : '';
    if (dialog instanceof HTMLDialogElement) dialog.returnValue = '';
    const answer = this.#answer;
    this.#answer = null;
    this.question = null;
    answer?.(value === '' ? null : value);
  }
}

customElements.define('xenferry-confirm', ConfirmDialog);
