/** May these two sockets be connected? */

import { t } from "../words";

const members = (type: string): string[] => type.split(",").map((part) => part.trim().toUpperCase());

/**
 * True when a value of `output` may arrive at an input of type `input`: equal names, `*` accepts all, an input union accepts
 * any of its members, and every member that an output union offers must be accepted. A COMBO also takes and gives text.
 */
export function accepts(input: string, output: string): boolean {
  if (input === "*" || output === "*" || input === "" || output === "") return true;
  const wanted = members(input);
  if (wanted.includes("*")) return true;
  return members(output).every(
    (offered) => offered === "*" || wanted.includes(offered) || (offered === "STRING" && wanted.includes("COMBO")) || (offered === "COMBO" && wanted.includes("STRING")),
  );
}

/** A type as people read it: `CONDITIONING` -> `conditioning`, a union with "or" between its members. */
export function typeLabel(type: string): string {
  if (type === "*") return t("node.anything");
  return type.split(",").map((part) => part.trim().toLowerCase()).join(" or ");
}
