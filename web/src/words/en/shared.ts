/** What the pages of forms say too, in English; `words.test.ts` finds what they would say beside it. */

import { common } from "./common";
import { errors } from "./errors";
import { formPage } from "./formPage";
import { node } from "./node";
import { notices } from "./notices";
import { settings } from "./settings";
import { subgraph } from "./subgraph";

export const SHARED = { common, errors, formPage, node, notices, settings, subgraph } as const;
