/** The text in a form's field; empty when there is none of that name. */
export function textOf(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === 'string' ? value.trim() : '';
}

/** What was filled in, without sending it; null when the event is no form's. */
export function submitted(
  event: SubmitEvent,
): { readonly fields: FormData; readonly form: HTMLFormElement } | null {
  event.preventDefault();
  return event.target instanceof HTMLFormElement
    ? { fields: new FormData(event.target), form: event.target }
    : null;
}

/** What the field holds that an event is of; empty when it is of none. */
export function fieldText({ target }: Event): string {
  return target instanceof HTMLInputElement || target instanceof HTMLSelectElement ? target.value : '';
}
