/** Can everybody use every panel? axe finds no serious issue in any of them, light and dark. */

import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "@playwright/test";
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
      const { violations } = await new AxeBuilder({ page }).setLegacyMode().include(panel.root ?? '[role="dialog"]').analyze();
      const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      issues.push(...serious.flatMap(({ id, nodes }) => nodes.map((node) => `${panel.name}: ${id} at ${node.target.join(" ")}: ${[...node.any, ...node.all, ...node.none][0]?.message ?? ""}`)));
      await closePanels(page);
    }
    expect(issues).toEqual([]);
  });
}
