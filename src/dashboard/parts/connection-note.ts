import { html, nothing, type TemplateResult } from 'lit';
import type { Connection, Live } from '../client/live.js';
import { span } from '../words/amounts.js';
import { clockWithSeconds } from '../words/times.js';
import { Part } from './part.js';

/** What is shown is called old when the service has said nothing for so long. */
const OLD_MS = 60_000;

const WORDS: Readonly<Record<Connection, string>> = {
  connecting: 'Connecting',
  live: 'Live',
  asking: 'Asking every few seconds',
  lost: 'Disconnected',
};

/** Whether what is on the page is as things are now. */
class ConnectionNote extends Part {
  static override properties = { live: { attribute: false } };
  declare live: Live;
  #leave: (() => void) | null = null;
  #timer: ReturnType<typeof setInterval> | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#leave = this.live.on('connection', () => this.requestUpdate());
    this.#timer = setInterval(() => this.requestUpdate(), 1000);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#leave?.();
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  protected override render(): TemplateResult {
    const { connection, heardAt, retryAt } = this.live;
    const silent = Date.now() - heardAt;
    const cut = connection === 'lost' || silent > OLD_MS;
    return html`<span class="connection ${connection}" title="Last heard at ${clockWithSeconds(heardAt)}">${WORDS[connection]}</span>
      ${cut ? this.#alarm(silent, retryAt) : nothing}`;
  }

  #alarm(silent: number, retryAt: number | null): TemplateResult {
    const wait = retryAt === null ? 0 : Math.max(0, retryAt - Date.now());
    return html`<div class="alarm">
      <p><strong>Disconnected.</strong> What you see is ${span(silent)} old. The service goes on without this page.
        ${wait > 0 ? `Trying again in ${span(wait)}.` : 'Trying again…'}</p>
      <button @click=${() => this.live.retryNow()}>Try now</button>
    </div>`;
  }
}

customElements.define('xenferry-connection', ConnectionNote);
