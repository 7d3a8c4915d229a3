/** All that the editor says, in English; its type is what other languages are held to. */

import { common } from "./common";
import { settings } from "./settings";

export const ENGLISH = { common, settings } as const;
