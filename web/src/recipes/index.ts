/** Which templates ship? `recipes.test.ts` writes their files into the folder `templates`, from where the server sends them. */

import { ADD_ONS } from "./add_ons";
import { FIRST_STEPS } from "./first_steps";
import { GUIDANCE } from "./guidance";
import { LARGER } from "./larger";
import { MODELS } from "./models";
import { PROMPTS } from "./prompts";
import { TECHNIQUES, type Template } from "./recipe";

/** In the order in which the dialog shows them. */
export const TEMPLATES: readonly Template[] = TECHNIQUES.flatMap((technique) =>
  [...FIRST_STEPS, ...PROMPTS, ...GUIDANCE, ...LARGER, ...ADD_ONS, ...MODELS].filter((template) => template.technique === technique));
