/** What was added, removed and changed, as a list. */

import { summarize, type Difference } from "../model/difference";

const MOST = 6;

export function DifferenceList({ difference }: { difference: Difference }) {
  const { added, removed, changed, moved, hasMore } = difference;
  if (summarize(difference) === "") return <p class="muted">No difference.</p>;
  const lines = [
    ...added.map((title) => ({ sign: "+", tone: "added", says: "added", title, what: "" })),
    ...removed.map((title) => ({ sign: "−", tone: "removed", says: "removed", title, what: "" })),
    ...changed.map(({ title, what }) => ({ sign: "~", tone: "changed", says: "changed", title, what: what.join(", ") })),
  ];
  const more = lines.length - MOST;
  const rest = [more > 0 && `${more} more`, moved > 0 && `${moved} moved`, hasMore && "groups or settings changed"].filter((part) => part !== false);
  return (
    <ul class="differences">
      {lines.slice(0, MOST).map((line, index) => (
        <li key={index} class={line.tone}>
          <span class="sign" role="img" aria-label={line.says}>{line.sign}</span>
          <span><strong>{line.title}</strong>{line.what && <span class="muted"> {line.what}</span>}</span>
        </li>
      ))}
      {rest.length > 0 && <li class="muted">{rest.join(", ")}</li>}
    </ul>
  );
}
