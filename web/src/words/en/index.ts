/** All that the editor says, in English; its type is what other languages are held to. */

import { common } from "./common";
import { formPage } from "./formPage";
import { settings } from "./settings";
import { account } from "./account";
import { subgraph } from "./subgraph";
import { workflows } from "./workflows";
import { difference } from "./difference";
import { packs } from "./packs";

export const ENGLISH = { common, formPage, settings, account, subgraph, workflows, difference, packs } as const;
