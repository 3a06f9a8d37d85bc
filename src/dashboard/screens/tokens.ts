import { html, nothing, type TemplateResult } from 'lit';
import { harmless } from '../../model/harmless.js';
import type { IssuedToken, Role, Token } from '../documents.js';
import { ROLES } from '../documents.js';
import { name, time } from '../parts/elements.js';
import { submitted, textOf } from '../parts/forms.js';
import { Screen } from '../parts/screen.js';

const DAY_MS = 86_400_000;

const ROLE_WORDS: Readonly<Record<Role, string>> = {
  viewer: 'Viewer: sees everything, changes nothing',
  operator: 'Operator: plans, starts and orders',
  admin: 'Admin: also tokens and deleting',
};

const LIVES = [
  { days: 1, title: 'One day' },
  { days: 30, title: '30 days' },
  { days: 365, title: 'One year' },
  { days: null, title: 'Until it is revoked' },
] as const;

/** Who may use the service. */
class TokensScreen extends Screen<readonly Token[]> {
  #made: IssuedToken | null = null;

  protected override async load(): Promise<readonly Token[]> {
    return (await this.app.api.tokens()).items;
  }

  protected override page(tokens: readonly Token[]): TemplateResult {
    const now = Date.now();
    return html`<h1>Tokens</h1>
      ${this.#made === null ? nothing : this.#secret(this.#made)}
      <form class="panel row-form" @submit=${(event: SubmitEvent) => void this.#create(event)} aria-label="New token">
        <label>Name <input name="name" required maxlength="200" autocomplete="off"></label>
        <label>Role <select name="role">${ROLES.map((role) => html`<option value=${role}>${ROLE_WORDS[role]}</option>`)}</select></label>
        <label>Good for <select name="life">${LIVES.map(({ days, title }) => html`<option value=${days ?? ''} ?selected=${days === 30}>${title}</option>`)}</select></label>
        <button class="primary">Make a token</button>
      </form>
      <div class="panel scroll"><table>
        <caption class="hidden">All tokens</caption>
        <thead><tr><th scope="col">Name</th><th scope="col">Role</th><th scope="col" class="mid">Made</th><th scope="col" class="mid">Good until</th><th scope="col" class="mid">Last used</th><th scope="col" class="act"><span class="hidden">Actions</span></th></tr></thead>
        <tbody>${tokens.map(
          (
            token,
          ) => html`<tr><th scope="row">${name(token.name)}</th><td>${token.role}</td><td class="mid">${time(token.createdAt, now)}</td>
          <td class="mid">${token.expiresAt === null ? 'no end' : time(token.expiresAt, now)}</td><td class="mid">${token.lastUsedAt === null ? 'never' : time(token.lastUsedAt, now)}</td>
          <td class="act"><button class="quiet" @click=${() => void this.#revoke(token)}>Revoke<span class="hidden"> ${harmless(token.name)}</span></button></td></tr>`,
        )}</tbody></table></div>`;
  }

  #secret({ name: token, token: secret }: IssuedToken): TemplateResult {
    return html`<div class="note done" role="alert"><p><strong>Token “${harmless(token)}”</strong>, shown this once. Copy it now.</p>
      <p><code class="secret">${secret}</code></p>
      <div class="buttons"><button @click=${() => void navigator.clipboard.writeText(secret).then(() => this.app.announce('Copied.'))}>Copy</button>
        <button @click=${this.#hide}>Done</button></div></div>`;
  }

  #hide(): void {
    this.#made = null;
    this.requestUpdate();
  }

  async #create(event: SubmitEvent): Promise<void> {
    const filled = submitted(event);
    if (filled === null) return;
    const role = ROLES.find((each) => each === textOf(filled.fields, 'role')) ?? 'viewer';
    const days = Number(textOf(filled.fields, 'life'));
    const token = {
      name: textOf(filled.fields, 'name'),
      role,
      expiresAt: days === 0 ? null : Date.now() + days * DAY_MS,
    };
    const made = await this.attempt(async () => {
      this.#made = await this.app.api.createToken(token);
    });
    if (made) filled.form.reset();
    if (made) await this.refresh();
  }

  async #revoke({ id, name: token }: Token): Promise<void> {
    const answer = await this.app.ask({
      title: `Revoke token “${token}”?`,
      choices: [
        {
          value: 'revoke',
          label: 'Revoke',
          action: 'Revoke token',
          grave: true,
          consequences: [
            'Whoever uses it is signed out at once.',
            'It cannot be given back; a new one can be made.',
          ],
        },
      ],
    });
    if (answer === null) return;
    if (await this.attempt(() => this.app.api.deleteToken(id))) this.app.announce(`Revoked: ${token}.`);
    await this.refresh();
  }
}

customElements.define('xenferry-tokens', TokensScreen);
