/** What was added, removed and changed, as a list. */

import { summarize, type Difference } from "../model/difference";
import { t } from "../words";

const MOST = 6;

export function DifferenceList({ difference }: { difference: Difference }) {
  const { added, removed, changed, moved, hasMore } = difference;
  if (summarize(difference) === "") return <p class="muted">{t("difference.none")}</p>;
  const lines = [
    ...added.map((title) => ({ sign: "+", tone: "added", says: t("difference.added"), title, what: "" })),
    ...removed.map((title) => ({ sign: "−", tone: "removed", says: t("difference.removed"), title, what: "" })),
    ...changed.map(({ title, what }) => ({ sign: "~", tone: "changed", says: t("difference.changed"), title, what: what.join(", ") })),
  ];
  const more = lines.length - MOST;
  const rest = [more > 0 && t("difference.moreCount", { n: more }), moved > 0 && t("difference.movedCount", { n: moved }), hasMore && t("difference.more")].filter((part) => part !== false);
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
