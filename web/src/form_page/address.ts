/** Where is the page of a workflow's form? An address that can be kept and sent on. */

export type Source = { readonly workflow: string } | { readonly draft: string };

const suffix = /\.json$/i;

/** The address of the form of a saved workflow, by its path below `workflows/`. */
export const formAddress = (file: string): string => `form.html?${new URLSearchParams({ workflow: file.replace(suffix, "") }).toString()}`;

/** The address at which this browser shows the form of work that may not be saved yet. */
export const draftAddress = (id: string): string => `form.html?${new URLSearchParams({ draft: id }).toString()}`;

/** What an address names; null where it names nothing. */
export function sourceOf(query: string): Source | null {
  const given = new URLSearchParams(query);
  const workflow = given.get("workflow")?.trim();
  const draft = given.get("draft")?.trim();
  if (workflow) return { workflow: `${workflow.replace(suffix, "")}.json` };
  return draft ? { draft } : null;
}

export const nameOf = (source: Source): string => ("workflow" in source ? source.workflow.replace(suffix, "") : "");
