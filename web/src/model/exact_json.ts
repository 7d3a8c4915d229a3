/** How does a whole number above 2^53 survive a browser? JSON is read with such numbers as BigInt, and written back digit by digit. */

/** Texts are matched first, so that digits inside them are left alone; then numbers whole, so that a part of one never counts. */
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const WHOLE = /^-?\d{16,}$/;

const isInexact = (token: string): boolean => WHOLE.test(token) && !Number.isSafeInteger(Number(token));

/** A mark that no text of the data begins with. */
function freshMark(text: string): string {
  let mark = "exact:";
  while (text.includes(mark)) mark = `exact${Math.random().toString(36).slice(2)}:`;
  return mark;
}

/** JSON.parse, but whole numbers that a double can't hold exactly become BigInt. Raises SyntaxError like JSON.parse. */
export function parseJson(text: string): unknown {
  // nearly every file: nothing to keep, and no second pass over its text
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  const mark = freshMark(text);
  const marked = text.replace(TOKENS, (token) => (isInexact(token) ? `"${mark}${token}"` : token));
  return JSON.parse(marked, (_, value: unknown) => (typeof value === "string" && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value));
}

/** JSON.stringify, but BigInt values are written as the whole numbers that they are. */
export function toJson(value: unknown, indent?: number): string {
  const mark = `exact${Math.random().toString(36).slice(2)}:`;
  let found = false;
  const text = JSON.stringify(value, (_, entry: unknown) => {
    if (typeof entry !== "bigint") return entry;
    found = true;
    return mark + entry.toString();
  }, indent);
  return found ? text.replace(new RegExp(`"${mark}(-?\\d+)"`, "g"), "$1") : text;
}

/** What was typed as a whole number: a number where that is exact, else a BigInt; null where it is no whole number. */
export function wholeNumber(text: string): number | bigint | null {
  const trimmed = text.trim();
  if (!/^[+-]?\d+$/.test(trimmed)) return null;
  return asWhole(BigInt(trimmed.replace(/^\+/, "")));
}

export const asWhole = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value);
