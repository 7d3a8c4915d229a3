/** What can be done with a model: added to the workflow in front, put into a node, named, shown by a picture. */

import * as http from "../api/http";
import * as api from "../api/library";
import type { ModelInfo } from "../api/library";
import type { Editor } from "../editor";
import type { Document } from "../model/document";
import type { FileRef } from "../model/run_state";
import { EMBEDDINGS, kindsMeant, loaderOf, takerOf, withEmbedding, type Model } from "../model/library/loaders";
import { usesModel, type MeansKind } from "../model/library/uses";
import { promotedValue, valueEdit } from "../model/promoted";
import type { Graph } from "../model/graph";
import type { GraphNode, Json, Point, WidgetSpec } from "../model/types";
import { t } from "../words";
import { modelShelf } from "./model_state";

/** What a widget holds once it names the model. */
const valueWith = (graph: Graph, node: GraphNode, spec: WidgetSpec, { kind, name }: Model): Json =>
  kind === EMBEDDINGS ? withEmbedding(String(promotedValue(graph, node, spec) ?? ""), name) : name;

/** Adds the node that loads a model, by default in the middle of what is in sight. */
export function addModel(editor: Editor, model: Model, at: Point = middle(editor)): void {
  const document = editor.active.peek();
  if (!document) return editor.ui.tell(t("library.notOpen"), "error");
  const loader = loaderOf(editor.definitions, model, modelShelf.namesOf(model.kind));
  if (!loader) return editor.ui.tell(t("library.noLoader", { kind: model.kind }), "error");
  const node = editor.addNode(loader.type, at, (added) => {
    const spec = document.graph.widgets(added).find((entry) => entry.name === loader.widget);
    return spec ? [valueEdit(document.graph, added, spec, valueWith(document.graph, added, spec, model))] : [];
  });
  if (node) editor.ui.tell(t("library.added", { name: document.graph.title(node) }));
}

function middle({ stage }: Editor): Point {
  const { insets } = stage;
  const left = insets.left ?? 0;
  const [x, y] = stage.canvasPoint([(left + stage.width - insets.right) / 2, (insets.top + stage.height - insets.bottom) / 2]);
  return [x - 140, y - 60];
}

/** A model that was dropped: into the node there that takes it, else into a new one. */
export async function dropModel(editor: Editor, model: Model, at: Point): Promise<void> {
  if (!modelShelf.found.peek()) await modelShelf.reload();
  const document = editor.active.peek();
  const hit = editor.stage.scene?.hit(at, editor.stage.camera.scale);
  const node = hit && "node" in hit ? document?.graph.nodes.get(hit.node) : undefined;
  const spec = document && node ? takerOf(document.graph, node, model, modelShelf.namesOf(model.kind)) : null;
  if (!document || !node || !spec) return addModel(editor, model, at);
  document.edit(t("library.chosenWidget"), [valueEdit(document.graph, node, spec, valueWith(document.graph, node, spec, model))]);
  document.select([node.id]);
}

export async function copyText(editor: Editor, text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    editor.ui.tell(t("library.copied", { text: text.length > 80 ? `${text.slice(0, 80)}…` : text }));
  } catch {
    editor.ui.tell(t("library.cantCopy", { text })); // plain http from another machine has no clipboard
  }
}

async function changingPicture(editor: Editor, model: ModelInfo, act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
    await modelShelf.reload();
    await modelShelf.ask(model);
  } catch (error) {
    editor.ui.tell(http.reason(error), "error");
  }
}

export const choosePicture = (editor: Editor, model: ModelInfo, picture: FileRef): Promise<void> => changingPicture(editor, model, () => api.choosePicture(model, picture));
export const forgetPicture = (editor: Editor, model: ModelInfo): Promise<void> => changingPicture(editor, model, () => api.forgetPicture(model));

/** Open workflows that name a model now, saved or not. */
export const openUsers = (editor: Editor, model: Model): Document[] => editor.documents.value.filter((document) => {
  void document.revision.value;
  return usesModel(document, model, means(editor));
});

/** What the node types of this server mean by the names of models. */
export const means = (editor: Editor): MeansKind => (type, { kind, name }) => kindsMeant(editor.definitions, type, name, modelShelf.byKind.value)?.has(kind) ?? true;
