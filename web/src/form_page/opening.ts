/** How does the page get its workflow? The file or the draft, and of the server's node types those that it needs. */

import { readDraft } from "../api/drafts";
import { readForm } from "../api/forms";
import { getJson, HttpError, objectInfo } from "../api/http";
import * as workflows from "../api/workflows";
import { readDefinitions, type Definitions } from "../model/definitions";
import { parseJson } from "../model/exact_json";
import type { JsonObject } from "../model/types";
import { nameOf, type Source } from "./address";
import { t } from "../words";

/** From so many types on, one answer with all of them comes sooner. */
const MANY = 40;

const isObject = (value: unknown): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);

/** The types of all nodes, those inside subgraphs and of prompts in the API format included. */
export function typesIn(data: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(data)) for (const entry of data) typesIn(entry, found);
  else if (isObject(data))
    for (const [name, value] of Object.entries(data)) {
      if (name === "nodes" && Array.isArray(value)) for (const node of value) if (isObject(node) && typeof node.type === "string") found.add(node.type);
      if (name === "class_type" && typeof value === "string") found.add(value);
      if (typeof value === "object") typesIn(value, found);
    }
  return found;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/i;

/** Group nodes of old files stand for node types that only their own part of the file names. */
const isGroupNode = (type: string): boolean => /^workflow[/>]/.test(type);

async function infoOf(type: string): Promise<JsonObject> {
  try {
    return await getJson<JsonObject>(`/object_info/${encodeURIComponent(type)}`);
  } catch (error) {
    if (error instanceof HttpError && error.status === 404) return {};
    throw error;
  }
}

export async function definitionsFor(data: unknown): Promise<Definitions> {
  const types = [...typesIn(data)].filter((type) => !UUID.test(type));
  if (types.length > MANY || types.some(isGroupNode)) return readDefinitions(await objectInfo());
  return readDefinitions(Object.assign({}, ...(await Promise.all(types.map(infoOf)))) as JsonObject);
}

export interface Fetched {
  readonly name: string;
  readonly data: unknown;
}

const orNull = <T>(asked: Promise<T>): Promise<T | null> =>
  asked.catch((error: unknown) => {
    if (error instanceof HttpError && error.status === 404) return null;
    throw error;
  });

/** Raises with a sentence where there is no such workflow. */
export async function fetchWorkflow(source: Source): Promise<Fetched> {
  if ("draft" in source) {
    const draft = await readDraft(source.draft);
    if (!draft) throw new Error(t("formPage.draftGone"));
    return { name: draft.name, data: draft.workflow };
  }
  if ("published" in source) {
    const found = await orNull(readForm(source.published));
    if (!found) throw new Error(t("formPage.noForm"));
    return { name: found.name, data: found.workflow };
  }
  const stored = await orNull(workflows.read(source.workflow));
  if (!stored) throw new Error(t("formPage.noWorkflow", { name: nameOf(source) }));
  return { name: nameOf(source).split("/").at(-1)!, data: parseJson(stored.text) };
}
