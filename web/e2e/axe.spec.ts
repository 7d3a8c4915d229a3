/** Can everybody use every panel? axe finds no serious issue in any of them, light and dark. */

import { expect, test } from "@playwright/test";
import { seriousProblems } from "./axe";
import { openEditor } from "./editor_page";
import { closePanels, openPanel, PANELS } from "./panels_table";

test.use({ trace: "off" }); // it copies the page at every step

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing serious in any panel, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const issues: string[] = [];
    await openEditor(page);
    for (const panel of PANELS) {
      await openPanel(page, panel);
      issues.push(...(await seriousProblems(page, panel.root ?? '[role="dialog"]')).map((issue) => `${panel.name}: ${issue}`));
      await closePanels(page);
    }
    expect(issues).toEqual([]);
  });
}
