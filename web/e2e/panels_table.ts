/** Which panels and dialogs are there, and how is each opened? One table: what is added to the editor is added here and so is checked by axe. */

import { expect, type Page } from "@playwright/test";

export interface PanelCase {
  readonly name: string;
  readonly open: (page: Page) => Promise<unknown>;
  /** What is in the page once it is open. */
  readonly shows: string;
  /** What of the page it is, where that is not the dialog. */
  readonly root?: string;
}

/** Runs a command of the editor, as its key or the palette would. */
export const command = (page: Page, id: string): Promise<unknown> => page.evaluate((id) => globalThis.weft.commands.run(id), id);
const byCommand = (name: string, id: string, shows: string, root?: string): PanelCase => ({ name, open: (page) => command(page, id), shows, root });

export const PANELS: readonly PanelCase[] = [
  { name: "editor", open: () => Promise.resolve(), shows: "[data-node]", root: "body" },
  byCommand("open", "workflow.open", '[role="dialog"]'),
  byCommand("save", "workflow.save_as", '[role="dialog"]'),
  byCommand("templates", "workflow.templates", ".templates"),
  byCommand("library of workflows", "library.workflows", ".library", ".library"),
  byCommand("library of models", "library.models", ".library", ".library"),
  byCommand("versions", "workflow.versions", '[role="dialog"]'),
  byCommand("trash", "workflow.trash", '[role="dialog"]'),
  byCommand("packs", "view.packs", '[role="dialog"]'),
  byCommand("help", "view.help", '[role="dialog"] .socket-legend'),
  byCommand("form", "view.form", ".forms .form-suggest", ".forms"),
  byCommand("palette", "palette.open", ".is-palette [role=option]"),
  byCommand("settings", "settings.open", ".is-settings .key-row"),
  byCommand("outline", "view.outline", '[role="treeitem"]', ".outline"),
  byCommand("results", "view.results", ".gallery", ".gallery"),
  byCommand("sweep", "run.sweep", ".sweep", ".sweep"),
  byCommand("search", "edit.add", ".search [role=option]", ".search"),
  {
    name: "menu of a node",
    open: async (page) => {
      await page.evaluate(() => globalThis.weft.active.value!.select(["5"]));
      await command(page, "node.menu");
    },
    shows: '[role="menu"]',
    root: ".menu",
  },
  {
    name: "list of a widget",
    open: (page) => page.locator('[data-node="5"] [data-widget="scheduler"]').getByRole("button").click(),
    shows: ".choices [role=option]",
    root: ".choices",
  },
  {
    name: "prompt",
    open: (page) => page.locator('[data-node="2"] [data-widget="text"]').getByRole("textbox").click(),
    shows: ".prompt-editor",
    root: ".prompt-editor",
  },
  {
    name: "problems",
    open: (page) => page.evaluate(() => (globalThis.weft.active.value!.errors.value = [{ node: "5", title: "KSampler", message: "A value is missing.", details: "model" }])),
    shows: ".errors",
    root: ".errors",
  },
];

/** Opens one of the table and waits until it is there. */
export async function openPanel(page: Page, panel: PanelCase): Promise<void> {
  await panel.open(page);
  await expect(page.locator(panel.shows).first()).toBeVisible();
}

/** Closes whatever is open. */
export const closePanels = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const { ui, active } = globalThis.weft;
    while (ui.closeTop()) continue;
    ui.showsGallery.value = ui.showsOutline.value = false;
    active.value!.errors.value = [];
    document.querySelectorAll<HTMLElement>(":is(.sweep, .forms, .library) [aria-label^='Close']").forEach((button) => button.click());
    (document.activeElement as HTMLElement | null)?.blur();
  });
