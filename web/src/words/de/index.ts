/** All that the editor says, in German. Loaded when German is spoken. */

import type { ENGLISH } from "../en";
import type { TranslationOf } from "../text";
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

const checked = <const D>(words: D & TranslationOf<typeof ENGLISH, D>): D => words;

export const GERMAN = checked({ common, library, formPage, settings, account, subgraph, workflows, difference, packs, status, run, sweep, times, looking, templates });
