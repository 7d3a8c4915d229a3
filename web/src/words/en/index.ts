/** All that the editor says, in English; its type is what other languages are held to. */

import { common } from "./common";
import { library } from "./library";
import { formPage } from "./formPage";
import { settings } from "./settings";
import { account } from "./account";
import { subgraph } from "./subgraph";
import { workflows } from "./workflows";
import { difference } from "./difference";
import { packs } from "./packs";
import { status } from "./status";
import { run } from "./run";
import { sweep } from "./sweep";
import { times } from "./times";
import { looking } from "./looking";
import { templates } from "./templates";

export const ENGLISH = { common, library, formPage, settings, account, subgraph, workflows, difference, packs, status, run, sweep, times, looking, templates } as const;
