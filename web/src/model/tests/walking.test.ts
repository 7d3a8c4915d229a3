import { describe, expect, it } from "vitest";
import { openDocument } from "../../fixtures/definitions";
import { neighbour, readingOrder } from "../walking";

describe("walking through a workflow", () => {
  it("reads what feeds a node before the node, each once, further left and higher first", () => {
    const { graph } = openDocument();
    const order = readingOrder(graph);
    expect([...order].sort()).toEqual([...graph.nodes.keys()].sort());
    for (const link of graph.links.values()) expect(order.indexOf(link.from)).toBeLessThan(order.indexOf(link.to));
    expect(order[0]).toBe("1");
    expect(order.at(-1)).toBe("7");
  });

  it("reads nodes of a circle too", () => {
    const document = openDocument();
    const { graph } = document;
    const [link] = [...graph.links.values()].filter(({ to }) => to === "5");
    document.edit("circle", [{ kind: "removeLink", id: link!.id }, { kind: "addLink", link: { ...link!, from: "6", fromSlot: 0 } }]);
    expect(readingOrder(graph)).toHaveLength(graph.nodes.size);
  });

  it("follows links to the sides, and goes to the nearest node otherwise", () => {
    const document = openDocument();
    const go = (id: string, direction: "left" | "right" | "up" | "down"): string | null => neighbour(document.graph, (other) => document.bounds(other), id, direction);
    expect(go("5", "right")).toBe("6");
    expect(go("6", "left")).toBe("5");
    expect(go("3", "up")).toBe("2");
    expect(go("2", "down")).toBe("3");
    expect(go("7", "right")).toBeNull();
  });
});
