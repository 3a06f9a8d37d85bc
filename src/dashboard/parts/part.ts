import { LitElement } from 'lit';

/** An element whose contents belong to the page: one style sheet, and labels that reach what they name. */
export abstract class Part extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}
