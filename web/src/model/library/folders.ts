/** What is in a folder of saved workflows, in which order, and how are names put together? */

/** As much of a saved workflow as is needed to place it. */
export interface Placed {
  /** Path below `workflows/`, with its suffix. */
  readonly name: string;
  readonly modified_ms: number;
  readonly nodes: number;
}
export const SORTS = ["name", "newest", "largest"] as const;
export type Sort = (typeof SORTS)[number];

export const parentOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf("/")));
export const baseOf = (name: string): string => name.slice(name.lastIndexOf("/") + 1);
export const joined = (folder: string, name: string): string => (folder === "" ? name : `${folder}/${name}`);
export const titleOf = (name: string): string => baseOf(name).replace(/\.json$/i, "");
/** `a/b` -> `["a", "a/b"]`. */
export const pathOf = (folder: string): string[] => (folder === "" ? [] : folder.split("/").map((_, index, parts) => parts.slice(0, index + 1).join("/")));

const byName = (a: string, b: string): number => a.localeCompare(b, undefined, { numeric: true, sensitivity: "base" }) || (a < b ? -1 : 1);

export function sorted<T extends Placed>(files: readonly T[], sort: Sort): T[] {
  const order: Record<Sort, (a: T, b: T) => number> = {
    name: (a, b) => byName(titleOf(a.name), titleOf(b.name)) || byName(a.name, b.name),
    newest: (a, b) => b.modified_ms - a.modified_ms || byName(a.name, b.name),
    largest: (a, b) => b.nodes - a.nodes || byName(a.name, b.name),
  };
  return [...files].sort(order[sort]);
}

export interface FolderRow {
  readonly name: string;
  /** Workflows in it and in the folders below. */
  readonly count: number;
}

/** The folders directly in `folder`, with how many workflows each holds. */
export function foldersIn(folders: readonly string[], files: readonly Placed[], folder: string): FolderRow[] {
  const counts = new Map<string, number>();
  for (const { name } of files) for (const above of pathOf(parentOf(name))) counts.set(above, (counts.get(above) ?? 0) + 1);
  return folders.filter((name) => parentOf(name) === folder).sort(byName).map((name) => ({ name, count: counts.get(name) ?? 0 }));
}

export const filesIn = <T extends Placed>(files: readonly T[], folder: string): T[] => files.filter(({ name }) => parentOf(name) === folder);

/** What a file is called in another folder; null where it is there already. */
export const movedTo = (name: string, folder: string): string | null => (parentOf(name) === folder ? null : joined(folder, baseOf(name)));

/** Where a folder may go: not into itself, nor where it is. */
export const mayMoveFolder = (name: string, into: string): boolean => into !== name && !into.startsWith(`${name}/`) && parentOf(name) !== into;

/** A name that is free: `cat.json`, `cat 2.json`, ... */
export function freeName(wanted: string, taken: Iterable<string>): string {
  const names = new Set([...taken].map((name) => name.toLowerCase()));
  const [, stem = wanted, suffix = ""] = /^(.*?)(\.json)?$/i.exec(wanted) ?? [];
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : `${stem} ${number}${suffix}`;
    if (!names.has(name.toLowerCase())) return name;
  }
}

/** What is wrong with a name that someone typed; "" where nothing is. Slashes are folders. */
export function nameTrouble(name: string): "" | "empty" | "hidden" | "odd" {
  const parts = name.split("/");
  if (parts.some((part) => part.trim() === "")) return "empty";
  if (parts.some((part) => part.startsWith("."))) return "hidden";
  // eslint-disable-next-line no-control-regex -- such names break other programs
  return /[\\:*?"<>|\u0000-\u001f]/.test(name) || parts.some((part) => /[. ]$/.test(part)) ? "odd" : "";
}
