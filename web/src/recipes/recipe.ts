/** How is a template said in a few lines? Nodes with their inputs by name; places and sizes are the editor's own. */

import type { Definitions } from "../model/definitions";
import { Document } from "../model/document";
import { naturalSize } from "../model/geometry";
import { createNode, Graph } from "../model/graph";
import { applyEdit } from "../model/edits";
import { connect } from "../model/operations";
import { tidyPositions } from "../model/tidy";
import type { GraphNode, Json, JsonObject, NodeId, Point } from "../model/types";
import { writeWorkflow } from "../model/workflow_write";

/** A model file that a template loads; `from` is where to get one that does not ship. */
export interface ModelFile {
  /** Below `models/`. */
  readonly folder: string;
  readonly name: string;
  readonly from?: string;
}

/** What the index says of a template, and how it is built. */
export interface Template {
  /** Of its files. */
  readonly name: string;
  readonly title: string;
  /** One sentence. */
  readonly description: string;
  readonly technique: Technique;
  readonly tags: readonly string[];
  readonly models: readonly ModelFile[];
  /** Pictures that ship for it and go into the input folder. */
  readonly inputs?: readonly string[];
  /** What to try, in Markdown. */
  readonly note: string;
  readonly build: (recipe: Recipe) => void;
}

export const TECHNIQUES = ["First steps", "Change a picture", "Prompts", "Guidance and samplers", "Larger pictures", "Add-ons", "Video", "Models and graphs"] as const;
export type Technique = (typeof TECHNIQUES)[number];

/** An output of a node in the recipe. */
export interface Output {
  readonly node: NodeId;
  readonly slot: number;
}
/** A node in the recipe: called with the name or type of an output it gives that; passed on as it is, its first one. */
export type Part = ((output: string) => Output) & { readonly id: NodeId };

type Input = Json | Part | Output;

const isOutput = (value: Input): value is Output => typeof value === "object" && value !== null && "slot" in value && "node" in value;

const NOTE_SIZE: Point = [360, 300];
const PICTURE_SIZE: Point = [340, 400];
const LEFT_OF_ALL = 430;

export class Recipe {
  readonly graph: Graph;

  constructor(definitions: Definitions) {
    this.graph = new Graph(definitions);
  }

  /** Adds a node. Raises where an input, an output or a choice is not what the node type has. */
  add(type: string, inputs: Readonly<Record<string, Input>> = {}, title: string | null = null): Part {
    const node = createNode(this.graph, type, [0, 0]);
    node.title = title;
    applyEdit(this.graph, { kind: "addNode", node });
    for (const [name, value] of Object.entries(inputs)) this.give(node, name, value);
    return Object.assign((output: string) => this.output(node, output), { id: node.id });
  }

  private give(node: GraphNode, name: string, value: Input): void {
    if (typeof value === "function" || isOutput(value)) {
      const from: Output = typeof value === "function" ? { node: value.id, slot: 0 } : value;
      const edits = connect(this.graph, from, { node: node.id, input: name });
      if (edits.length === 0) throw new Error(`${node.type} takes no link at ${name}`);
      for (const edit of edits) applyEdit(this.graph, edit);
      return;
    }
    if (!this.graph.widgets(node).some((widget) => widget.name === name)) throw new Error(`${node.type} has no widget ${name}`);
    node.values[name] = value;
  }

  private output(node: GraphNode, name: string): Output {
    const slot = node.outputs.findIndex((socket) => socket.name === name || socket.type === name);
    if (slot < 0) throw new Error(`${node.type} has no output ${name}`);
    return { node: node.id, slot };
  }

  /** Gives every node its size and its place. */
  arrange(): void {
    for (const node of this.graph.nodes.values()) this.sizeOf(node);
    for (const [id, [x, y]] of tidyPositions(this.graph, (node) => Document.isMediaType(node.type))) this.graph.node(id).pos = [Math.round(x), Math.round(y)];
  }

  /** The workflow file, with a note on its left. */
  workflow(template: Template): JsonObject {
    this.arrange();
    this.nameModels(template.models);
    const added = this.add("MarkdownNote", { text: noteOf(template) }, "About this template");
    Object.assign(this.graph.node(added.id), { pos: [-LEFT_OF_ALL, 34], size: NOTE_SIZE });
    return writeWorkflow(this.graph);
  }

  private sizeOf(node: GraphNode): void {
    const hasMedia = Document.isMediaType(node.type);
    const [width, height] = naturalSize(this.graph, node, hasMedia);
    node.size = hasMedia ? [PICTURE_SIZE[0], Math.max(height, PICTURE_SIZE[1])] : [width, height];
  }

  /** Says at the loaders where their files can be had, as other editors read it. */
  private nameModels(models: readonly ModelFile[]): void {
    for (const { folder, name, from } of models)
      for (const node of this.graph.nodes.values())
        if (from && Object.values(node.values).includes(name)) node.properties.models = [{ name, url: from, directory: folder }];
  }
}

function noteOf(template: Template): string {
  const missing = template.models.filter((model) => model.from !== undefined);
  const files = missing.map(({ folder, name, from }) => `- \`models/${folder}/${name}\` from [${new URL(from!).hostname}](${from!})`);
  const needs = files.length === 0 ? "" : `\n\n**Needs ${files.length === 1 ? "a file that does" : "files that do"} not ship:**\n\n${files.join("\n")}`;
  return `## ${template.title}\n\n${template.description}${needs}\n\n${template.note}`;
}
