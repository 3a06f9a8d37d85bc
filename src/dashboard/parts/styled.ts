import { noChange } from 'lit';
import { Directive, directive, type ElementPart, type PartInfo, PartType } from 'lit/directive.js';

/**
 * Styles of one element that depend on what it shows. Set one by one, because a style attribute is what the page's
 * content policy forbids.
 */
class Styled extends Directive {
  constructor(part: PartInfo) {
    super(part);
    if (part.type !== PartType.ELEMENT) throw new TypeError('styled stands in the tag itself');
  }

  override render(_styles: Readonly<Record<string, string>>): typeof noChange {
    return noChange;
  }

  override update({ element }: ElementPart, [styles]: [Readonly<Record<string, string>>]): typeof noChange {
    if (element instanceof HTMLElement) {
      for (const [property, value] of Object.entries(styles)) element.style.setProperty(property, value);
    }
    return noChange;
  }
}

export const styled = directive(Styled);
