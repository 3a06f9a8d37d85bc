import { html, nothing, type TemplateResult } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import { Api } from './client/api.js';
import { type Connection, Live } from './client/live.js';
import { Problem } from './client/problem.js';
import { forgetToken, storedToken, storeToken } from './client/session-token.js';
import { type AppContext, may } from './context.js';
import type { Session } from './documents.js';
import './parts/connection-note.js';
import './parts/dialog.js';
import { ConfirmDialog } from './parts/dialog.js';
import { name, problemNote } from './parts/elements.js';
import { Part } from './parts/part.js';
import { addressOf, parseRoute, type Route } from './router.js';
import './screens/batch.js';
import './screens/batches.js';
import './screens/machine.js';
import './screens/overview.js';
import './screens/plan.js';
import './screens/reports.js';
import './screens/schedules.js';
import './screens/tokens.js';
import './screens/workers.js';
import { chooseTheme, chosenTheme, THEMES } from './theme.js';
import { TIME_ZONE } from './words/times.js';

/** How long what was announced stays on show. */
const NOTICE_MS = 8000;

const SPOKEN: Readonly<Record<Connection, string | null>> = {
  connecting: null,
  live: 'Connected. What is shown is up to date.',
  asking: 'The live stream is closed; the page asks every few seconds.',
  lost: 'Disconnected. What is shown becomes old.',
};

const PLACES = [
  { title: 'Overview', route: { screen: 'overview' } },
  { title: 'Batches', route: { screen: 'batches' } },
  { title: 'Schedules', route: { screen: 'schedules' } },
  { title: 'Reports', route: { screen: 'reports' } },
  { title: 'Workers', route: { screen: 'workers' } },
] as const satisfies readonly { title: string; route: Route }[];

/** The page: sign-in, the way around, one screen at a time, and what is common to all of them. */
class App extends Part {
  #context: AppContext | null = null;
  #route: Route | null = parseRoute(location.hash);
  #problem: Problem | null = null;
  #entering = false;
  #menuOpen = false;
  #notice = '';
  #noticeTimer: ReturnType<typeof setTimeout> | undefined;
  #connection: Connection = 'connecting';

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener('hashchange', this.#moved);
    const token = storedToken();
    if (token !== null) void this.#enter(token);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener('hashchange', this.#moved);
    this.#context?.live.close();
  }

  protected override render(): TemplateResult {
    return html`${this.#context === null ? this.#signIn() : this.#inside(this.#context)}
      <div class="notice" role="status" aria-live="polite" ?data-shown=${this.#notice !== ''}>${this.#notice}</div>
      <xenferry-confirm></xenferry-confirm>`;
  }

  readonly #moved = (): void => {
    this.#route = parseRoute(location.hash);
    this.#menuOpen = false;
    this.requestUpdate();
    void this.updateComplete.then(() => this.#focusScreen());
  };

