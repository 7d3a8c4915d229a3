// Fails wherever it is called, and shows that it is called by a count that the test reads.
export default {
  name: "Throwing",
  apiVersion: 1,
  activate(weft) {
    globalThis.throwing = { decorations: 0, rounds: 0 };
    weft.nodes.decorate({ types: ["ExampleColour"], decorate: () => { globalThis.throwing.decorations += 1; throw new Error("thrown in a decoration"); } });
    weft.commands.add({ id: "fail", label: "Fail in a command", run: () => { throw new Error("thrown in a command"); } });
    weft.commands.add({ id: "reject", label: "Fail later", run: async () => { await Promise.resolve(); throw new Error("rejected in a command"); } });
    weft.commands.add({ id: "circle", label: "Call itself", run: () => weft.commands.run("circle") });
    weft.commands.add({ id: "slow", label: "Take long", run: () => { const end = performance.now() + 80; while (performance.now() < end); } });
    weft.commands.add({ id: "half", label: "Change half", run: () => weft.graph.edit("half", (graph) => {
      graph.add("Note", { position: [0, 0] });
      graph.connect("1", "no such output", "2", "text");
    }) });
    weft.widgets.register({ for: { node: "EmptyLatentImage", input: "width" }, mount: () => { throw new Error("thrown in a widget"); } });
    weft.panels.add({ id: "broken", title: "A broken panel", mount: () => { throw new Error("thrown in a panel"); } });
    addEventListener("weft-test", () => { throw new Error("thrown in a listener of its own"); });
  },
};
