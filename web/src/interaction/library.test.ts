import { expect, it } from "vitest";
import { definitions, openDocument } from "../fixtures/definitions";
import { pack, shape } from "../fixtures/subgraphs";
import { insertFragment } from "../model/operations";
import { promote } from "../model/promoted";
import { buildPrompt } from "../model/prompt";
import { blueprintFile, readBlueprint } from "./library";

it("a published subgraph holds its nested ones and shown widgets, and nothing else", () => {
  const document = openDocument();
  const outer = pack(document, ["5", "6"], "Outer");
  document.enter(outer);
  const inner = pack(document, ["5"], "Inner");
  document.leave();
  document.edit("promote", promote(document.root, document.graph.node(outer).type, ["6", "x"], true));
  const { definition, fragment } = readBlueprint("mine.json", "library", blueprintFile(document.graph, outer), definitions);
  expect(definition).toMatchObject({ type: "library:mine", displayName: "mine", category: "library" });
  expect(definition.inputs.map((input) => input.type)).toEqual(["MODEL", "CONDITIONING", "CONDITIONING", "LATENT", "VAE"]);
  const into = openDocument({ version: 0.4, nodes: [], links: [] });
  into.edit("add", insertFragment(into.graph, fragment, [10, 20]).edits);
  expect([...into.graph.nodes.values()].map((node) => [node.pos, node.properties.proxyWidgets])).toEqual([[[10, 20], [["6", "x"]]]]);
  expect(Object.keys(buildPrompt(into.root))).toEqual(["1:6", `1:${inner}:5`]);
  expect(shape(buildPrompt(into.root))).toHaveLength(2);
});

it("a file without a subgraph is refused", () => {
  expect(() => readBlueprint("x.json", "library", { version: 0.4, nodes: [], links: [] }, definitions)).toThrow(/expected a workflow with a subgraph/);
});
