/** What does something that is declared once say? A text, or where it depends on the language, what gives it. */

export type Words = string | (() => string);

export const said = (words: Words): string => (typeof words === "string" ? words : words());
