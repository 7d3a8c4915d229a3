/** All that the editor says, in German. Loaded when German is spoken. */

import type { ENGLISH } from "../en";
import type { TranslationOf } from "../text";
import { common } from "./common";
import { extensions } from "./extensions";
import { library } from "./library";
import { formPage } from "./formPage";
import { formPanel } from "./formPanel";
import { groups } from "./groups";
import { colors } from "./colors";
import { steps } from "./steps";
import { keys } from "./keys";
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
import { popups } from "./popups";
import { mask } from "./mask";
import { regions } from "./regions";
import { minimap } from "./minimap";
import { commands } from "./commands";
import { outline } from "./outline";
import { gestures } from "./gestures";
import { sharing } from "./sharing";
import { errors } from "./errors";
import { prompts } from "./prompts";
import { node } from "./node";
import { search } from "./search";
import { menu } from "./menu";
import { notices } from "./notices";
import { help } from "./help";
import { bar } from "./bar";

const checked = <const D>(words: D & TranslationOf<typeof ENGLISH, D>): D => words;

export const GERMAN = checked({ common, extensions, library, formPage, formPanel, groups, colors, steps, keys, settings, account, subgraph, workflows, difference, packs, status, run, sweep, times, looking, templates, popups, mask, regions, minimap, commands, outline, gestures, sharing, errors, prompts, node, search, menu, notices, help, bar });
