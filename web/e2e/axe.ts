/** What would keep people out of a page? The serious findings of axe, in words. */

import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

/** Of the whole page, or of what `root` selects. */
export async function seriousProblems(page: Page, root = "body"): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().include(root).analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  return serious.flatMap(({ id, nodes }) => nodes.map((node) => `${id} at ${node.target.join(" ")}: ${[...node.any, ...node.all, ...node.none][0]?.message ?? ""}`));
}
