/** On a server with accounts everybody logs in, and sees what is his own. */

import { expect, test, type Page } from "@playwright/test";
import { node, openEditor, run } from "./editor_page";
import { startServer, type OwnServer } from "./own_server";

const PASSWORD = "correct horse battery";
let server: OwnServer;

test.beforeAll(async () => {
  server = await startServer("--multi-user");
});
test.afterAll(() => server.stop());

async function logIn(page: Page, name: string, password: string): Promise<void> {
  await page.goto(`${server.url}/login`);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}

const firstPassword = (): string => /with the password (\S+)/.exec(server.said())?.[1] ?? "";

test("an admin makes an account, whose owner sees his own jobs and can change his password", async ({ browser }) => {
  const context = await browser.newContext({ baseURL: server.url });
  const page = await context.newPage();
  await page.goto("/");
  await expect(page.getByRole("button", { name: "Log in" })).toBeVisible();
  await logIn(page, "admin", "wrong password");
  await expect(page.getByRole("alert")).toContainText("That is not the name and password");
  await logIn(page, "admin", firstPassword());
  await openEditor(page);
  await page.getByRole("button", { name: "Account: admin" }).click();
  const dialog = page.getByRole("dialog", { name: "Account: admin" });
  await dialog.getByLabel("Name of the new account").fill("anna");
  await dialog.getByLabel("First password").fill(PASSWORD);
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await expect(dialog.getByLabel("Role of anna")).toHaveValue("user");
  await page.keyboard.press("Escape");
  await run(page);
  await expect(node(page, "7").locator(".picture img")).toBeVisible({ timeout: 120_000 });

  const hers = await browser.newContext({ baseURL: server.url });
  const annas = await hers.newPage();
  await page.getByRole("button", { name: "Account: admin" }).click();
  await dialog.getByRole("listitem").filter({ hasText: "anna" }).getByRole("button", { name: "New password" }).click();
  const given = (await dialog.locator("output").innerText()).replace("anna: ", "");
  await logIn(annas, "anna", PASSWORD);
  await expect(annas.getByRole("alert")).toBeVisible();
  await logIn(annas, "anna", given);
  await openEditor(annas);
  expect(await (await annas.request.get("/api/history")).json()).toEqual({});
  await annas.getByRole("button", { name: "Account: anna" }).click();
  const own = annas.getByRole("dialog", { name: "Account: anna" });
  await expect(own.getByText("Accounts", { exact: true })).toHaveCount(0);
  await own.getByRole("button", { name: "Make a token" }).click();
  const token = await own.locator("output").innerText();
  const asked = await annas.request.fetch(`${server.url}/api/users`, { headers: { Authorization: `Bearer ${token}`, Cookie: "" } });
  expect(((await asked.json()) as { users: unknown }).users).toEqual({ anna: "anna" });
  await own.getByLabel("Present password").fill(given);
  await own.getByLabel("New password").fill("another good password");
  await own.getByRole("button", { name: "Change password" }).click();
  await annas.waitForURL("**/login");
  await logIn(annas, "anna", "another good password");
  await openEditor(annas);
  await annas.getByRole("button", { name: "Account: anna" }).click();
  await annas.getByRole("button", { name: "Log out" }).click();
  await expect(annas.getByRole("button", { name: "Log in" })).toBeVisible();
  await annas.goto("/");
  await expect(annas.getByRole("button", { name: "Log in" })).toBeVisible();
});