  /** A new screen is read from its beginning. */
  #focusScreen(): void {
    window.scrollTo(0, 0);
    this.querySelector<HTMLElement>('main')?.focus({ preventScroll: true });
  }

  async #enter(token: string): Promise<void> {
    this.#entering = true;
    this.#problem = null;
    this.requestUpdate();
    try {
      const api = new Api(token);
      const session = await api.session();
      storeToken(token);
      this.#context = this.#contextOf(api, session);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#problem = error;
      if (error.isUnauthorized) forgetToken();
    } finally {
      this.#entering = false;
      this.requestUpdate();
    }
  }

  #contextOf(api: Api, session: Session): AppContext {
    const live = new Live(api);
    live.on('unauthorized', () => this.#leave('The token is no longer taken.'));
    live.on('connection', ({ detail }) => this.#connected(detail));
    return {
      api,
      live,
      session,
      announce: (text) => this.#announce(text),
      ask: async (question) => {
        const dialog = this.querySelector('xenferry-confirm');
        return dialog instanceof ConfirmDialog ? dialog.ask(question) : null;
      },
    };
  }

  #leave(why: string): void {
    this.#context?.live.close();
    this.#context = null;
    forgetToken();
    this.#announce(why);
    this.requestUpdate();
  }

  #connected(connection: Connection): void {
    const before = this.#connection;
    this.#connection = connection;
    const text = SPOKEN[connection];
    // The first connection goes without saying.
    if (before !== connection && before !== 'connecting' && text !== null) this.#announce(text);
  }

  #announce(text: string): void {
    clearTimeout(this.#noticeTimer);
    this.#notice = text;
    this.requestUpdate();
    this.#noticeTimer = setTimeout(() => {
      this.#notice = '';
      this.requestUpdate();
    }, NOTICE_MS);
  }

  #signIn(): TemplateResult {
    return html`<main class="sign-in" id="main" tabindex="-1">
      <h1>${mark()} Xenferry</h1>
      <form class="panel" @submit=${this.#submitted}>
        <label for="token">Token</label>
        <input id="token" name="token" type="password" autocomplete="off" spellcheck="false" required autofocus
          aria-describedby="token-help">
        <p id="token-help" class="soft">Made with <code>xenferry token</code> or by an administrator here. It stays in this tab and is
          forgotten when the tab is closed.</p>
        ${this.#problem === null ? nothing : problemNote(this.#problem)}
        <button class="primary" ?disabled=${this.#entering}>${this.#entering ? 'Signing in…' : 'Sign in'}</button>
      </form>
    </main>`;
  }

  #submitted(event: SubmitEvent): void {
    event.preventDefault();
    if (!(event.target instanceof HTMLFormElement)) return;
    const token = new FormData(event.target).get('token');
    if (typeof token === 'string' && token.trim() !== '') void this.#signedIn(token.trim());
  }

  /** The field that had the focus is gone then. */
  async #signedIn(token: string): Promise<void> {
    await this.#enter(token);
    await this.updateComplete;
    if (this.#context !== null) this.#focusScreen();
  }

  #inside(context: AppContext): TemplateResult {
    return html`<a class="skip" href="#main" @click=${this.#skipped}>Skip to the content</a>
      <header class="top ${this.#menuOpen ? 'menu-open' : ''}">
        <a class="mark" href="#/">${mark()} Xenferry</a>
        <button class="menu-button" aria-expanded=${this.#menuOpen} aria-controls="menu" @click=${this.#toggleMenu}>Menu</button>
        <nav id="menu" aria-label="Main">
          <ul>${this.#places(context)}</ul>
        </nav>
        <div class="top-end">
          <xenferry-connection .live=${context.live}></xenferry-connection>
          <label class="theme"><span class="hidden">Colours</span>
            <select @change=${this.#themeChosen}>
              ${THEMES.map((theme) => html`<option value=${theme} ?selected=${theme === chosenTheme()}>${{ system: 'Auto', light: 'Light', dark: 'Dark' }[theme]}</option>`)}
            </select>
          </label>
          <button class="quiet leave" title="Signed in as ${context.session.name} (${context.session.role})" @click=${() => this.#leave('Signed out.')}>Sign out</button>
        </div>
      </header>
      <main id="main" tabindex="-1">${this.#screen(context)}</main>
      <footer class="soft">Xenferry ${context.session.version} · ${name(context.session.name)}, ${context.session.role} · times are of ${TIME_ZONE}</footer>`;
  }

  #places(context: AppContext): TemplateResult[] {
    const places: { title: string; route: Route }[] = [...PLACES];
    if (may(context, 'admin')) places.push({ title: 'Tokens', route: { screen: 'tokens' } });
    return places.map(({ title, route }) => {
      const here = route.screen === this.#route?.screen;
      return html`<li><a href=${addressOf(route)} aria-current=${here ? 'page' : nothing}>${title}</a></li>`;
    });
  }

  #screen(app: AppContext): TemplateResult {
    const route = this.#route;
    switch (route?.screen) {
      case undefined:
        return html`<h1>No such page</h1><p><a href="#/">To the overview</a></p>`;
      case 'overview':
        return html`<xenferry-overview .app=${app}></xenferry-overview>`;
      case 'batches':
        return html`<xenferry-batches .app=${app}></xenferry-batches>`;
      case 'batch':
        return html`${keyed(route.id, html`<xenferry-batch .app=${app} .batchId=${route.id}></xenferry-batch>`)}`;
      case 'plan':
        return html`${keyed(route.id, html`<xenferry-plan .app=${app} .batchId=${route.id}></xenferry-plan>`)}`;
      case 'machine':
        return html`${keyed(route.id, html`<xenferry-machine .app=${app} .jobId=${route.id}></xenferry-machine>`)}`;
      case 'schedules':
        return html`<xenferry-schedules .app=${app}></xenferry-schedules>`;
      case 'reports':
        return html`<xenferry-reports .app=${app}></xenferry-reports>`;
      case 'workers':
        return html`<xenferry-workers .app=${app}></xenferry-workers>`;
      case 'tokens':
        return html`<xenferry-tokens .app=${app}></xenferry-tokens>`;
    }
  }

  #skipped(event: Event): void {
    event.preventDefault();
    this.#focusScreen();
  }

  #toggleMenu(): void {
    this.#menuOpen = !this.#menuOpen;
    this.requestUpdate();
  }

  #themeChosen(event: Event): void {
    const value = event.target instanceof HTMLSelectElement ? event.target.value : '';
    const theme = THEMES.find((each) => each === value);
    if (theme !== undefined) chooseTheme(theme);
  }
}

function mark(): TemplateResult {
  return html`<svg class="icon" viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="7"></rect>
    <path d="M5 19h22l-3.2 6.2H8.200zM15 6h2v11h-2zM18.500 8l6.500 9h-6.500zM13.500 10v7h-5z"></path></svg>`;
}

customElements.define('xenferry-app', App);
