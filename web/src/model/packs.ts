/** How did the loading of the server's packs go, and which of them would bring a node type that is missing? */

import { t } from "../words";
import type { JsonObject } from "./types";

export interface PackTrouble {
  readonly summary: string;
  readonly advice: string;
  readonly traceback: string;
}
export interface Pack {
  readonly name: string;
  readonly state: "loaded" | "partly loaded" | "failed";
  readonly troubles: readonly PackTrouble[];
}

/** A pack's name as files write it: in the registry's spelling, or as `owner/repository`. */
const plain = (name: string): string => name.toLowerCase().split("/").pop()!.replace(/\.git$/, "").replace(/[^a-z0-9]/g, "");

export const troubled = (packs: readonly Pack[]): Pack[] => packs.filter((pack) => pack.troubles.length > 0);

/** The pack with troubles that a node comes with, by the names that its file gives; undefined if it is another one. */
export function troubledPackOf(properties: JsonObject, packs: readonly Pack[]): Pack | undefined {
  const names = [properties.cnr_id, properties.aux_id].filter((name) => typeof name === "string").map(plain);
  return troubled(packs).find((pack) => names.includes(plain(pack.name)));
}

/** One line for the strip at the bottom; empty if all is well. */
export function troubleLine(packs: readonly Pack[]): string {
  const found = troubled(packs);
  if (found.length === 0) return "";
  const failed = found.filter((pack) => pack.state === "failed").length;
  const [n, name] = [found.length, found[0]!.name];
  if (failed === n) return t("packs.failed", { n, name });
  return failed === 0 ? t("packs.inPart", { n, name }) : t("packs.mixed", { n });
}
