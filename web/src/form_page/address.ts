/** Where is the page of a workflow's form? An address that can be kept and sent on. */

/** The reader's own workflow, work of this browser that may not be saved yet, or what somebody published. */
export type Source = { readonly workflow: string } | { readonly draft: string } | { readonly published: string };

const suffix = /\.json$/i;
const addressOf = (query: Record<string, string>): string => `form.html?${new URLSearchParams(query).toString()}`;

/** The address of the form of a saved workflow, by its path below `workflows/`. */
export const formAddress = (file: string): string => addressOf({ workflow: file.replace(suffix, "") });

/** The address of a form that was published for others, by its id. */
export const publishedAddress = (id: string): string => addressOf({ form: id });

/** The address at which this browser shows the form of work that may not be saved yet. */
export const draftAddress = (id: string): string => addressOf({ draft: id });

/** What an address names; null where it names nothing. */
export function sourceOf(query: string): Source | null {
  const given = new URLSearchParams(query);
  const [workflow, published, draft] = ["workflow", "form", "draft"].map((name) => given.get(name)?.trim());
  if (workflow) return { workflow: `${workflow.replace(suffix, "")}.json` };
  if (published) return { published };
  return draft ? { draft } : null;
}

export const nameOf = (source: Source): string => ("workflow" in source ? source.workflow.replace(suffix, "") : "");

/** What tells apart what a browser keeps of forms. */
export const keptAs = (source: Source): string => ("draft" in source ? `draft:${source.draft}` : "published" in source ? `form:${source.published}` : nameOf(source));
