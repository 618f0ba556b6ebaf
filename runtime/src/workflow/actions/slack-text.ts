/** Slack's three control characters escaped: no `<!channel>`, `<@user>` or link from a payload survives. At most `maxCharacters` (Slack cuts at 40,000). */
export function slackText(text: string, maxCharacters = 39_000): string {
  const cut = text.length > maxCharacters ? `${text.slice(0, maxCharacters)}…` : text;
  return cut.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
