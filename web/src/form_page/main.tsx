/** The roof of a form's page: fetches the workflow that the address names, and shows its form. */

import { effect } from "@preact/signals";
import { render } from "preact";
import { people } from "../api/accounts";
import { HttpError } from "../api/http";
import { clientId } from "../api/socket";
import type { Definitions } from "../model/definitions";
import type { Graph } from "../model/graph";
import { mayHaveWords } from "../model/node_words";
import { isWorkflow, readWorkflow } from "../model/workflow_read";
import { keepLook, showTheme, speakChosen } from "../settings/applied";
import { Settings } from "../settings/settings";
import { keptAs, sourceOf, type Source } from "./address";
import { FormPage } from "./form_page";
import { Kept } from "./kept";
import { definitionsFor, fetchWorkflow } from "./opening";
import { Instead, Page } from "./page";
import { progressOf } from "./progress";
import "../style/tokens.css";
import "../style/page.css";
import "./form_page.css";
import { t } from "../words";

const RETRY_MS = 1500;
const root = document.getElementById("app")!;
document.documentElement.classList.add("is-form");
const settings = new Settings(() => undefined); // without them the page looks as the system asks for
effect(() => showTheme(settings));
effect(() => keepLook(settings));
effect(() => void speakChosen(settings).catch(() => undefined)); // English where the words can't be loaded

/** Files in the API format are rare here; what reads them is fetched for them. */
const graphOf = async (data: unknown, definitions: Definitions): Promise<Graph> =>
  isWorkflow(data) ? readWorkflow(data, definitions).graph : (await import("./foreign")).openData(data, definitions).graph;

async function open(source: Source): Promise<FormPage> {
  const { name, data } = await fetchWorkflow(source);
  const [definitions, { me }, client] = await Promise.all([definitionsFor(data), people(), clientId()]);
  if (mayHaveWords(definitions)) await (await import("../words/pack_words")).speakPackWords();
  const kept = new Kept(localStorage, me?.id ?? "", keptAs(source));
  return new FormPage(name, await graphOf(data, definitions), client, kept);
}

/** Tries again as long as there is no connection; null where there is nothing to open. */
async function opened(source: Source): Promise<FormPage | null> {
  for (;;)
    try {
      return await open(source);
    } catch (error) {
      if (error instanceof HttpError && error.status === 401) location.reload(); // the login comes in the page's place
      if (!(error instanceof HttpError && error.status === 0)) {
        render(<Instead title={t("formPage.unavailable")}>{error instanceof Error ? error.message : String(error)}</Instead>, root);
        return null;
      }
      render(<Instead title={t("formPage.waitingForServer")} />, root);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
}

/** The tab's title says how far the run is. */
function followTitle(page: FormPage): void {
  effect(() => {
    const isRunning = page.runs.runs.value.some(({ state }) => state === "running");
    const part = isRunning ? progressOf(page).part : null;
    document.title = `${isRunning ? `${part === null ? "…" : `${Math.round(100 * part)} %`} · ` : ""}${page.title}`;
  });
}

await speakChosen(settings).catch(() => undefined); // so that the first words are the right ones
const source = sourceOf(location.search);
if (!source) render(<Instead title={t("formPage.whichForm")}>{t("formPage.addressHelp")}</Instead>, root);
else {
  const page = await opened(source);
  if (page) {
    void settings.load();
    page.runs.connect();
    render(<Page page={page} isPreview={"draft" in source} />, root);
    followTitle(page);
  }
}
