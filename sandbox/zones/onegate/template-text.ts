/**
 * What OneGate makes of a guest's lines before it hands them to oned as template text. Bare values get quotes; what comes
 * with quotes of its own is taken as it is, and so is a vector. Commas, brackets and backslashes in a bare value end its
 * quotes early, which oned then refuses.
 */
export function templateTextOf(lines: string): string {
  let text = "";
  let quoted = false;
  const characters = [...lines];
  for (const [index, character] of characters.entries()) {
    const before = characters.at(index - 1);
    const after = characters[index + 1];
    if (character === "=") {
      const opens: boolean = !quoted && after !== "[" && after !== '"';
      text += opens ? '="' : "=";
      quoted ||= opens;
    } else if (closes(character, before)) {
      text += `"${character}`;
      if (character !== "," && character !== "[") quoted = false;
    } else {
      text += character;
    }
  }
  return finished(text.replaceAll("\\n", "\n"), quoted);
}

function finished(text: string, quoted: boolean): string {
  return quoted && !text.endsWith("]") && !text.endsWith('"') ? `${text}"` : text;
}

function closes(character: string, before: string | undefined): boolean {
  if (before === '"') return false;
  if (character === "[" || character === "]") return before !== "=";
  return character === "," || character === "\\" || character === "\n";
}
