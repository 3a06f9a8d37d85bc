/** Now, as the API writes a time. */
export function timestamp(at: number = Date.now()): string {
  return new Date(at)
    .toISOString()
    .replace(/[-]/g, '')
    .replace(/\.\d+Z$/, 'Z');
}
