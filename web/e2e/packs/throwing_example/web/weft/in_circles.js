// Answers each change by a change, for ever.
export default {
  name: "In circles",
  apiVersion: 1,
  activate(weft) {
    globalThis.circles = 0;
    weft.on("graph-changed", ({ nodes }) => {
      const [id] = nodes;
      if (id === undefined || weft.graph.node(id)?.type !== "Note") return;
      globalThis.circles += 1;
      weft.graph.edit("again", (graph) => graph.move(id, [globalThis.circles, 0]));
    });
  },
};
