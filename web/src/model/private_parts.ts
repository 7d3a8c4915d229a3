/** What in a workflow says more than the graph itself? File names of inputs, places on a disk, results kept in it. */

import type { Graph } from "./graph";
import type { GraphNode, Json, JsonObject } from "./types";
import { isObject } from "./workflow_read";

export const PRIVATE_PARTS = ["inputs", "paths", "results"] as const;
export type PrivatePart = (typeof PRIVATE_PARTS)[number];
/** What was found of each part, in words of the workflow. */
export type Found = Readonly<Record<PrivatePart, readonly string[]>>;

/** A place on a disk: from the root, a home, a drive or a share, or as a file address. */
const PATH = /(?<![\w:/.~-])(?:file:\/\/\/?|[A-Za-z]:[\\/]|\\\\[^\\/\s]+[\\/]|~[\\/]|\/(?:home|Users|root|mnt|media|Volumes|srv|opt|var|tmp|data|workspace|content|private)\/)[^\s"'<>|*?]*/g;
const MEDIA = /\.(?:png|jpe?g|webp|gif|bmp|tiff?|avif|mp4|webm|mov|mkv|wav|mp3|flac|ogg|latent)(?: \[(?:input|output|temp)\])?$/i;
const RESULT = /^data:[\w.+-]+\/[\w.+-]+[;,]/;

const baseName = (path: string): string => path.split(/[\\/]/).filter((part) => part !== "").at(-1) ?? "";

/** Inputs that a node reads from a file of the user, by the names of their widgets. */
function mediaWidgets(graph: Graph, node: GraphNode): string[] {
  return graph.widgets(node).filter((spec) => !spec.promoted && (spec.kind === "image" || (spec.kind === "choice" && MEDIA.test(String(node.values[spec.name] ?? ""))))).map((spec) => spec.name);
}

type Take = (part: PrivatePart, text: string) => string;

/** The same JSON with each text that tells something as `take` gives it back. */
function walk(value: Json, take: Take): Json {
  if (typeof value === "string") {
    if (RESULT.test(value)) return take("results", value);
    return value.replace(PATH, (path) => take("paths", path));
  }
  if (Array.isArray(value)) return value.map((entry) => walk(entry, take));
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, walk(entry, take)])) : value;
}

/** Values of a type that is not installed have no names: those that look like media files are taken for inputs. */
function placeholderValues(value: Json, take: Take): Json {
  if (typeof value === "string" && MEDIA.test(value) && !PATH.test(value)) return take("inputs", value);
  if (Array.isArray(value)) return value.map((entry) => placeholderValues(entry, take));
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, placeholderValues(entry, take)])) : value;
}

/** Passes all that tells something through `take`, in place: the graph is a copy of the caller's own. */
function passThrough(root: Graph, take: Take): void {
  for (const graph of root.everyGraph())
    for (const node of graph.nodes.values()) {
      for (const name of mediaWidgets(graph, node)) {
        const value = node.values[name];
        if (typeof value === "string" && value !== "") node.values[name] = take("inputs", value);
      }
      node.values = walk(node.values, take) as Record<string, Json>;
      node.properties = walk(node.properties, take) as JsonObject;
      const { widgets_values: values, ...others } = node.raw;
      const raw = walk(others, take) as JsonObject;
      node.raw = values === undefined ? raw : { ...node.raw, ...raw, widgets_values: walk(node.known ? values : placeholderValues(values, take), take) };
    }
  root.raw = { ...root.raw, ...(root.raw.extra === undefined ? {} : { extra: walk(root.raw.extra, take) }) };
}

/** What a workflow tells, each text once. The graph is a copy that nobody else has. */
export function findPrivate(copy: Graph): Found {
  const found: Record<PrivatePart, Set<string>> = { inputs: new Set(), paths: new Set(), results: new Set() };
  passThrough(copy, (part, text) => {
    found[part].add(part === "results" ? text.slice(0, text.search(/[;,]/)) : text);
    return text;
  });
  return { inputs: [...found.inputs], paths: [...found.paths], results: [...found.results] };
}

/** Takes these parts out of a copy of a workflow: of a path its last name stays, of the others nothing. */
export function leaveOut(copy: Graph, parts: ReadonlySet<PrivatePart>): void {
  passThrough(copy, (part, text) => (!parts.has(part) ? text : part === "paths" ? baseName(text) : ""));
}
