import { expect, it } from "vitest";
import { newest } from "./newest";

it("shows no answer after that to a later question, and nothing of a question that failed", async () => {
  const answers: ((value: string | Error) => void)[] = [];
  const shown: string[] = [];
  const refresh = newest(() => new Promise<string>((resolve, reject) => answers.push((value) => (value instanceof Error ? reject(value) : resolve(value)))), (value) => void shown.push(value));
  const asked = [refresh(), refresh(), refresh()];
  answers[1]!("second");
  await asked[1];
  answers[0]!("first");
  answers[2]!(new Error("no connection"));
  await Promise.all(asked);
  expect(shown).toEqual(["second"]);
});
