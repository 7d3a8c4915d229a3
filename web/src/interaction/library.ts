/** Which subgraphs does the user keep for later? Files of his own on the server, found by the search like node types. */

import * as http from "../api/http";
import type { Editor } from "../editor";
import type { Definitions } from "../model/definitions";
import { applyEdit } from "../model/edits";
import { parseJson, toJson } from "../model/exact_json";
import { Graph } from "../model/graph";
import { cutOut, insertFragment, type Fragment } from "../model/operations";
import { isBorder, subgraphType } from "../model/subgraph_type";
import type { JsonObject, NodeDefinition, NodeId } from "../model/types";
import { readWorkflow } from "../model/workflow_read";
import { writeWorkflow } from "../model/workflow_write";
import { t } from "../words";

const FOLDER = "subgraphs";

export interface Blueprint {
  /** What the search shows. */
  readonly definition: NodeDefinition;
  readonly fragment: Fragment;
}

/** A workflow with nothing but this subgraph's node and the definitions that it needs: what the library keeps. */
export function blueprintFile(graph: Graph, id: NodeId): JsonObject {
  const root = new Graph(graph.definitions);
  for (const edit of insertFragment(root, cutOut(graph, [id]), [0, 0]).edits) applyEdit(root, edit);
  return writeWorkflow(root);
}

/** Reads what blueprintFile wrote. Raises where no node of the file is a subgraph's. */
export function readBlueprint(file: string, place: string, data: unknown, definitions: Definitions): Blueprint {
  const { graph } = readWorkflow(data, definitions);
  const node = [...graph.nodes.values()].find((entry) => graph.subgraphs.has(entry.type));
  const subgraph = node && graph.subgraphs.get(node.type);
  if (!subgraph) throw new Error(t("subgraph.fileHasNone"));
  const displayName = file.replace(/\.json$/i, "");
  return {
    definition: { ...subgraphType(subgraph), type: `${place}:${displayName}`, displayName, category: place, pack: place },
    fragment: cutOut(graph, [...graph.nodes.keys()].filter((id) => !isBorder(id))),
  };
}

interface Source {
  readonly name: string;
  readonly place: string;
  readonly text: () => Promise<string>;
}

async function userSubgraphs(): Promise<Source[]> {
  const files = await http.listUserFiles(FOLDER);
  return files.filter((file) => file.endsWith(".json")).map((file) => ({ name: file, place: "library", text: () => http.readUserFile(`${FOLDER}/${file}`) }));
}

async function packSubgraphs(): Promise<Source[]> {
  const found = Object.entries(await http.packSubgraphs());
  return found.map(([id, { name, info }]) => ({ name, place: info.node_pack?.replace(/^custom_nodes\./, "") ?? "packs", text: () => http.packSubgraph(id) }));
}

async function readOne(editor: Editor, { name, place, text }: Source): Promise<Blueprint | null> {
  try {
    return readBlueprint(name, place, parseJson(await text()), editor.definitions);
  } catch (error) {
    editor.ui.tell(t("subgraph.unread", { name, place, why: http.reason(error) }), "error");
    return null;
  }
}

/** Reads what the user published and what packs bring. */
export async function readLibrary(editor: Editor): Promise<void> {
  try {
    const sources = (await Promise.all([userSubgraphs(), packSubgraphs()])).flat();
    const found = await Promise.all(sources.map((source) => readOne(editor, source)));
    editor.blueprints.value = new Map(found.filter((blueprint) => blueprint !== null).map((blueprint) => [blueprint.definition.type, blueprint]));
  } catch (error) {
    editor.ui.tell(t("subgraph.libraryUnread", { why: http.reason(error) }), "error");
  }
}

/** False where the name is taken and the user wants to keep what is there. */
async function store(name: string, text: string): Promise<boolean> {
  const file = `${FOLDER}/${name}.json`;
  try {
    await http.writeUserFile(file, text, false);
  } catch (error) {
    if (!(error instanceof http.HttpError) || error.status !== 409) throw error;
    if (!confirm(t("subgraph.confirmOverwrite", { name }))) return false;
    await http.writeUserFile(file, text, true);
  }
  return true;
}

/** Keeps a subgraph in the library under a name that is asked for. */
export async function publish(editor: Editor, graph: Graph, id: NodeId): Promise<void> {
  const name = prompt(t("subgraph.libraryName"), graph.title(graph.node(id)))?.trim();
  if (!name) return;
  const text = toJson(blueprintFile(graph, id), 2);
  try {
    if (!(await store(name, text))) return;
    await readLibrary(editor);
    editor.ui.tell(t("subgraph.published", { name }));
  } catch (error) {
    editor.ui.tell(t("subgraph.publishFails", { name, why: http.reason(error) }), "error");
  }
}
