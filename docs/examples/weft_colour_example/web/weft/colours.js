// @ts-check
// One use of each part of the extension API; docs/extensions.md explains them.
import { swatches } from "./parts/swatches.js";

/** @typedef {import("weft-extension").NodeInfo} NodeInfo */

const TYPE = "ExampleColour";
const TEXTS = {
  en: { panel: "Colours", used: "Colours used: {count}", paint: "Colour the selection…", add: "Add a colour here", dark: "dark" },
  de: { panel: "Farben", used: "Benutzte Farben: {count}", paint: "Auswahl färben…", add: "Hier eine Farbe hinzufügen", dark: "dunkel" },
};

/** @param {NodeInfo} node @returns {string} */
const hexOf = (node) => /** @type {{ hex: string }} */ (node.values.colour).hex;

/** @param {string} hex @returns {number} 0 is black, 1 is white */
const lightness = (hex) => (0.299 * parseInt(hex.slice(1, 3), 16) + 0.587 * parseInt(hex.slice(3, 5), 16) + 0.114 * parseInt(hex.slice(5, 7), 16)) / 255;

/** @type {import("weft-extension").Extension} */
export default {
  name: "Colours",
  version: "1.0",
  apiVersion: 1,
  async activate(weft) {
    const { t } = weft.strings;
    weft.strings.add(TEXTS);
    /** @type {string[]} */
    const palette = await (await weft.fetch("/weft_colour_example/palette")).json();

    weft.settings.declare([{ id: "marks", kind: "boolean", default: true, label: "Mark nodes with their colour" }]);

    // a widget for an input of a type of the pack's own
    weft.widgets.register({
      for: { type: "EXAMPLE_COLOUR" },
      height: 40,
      mount: (element, widget) => swatches(element, palette, widget),
      draw: (context, { value, width, height }) => {
        context.fillStyle = /** @type {{ hex: string }} */ (value).hex;
        context.fillRect(0, 0, width, height);
      },
    });

    // what is shown on its nodes
    const marks = weft.nodes.decorate({
      types: [TYPE],
      decorate: (node) => {
        if (weft.settings.get("marks") !== true) return null;
        const hex = hexOf(node);
        return { badge: hex, tone: lightness(hex) < 0.3 ? "warning" : "info", lines: lightness(hex) < 0.3 ? [t("dark")] : [] };
      },
    });
    weft.settings.onChange("marks", () => marks.refresh());

    // a command, a menu entry, each one step of the undo
    /** @param {string} hex */
    const paint = (hex) => weft.graph.edit("colour", (graph) => {
      for (const id of weft.graph.selection()) if (weft.graph.node(id)?.type === TYPE) graph.set(id, "colour", { hex });
    });
    weft.commands.add({
      id: "paint",
      label: t("paint"),
      shortcut: "Alt+Shift+K",
      when: () => weft.graph.selection().some((id) => weft.graph.node(id)?.type === TYPE),
      run: () => {
        const dialog = weft.ui.dialog({
          title: t("paint"),
          mount: (element) => {
            swatches(element, palette, { value: null, set: ({ hex }) => {
              paint(hex);
              dialog.close();
            } });
          },
        });
      },
    });
    weft.menus.add("canvas", {
      label: t("add"),
      run: ({ at }) => weft.graph.edit("add a colour", (graph) => {
        const id = graph.add(TYPE, { position: at, values: { colour: { hex: palette[1] ?? "#000000" } } });
        const show = graph.add("PreviewImage", { position: [at[0] + 380, at[1]] });
        graph.connect(id, "IMAGE", show, "images");
      }),
    });

    // a side panel that follows what happens
    weft.panels.add({
      id: "used",
      title: t("panel"),
      mount: (element) => {
        const line = element.appendChild(document.createElement("p"));
        const log = element.appendChild(document.createElement("ul"));
        const show = () => {
          const used = new Set(weft.graph.nodes().filter((node) => node.type === TYPE).map(hexOf));
          line.textContent = t("used", { count: used.size });
        };
        show();
        const ends = [
          weft.on("graph-changed", show),
          weft.on("workflow-shown", show),
          weft.on("run-ended", ({ outcome }) => {
            log.appendChild(document.createElement("li")).textContent = outcome;
          }),
        ];
        return () => ends.forEach((end) => end());
      },
    });

    return () => console.info("Colours: good bye");
  },
};
