/** Which of the choices `{red|green|blue}` does a prompt take this time? Comments are left out, as by the ecosystem's editors. */

const COMMENTS = /\/\*[\s\S]*?\*\/|\/\/.*/g;

interface Cursor {
  readonly text: string;
  at: number;
}

/** Reads up to an end that is not escaped; gives the choices between `|`, of which a text outside braces has one. */
function readChoices(cursor: Cursor, isInside: boolean, random: () => number): string[] {
  const choices = [""];
  const add = (part: string): void => {
    choices[choices.length - 1] += part;
  };
  while (cursor.at < cursor.text.length) {
    const letter = cursor.text[cursor.at++]!;
    const next = cursor.text[cursor.at];
    if (letter === "\\" && next !== undefined && "{}|".includes(next)) {
      add(next);
      cursor.at++;
    } else if (letter === "{") add(choose(cursor, random));
    else if (letter === "}" && isInside) return choices;
    else if (letter === "|" && isInside) choices.push("");
    else add(letter);
  }
  return choices;
}

/** A brace that is never closed stands for itself. */
function choose(cursor: Cursor, random: () => number): string {
  const start = cursor.at;
  const choices = readChoices(cursor, true, random);
  if (cursor.text[cursor.at - 1] !== "}" || cursor.at === start) {
    cursor.at = start;
    return "{";
  }
  return choices[Math.floor(random() * choices.length)] ?? "";
}

/** Resolves a text: each `{a|b|{c|d}}` becomes one of its choices; `\{`, `\}` and `\|` stand for themselves. */
export function takeChoices(text: string, random: () => number = Math.random): string {
  const [resolved = ""] = readChoices({ text: text.replace(COMMENTS, ""), at: 0 }, false, random);
  return resolved;
}
