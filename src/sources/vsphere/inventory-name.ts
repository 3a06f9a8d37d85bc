/** What an object is called: vSphere writes `/`, `\` and `%` in names as `%2f`, `%5c` and `%25`. */
export function inventoryName(text: string): string {
  return text.replaceAll(/%(?:2f|5c|25)/gi, (written) =>
    String.fromCharCode(Number.parseInt(written.slice(1), 16)),
  );
}
