/** V8 copies what is cut out of a text when it is shorter; longer ones are views that keep the whole text alive. */
const SHORTEST_VIEW = 13;

/**
 * Texts cut out of a longer one as memory of their own, each once: what is kept of a reply, a few names among megabytes,
 * would keep all of it otherwise.
 */
export class OwnTexts {
  readonly #known = new Map<string, string>();

  own(text: string): string {
    if (text.length < SHORTEST_VIEW) return text;
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const copy = Buffer.from(text).toString();
    this.#known.set(copy, copy);
    return copy;
  }
}
