/** No passage of a document stands in it twice, as it does after two branches have each changed it. */
import type { Finding } from "./finding.js";

/** Lines that begin with so many equal characters are one sentence; shorter ones may well be said twice. */
const SAME_CHARACTERS = 80;

/** Lines of a Markdown text, outside of code and tables, that begin like one before them. */
export function checkTexts(file: string, markdown: string): Finding[] {
  let isFenced = false;
  const first = new Map<string, number>();
  return markdown.split("\n").flatMap((text, index) => {
    const line = index + 1;
    if (/^\s*```/.test(text)) isFenced = !isFenced;
    if (isFenced || text.startsWith("|") || text.length < SAME_CHARACTERS) return [];
    const beginning = text.slice(0, SAME_CHARACTERS);
    const before = first.get(beginning);
    if (before === undefined) {
      first.set(beginning, line);
      return [];
    }
    return [{ rule: "said-twice", place: `${file}:${String(line)}`, message: `begins like line ${String(before)}` }];
  });
}
