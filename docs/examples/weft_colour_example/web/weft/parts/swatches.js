// @ts-check
// Scripts in deeper folders are parts: only the modules beside this folder are extensions.

/**
 * A row of buttons, one for each colour.
 * @param {HTMLElement} element
 * @param {readonly string[]} palette
 * @param {{ readonly value: unknown, set(value: { hex: string }): void }} widget
 */
export function swatches(element, palette, widget) {
  const row = element.appendChild(document.createElement("div"));
  row.style.cssText = "display: flex; gap: 6px; height: 100%; min-height: 30px";
  const buttons = palette.map((hex) => {
    const button = row.appendChild(document.createElement("button"));
    button.type = "button";
    button.ariaLabel = `Colour ${hex}`;
    button.style.cssText = `flex: 1; border-radius: 8px; background: ${hex}`;
    button.addEventListener("click", () => {
      show({ hex });
      widget.set({ hex });
    });
    return button;
  });
  /** @param {unknown} value */
  const show = (value) => {
    const chosen = /** @type {{ hex?: string } | null} */ (value)?.hex;
    buttons.forEach((button, index) => {
      button.ariaPressed = String(palette[index] === chosen);
      button.style.outline = palette[index] === chosen ? "2px solid var(--text)" : "none";
      button.style.outlineOffset = "-4px";
    });
  };
  show(widget.value);
  return { update: show };
}
