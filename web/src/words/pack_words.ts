/** Fetches what packs say in the reader's language, and follows the language. Loaded where there are nodes of packs. */

import { effect } from "@preact/signals-core";
import { getJson } from "../api/http";
import { nodeWords, readNodeWords } from "../model/node_words";
import type { JsonObject } from "../model/types";
import { spokenLanguage } from ".";

export async function speakPackWords(): Promise<void> {
  const texts = await getJson<JsonObject>("/i18n");
  effect(() => {
    const { language, locale } = spokenLanguage.value;
    nodeWords.value = readNodeWords(texts, [...new Set(["en", language, locale])]);
  });
}
