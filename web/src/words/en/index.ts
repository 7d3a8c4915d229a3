/** All that the editor says, in English; its type is what other languages are held to. */

import { extensions } from "./extensions";
import { library } from "./library";
import { formPanel } from "./formPanel";
import { groups } from "./groups";
import { colors } from "./colors";
import { steps } from "./steps";
import { keys } from "./keys";
import { account } from "./account";
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
import { prompts } from "./prompts";
import { search } from "./search";
import { menu } from "./menu";
import { help } from "./help";
import { bar } from "./bar";
import { SHARED } from "./shared";

export const ENGLISH = { ...SHARED, extensions, library, formPanel, groups, colors, steps, keys, account, workflows, difference, packs, status, run, sweep, times, looking, templates, popups, mask, regions, minimap, commands, outline, gestures, sharing, prompts, search, menu, help, bar } as const;
