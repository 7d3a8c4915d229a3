/** Which templates are there, and what happens when one is opened? */

import * as http from "../api/http";
import type { Editor } from "../editor";
import { fuzzyScore } from "../model/fuzzy";
import { missingFor } from "../model/form/needs";
import { buildPrompt } from "../model/prompt";
import type { Document } from "../model/document";
import type { Json, JsonObject } from "../model/types";
import { language, t, type Key } from "../words";

export interface NeededModel {
  readonly folder: string;
  readonly name: string;
  /** Where it is to be had; "" for one that ships. */
  readonly page: string;
  readonly present: boolean;
}
export interface TemplateInfo {
  readonly name: string;
  /** The pack that brings it; "" for those that ship. */
  readonly package: string;
  readonly title: string;
  readonly description: string;
  readonly technique: string;
  readonly tags: readonly string[];
  readonly models: readonly NeededModel[];
  /** Pictures that it loads. */
  readonly inputs: readonly string[];
  readonly words: Readonly<Record<string, readonly [title: string, description: string]>>;
  /** Addresses; `picture` is "" where there is none. */
  readonly workflow: string;
  readonly picture: string;
}

export const listTemplates = async (): Promise<readonly TemplateInfo[]> => (await http.getJson<{ templates: TemplateInfo[] }>("/weft/templates")).templates;

const TECHNIQUE_WORDS: Readonly<Record<string, Key>> = {
  "First steps": "templates.firstSteps", "Change a picture": "templates.changePicture", Prompts: "templates.prompts", "Guidance and samplers": "templates.guidance",
  "Larger pictures": "templates.larger", "Add-ons": "templates.addOns", Video: "templates.video", "Models and graphs": "templates.graphs",
};

/** What a template is listed under: its technique, or the pack that brings it. */
export const shelfOf = (template: TemplateInfo): string => template.technique || template.package;
export const shelfTitle = (shelf: string): string => {
  const key = TECHNIQUE_WORDS[shelf];
  return key ? (t as (key: Key) => string)(key) : t("templates.fromPack", { pack: shelf });
};

export const titleOf = (template: TemplateInfo): string => template.words[language()]?.[0] ?? template.title;
export const descriptionOf = (template: TemplateInfo): string => template.words[language()]?.[1] ?? template.description;

/** Between what fuzzyScore gives for letters in order and for a word that is there. */
const IN_WORDS = 200;

/** The templates on a shelf ("" for all) that match a search, best ones first. */
export function matching(all: readonly TemplateInfo[], shelf: string, query: string): readonly TemplateInfo[] {
  const here = all.filter((template) => shelf === "" || shelfOf(template) === shelf);
  const words = query.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return here;
  const scored = here.flatMap((template) => {
    const name = `${titleOf(template)} ${template.title}`;
    const rest = [descriptionOf(template), template.description, template.technique, template.package, ...template.tags].join(" ").toLowerCase();
    // words that stand there count before letters that only lie there in order
    const score = words.map((word) => Math.max(fuzzyScore(word, name), rest.includes(word) ? IN_WORDS : 0));
    return score.every((value) => value > 0) ? [{ template, score: score.reduce((sum, value) => sum + value, 0) }] : [];
  });
  return scored.sort((a, b) => b.score - a.score).map(({ template }) => template);
}

const pathOf = (address: string): string => address.replace(/^\/api/, "");

/** Puts the pictures that a template loads into the input folder; says under which names they are there. */
async function bringInputs(editor: Editor, template: TemplateInfo): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  for (const name of template.inputs) {
    const picture = await (await http.send(`/weft/templates/inputs/${encodeURIComponent(name)}`)).blob();
    const kept = await editor.upload(new File([picture], name, { type: picture.type }));
    if (kept) names.set(name, kept);
  }
  return names;
}

/** A different picture of that name stays: then the template's own lies under another one. */
function renamed(value: Json, names: ReadonlyMap<string, string>): Json {
  if (typeof value === "string") return names.get(value) ?? value;
  if (Array.isArray(value)) return value.map((item) => renamed(item, names));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, renamed(item, names)]));
}

/** What keeps the workflow from running: the server knows the files of its own templates, the graph says it of others. */
function missingOf(template: TemplateInfo, document: Document): string[] {
  if (template.package === "") return template.models.filter((model) => !model.present).map(({ folder, name }) => `models/${folder}/${name}`);
  return missingFor(document.root, buildPrompt(document.root)).map(({ message }) => message.replace(/\.$/, ""));
}

/** Opens a template in a tab of its own, and says what is missing before anybody runs it. */
export async function openTemplate(editor: Editor, template: TemplateInfo): Promise<void> {
  const title = titleOf(template);
  try {
    const workflow = await http.getJson<JsonObject>(pathOf(template.workflow));
    const names = await bringInputs(editor, template);
    const isRenamed = [...names].some(([name, kept]) => name !== kept);
    const document = editor.open(isRenamed ? renamed(workflow, names) : workflow, title);
    const missing = document ? missingOf(template, document) : [];
    const note = template.models.some((model) => !model.present && model.page) ? ` ${t("templates.seeNote")}` : "";
    if (missing.length > 0) editor.ui.tell(t("templates.missing", { name: title, files: missing.slice(0, 3).join(", ") }) + note, "error");
  } catch (error) {
    editor.ui.tell(t("templates.openFailed", { name: title, why: http.reason(error) }), "error");
  }
}
