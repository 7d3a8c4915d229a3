/** What happens when Run is pressed? The prompt is built and queued, its errors come back to their nodes, seeds move on. */

import type { Document } from "../model/document";
import { findNode } from "../model/levels";
import { buildPrompt, type Prompt } from "../model/prompt";
import type { NodeError, RunError } from "../model/run_state";
import { advanceSeeds } from "../model/seeds";
import type { Json, JsonObject } from "../model/types";
import { HttpError, queuePrompt } from "./http";
import { failNode, type EventRouter } from "./routing";
import { newId } from "../model/ids";
import { t } from "../words";

const isObject = (value: unknown): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");

/** Each error type in words that say what to do. */
const ADVICE = [
  "required_input_missing", "bad_linked_input", "return_type_mismatch", "invalid_input_type", "value_smaller_than_min", "value_bigger_than_max", "value_not_in_list", "dependency_cycle",
] as const;

function readNodeError(raw: JsonObject): NodeError {
  const info = isObject(raw.extra_info) ? raw.extra_info : {};
  const input = text(info.input_name);
  const advice = ADVICE.find((type) => type === raw.type);
  const message = advice && input ? t(`errors.${advice}`, { input: input.replaceAll("_", " ") }) : text(raw.message) || text(raw.type) || t("errors.nodeCantRun");
  return { input, message, details: text(raw.details) };
}

/** Puts `node_errors` on their nodes and returns them as a list to show. */
function showNodeErrors(document: Document, nodeErrors: JsonObject): RunError[] {
  const shown: RunError[] = [];
  for (const [promptNode, entry] of Object.entries(nodeErrors)) {
    if (!isObject(entry) || !Array.isArray(entry.errors)) continue;
    const found = findNode(document.root, promptNode);
    const errors = entry.errors.filter(isObject).map(readNodeError);
    const title = found ? found.graph.title(found.node) : text(entry.class_type);
    if (found) failNode(document, promptNode, title, errors);
    for (const error of errors) shown.push({ title, message: error.message, details: error.details, node: found ? promptNode : null });
  }
  return shown;
}

function refusal(document: Document, error: HttpError): RunError[] {
  const body = isObject(error.body) ? error.body : {};
  const errors = isObject(body.node_errors) ? showNodeErrors(document, body.node_errors) : [];
  if (errors.length > 0) return errors;
  const top = isObject(body.error) ? body.error : {};
  const info = isObject(top.extra_info) ? top.extra_info : {};
  const id = text(info.node_id);
  return [{
    title: t("errors.workflowCantRun"), message: text(top.message) || error.message, details: text(top.details),
    node: findNode(document.root, id) ? id : null,
  }];
}

function clearErrors(document: Document): void {
  document.errors.value = [];
  for (const id of document.runIds()) if (document.run(id).peek().errors.length > 0) document.updateRun(id, { phase: "idle", errors: [] });
}

/**
 * Queues the document as it stands, or only what `targets` (ids of the prompt) need; returns the prompt's id, or null where the
 * server refused it (the nodes then say why). `part` says which nodes of the prompt are sent.
 */
export async function queueRun(document: Document, router: EventRouter, clientId: string, targets: readonly string[] | null = null, part: (prompt: Prompt) => Prompt = (all) => all): Promise<string | null> {
  clearErrors(document);
  let prompt: Prompt;
  try {
    prompt = part(buildPrompt(document.root));
  } catch (error) {
    document.errors.value = [{ title: t("errors.workflowCantRun"), message: error instanceof Error ? error.message : String(error), node: null, details: "" }];
    return null;
  }
  const promptId = newId();
  router.register(promptId, document);
  try {
    const answer = await queuePrompt(prompt, promptId, clientId, document.toWorkflow(), targets);
    router.register(answer.prompt_id, document);
    document.prompts.value = [...document.prompts.peek().slice(-9), answer.prompt_id];
    document.errors.value = showNodeErrors(document, answer.node_errors);
    return answer.prompt_id;
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    document.errors.value = refusal(document, error);
    return null;
  }
}

/** Queues the document; its seeds then move on. The next seeds of runs with the same `gesture` are one step of the undo. */
export async function run(document: Document, router: EventRouter, clientId: string, targets: readonly string[] | null = null, gesture: string | null = null): Promise<string | null> {
  const id = await queueRun(document, router, clientId, targets);
  if (id !== null) document.edit("next seed", advanceSeeds(document.root), gesture);
  return id;
}
