/** What does something that is declared once say? A text, or where it depends on the language, what gives it. */

import { named } from "../words";

export type Words = string | (() => string);

export const said = (words: Words): string => (typeof words === "string" ? words : words());
/** What a group is called: those of the editor go by their English names, also for extensions that join them. */
export const heading = (group: Words): string => named("groups", said(group));
