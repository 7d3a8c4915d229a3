/** All that the editor says, in German. Loaded when German is spoken. */

import type { ENGLISH } from "../en";
import type { TranslationOf } from "../text";
import { common } from "./common";
import { settings } from "./settings";

const checked = <const D>(words: D & TranslationOf<typeof ENGLISH, D>): D => words;

export const GERMAN = checked({ common, settings });
