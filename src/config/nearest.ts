/** The known word that someone probably meant: shortened or mistyped in a few letters; undefined when none is near. */
export function nearest(
  word: string,
  known: readonly string[],
  mostLetters = Math.max(1, Math.floor(word.length / 3)),
): string | undefined {
  const begun = known.filter((candidate) => word.length > 2 && plain(candidate).startsWith(plain(word)));
  if (begun.length === 1) return begun[0];
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(plain(word), plain(candidate)) }))
    .sort((one, other) => one.distance - other.distance);
  const [best] = ranked;
  return best !== undefined && best.distance <= mostLetters ? best.candidate : undefined;
}

/** `ssh_keys`, `ssh-keys` and `sshkeys` are one word to whoever types them. */
const plain = (word: string): string => word.toLowerCase().replace(/[_-]/g, "");

/** Letters to insert, remove or exchange (Levenshtein). */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [line, letter] of [...one].entries()) {
    const next = [line + 1];
    for (const [column, against] of [...other].entries()) {
      const exchanged = (row[column] ?? 0) + (letter === against ? 0 : 1);
      next.push(Math.min(exchanged, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
