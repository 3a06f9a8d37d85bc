import { html, nothing, type TemplateResult } from 'lit';
import { harmless } from '../../model/harmless.js';
import { may } from '../context.js';
import type { NewSchedule, Schedule } from '../documents.js';
import { badge, fact, name, time } from '../parts/elements.js';
import { submitted, textOf } from '../parts/forms.js';
import { Screen } from '../parts/screen.js';
import { TIME_ZONE } from '../words/times.js';

const QUIET_SECONDS = 60;

/** What is run again and again. */
class SchedulesScreen extends Screen<readonly Schedule[]> {
  /** Id of the one in the form; `new` for one to be; null when there is no form. */
  #edited: number | 'new' | null = null;

  protected override async load(): Promise<readonly Schedule[]> {
    return (await this.app.api.schedules()).items;
  }

  protected override page(schedules: readonly Schedule[]): TemplateResult {
    const operator = may(this.app, 'operator');
    return html`<div class="page-head"><h1>Schedules</h1>
        ${operator && this.#edited === null ? html`<button class="primary" @click=${() => this.#edit('new')}>New schedule</button>` : nothing}</div>
      ${this.#edited === 'new' ? this.#form(null) : nothing}
      ${schedules.length === 0 && this.#edited === null ? html`<p class="soft">There is none. A schedule runs a migration file by the clock, or when something new lies in a folder.</p>` : nothing}
      <ul class="cards">${schedules.map((schedule) => html`<li class="panel card-wide">${this.#edited === schedule.id ? this.#form(schedule) : this.#card(schedule, operator)}</li>`)}</ul>`;
  }

  #card(schedule: Schedule, operator: boolean): TemplateResult {
    const { cron, timeZone, folder, enabled, nextAt, lastAt, lastResult } = schedule;
    const now = Date.now();
    return html`<div class="page-head"><h2>${name(schedule.name)}</h2>
        ${
          operator
            ? html`<div class="buttons">
          <button @click=${() => void this.#switch(schedule)}>${enabled ? 'Switch off' : 'Switch on'}<span class="hidden"> ${harmless(schedule.name)}</span></button>
          <button @click=${() => this.#edit(schedule.id)}>Edit<span class="hidden"> ${harmless(schedule.name)}</span></button>
          <button class="grave-quiet" @click=${() => void this.#remove(schedule)}>Delete<span class="hidden"> ${harmless(schedule.name)}</span></button></div>`
            : nothing
        }</div>
      <p>${badge(enabled ? { text: 'On', tone: 'done' } : { text: 'Off', tone: 'quiet' })}</p>
      <dl class="facts">
        ${fact('When', html`<code>${harmless(cron)}</code> in ${harmless(timeZone)}`)}
        ${fact('Next', nextAt === null ? 'not planned' : time(nextAt, now))}
        ${folder === null ? nothing : fact('Watches', html`<code>${harmless(folder)}</code>`)}
        ${fact('Last', lastAt === null ? 'never' : html`${time(lastAt, now)}${lastResult === null ? nothing : html`: ${harmless(lastResult)}`}`)}
      </dl>`;
  }

  #form(schedule: Schedule | null): TemplateResult {
    return html`<form class="stack ${schedule === null ? 'panel' : ''}" @submit=${(event: SubmitEvent) => void this.#save(event, schedule)} aria-label=${schedule === null ? 'New schedule' : 'Schedule'}>
      <label>Name <input name="name" required maxlength="200" autocomplete="off" .defaultValue=${schedule?.name ?? ''}></label>
      <div class="pair">
        <label>When (cron) <input name="cron" required class="code" maxlength="200" aria-describedby="cron-help" .defaultValue=${schedule?.cron ?? '0 22 * * mon-fri'}></label>
        <label>Time zone <input name="timeZone" required maxlength="100" .defaultValue=${schedule?.timeZone ?? TIME_ZONE}></label>
      </div>
      <p id="cron-help" class="soft">Minute, hour, day of the month, month, day of the week: <code>0 22 * * mon-fri</code> is ten in the evening on working days.</p>
      <label>Watched folder, if any <input name="folder" class="code" maxlength="4000" aria-describedby="folder-help" .defaultValue=${schedule?.folder ?? ''}></label>
      <p id="folder-help" class="soft">What is new in it, and complete, takes the place of the migration's sources.</p>
      <label>Migration file (YAML) <textarea name="migration" class="code" rows="10" spellcheck="false" required .defaultValue=${schedule?.migration ?? 'version: 1\n'}></textarea></label>
      <label class="check"><input type="checkbox" name="enabled" .defaultChecked=${schedule?.enabled ?? true}> Switched on</label>
      <div class="buttons"><button class="primary">Save</button><button type="button" @click=${() => this.#edit(null)}>Back</button></div>
    </form>`;
  }

  #edit(which: number | 'new' | null): void {
    this.#edited = which;
    this.problem = null;
    this.requestUpdate();
    void this.updateComplete.then(() => this.querySelector<HTMLElement>('form input')?.focus());
  }

  async #save(event: SubmitEvent, before: Schedule | null): Promise<void> {
    const filled = submitted(event);
    if (filled === null) return;
    const { fields } = filled;
    const migration = fields.get('migration');
    const schedule: NewSchedule = {
      name: textOf(fields, 'name'),
      cron: textOf(fields, 'cron'),
      timeZone: textOf(fields, 'timeZone'),
      folder: textOf(fields, 'folder') || null,
      quietSeconds: before?.quietSeconds ?? QUIET_SECONDS,
      migration: typeof migration === 'string' ? migration : '',
      enabled: fields.get('enabled') !== null,
    };
    if (!(await this.attempt(() => this.app.api.saveSchedule(before?.id ?? null, schedule)))) return;
    this.#edited = null;
    this.app.announce(`Saved: ${schedule.name}.`);
    await this.refresh();
  }

  async #switch({
    id,
    lastAt: _lastAt,
    lastResult: _lastResult,
    nextAt: _nextAt,
    ...schedule
  }: Schedule): Promise<void> {
    const enabled = !schedule.enabled;
    if (await this.attempt(() => this.app.api.saveSchedule(id, { ...schedule, enabled }))) {
      this.app.announce(`${schedule.name} is switched ${enabled ? 'on' : 'off'}.`);
    }
    await this.refresh();
  }

  async #remove({ id, name: schedule }: Schedule): Promise<void> {
    const answer = await this.app.ask({
      title: `Delete schedule “${schedule}”?`,
      choices: [
        {
          value: 'delete',
          label: 'Delete',
          action: 'Delete schedule',
          grave: true,
          consequences: ['It starts nothing any more.', 'Batches that it has started go on.'],
        },
      ],
    });
    if (answer === null) return;
    if (await this.attempt(() => this.app.api.deleteSchedule(id))) this.app.announce(`Deleted: ${schedule}.`);
    await this.refresh();
  }
}

customElements.define('xenferry-schedules', SchedulesScreen);
