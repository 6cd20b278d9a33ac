/** A text as it stands in HTML or SVG, also within an attribute. */
export function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** The same, with backquoted words as code. */
export function markUp(text: string): string {
  return escapeText(text).replaceAll(/`([^`]*)`/g, '<code>$1</code>');
}
