import { effect } from "@preact/signals-core";
import { afterEach, describe, expect, it } from "vitest";
import { bestOf, language, speak, t } from ".";
import { GERMAN } from "./de";
import { ENGLISH } from "./en";
import type { Catalogue, Text } from "./text";

afterEach(() => speak("en"));

const textsOf = (catalogue: Catalogue): [string, Text][] => Object.entries(catalogue).flatMap(([area, texts]) => Object.entries(texts).map(([name, text]): [string, Text] => [`${area}.${name}`, text]));

describe("words", () => {
  it("takes the first of the reader's languages that it has", () => {
    expect(bestOf(["fr-FR", "de-AT", "en"])).toBe("de");
    expect(bestOf(["fr", "zh-Hans"])).toBe("en");
    expect(bestOf([])).toBe("en");
  });

  it("changes the language of what was said before", async () => {
    const said: string[] = [];
    const stop = effect(() => void said.push(t("common.save")));
    await speak("de");
    await speak("en");
    stop();
    expect(said).toEqual(["Save", "Speichern", "Save"]);
  });

  it("keeps the last choice when two are made at once", async () => {
    await Promise.all([speak("de"), speak("en")]);
    expect(language()).toBe("en");
  });

  it("fills holes and says an empty text nowhere", () => {
    expect(t("settings.languageFails", { why: "no {connection}" })).toBe("The words of this language can't be loaded: no {connection}");
    for (const catalogue of [ENGLISH, GERMAN])
      for (const [key, text] of textsOf(catalogue))
        for (const form of typeof text === "string" ? [text] : Object.values(text)) expect(form.trim() === form && (form.length > 0 || typeof text !== "string"), `${key}: ${JSON.stringify(form)}`).toBe(true);
  });
});
