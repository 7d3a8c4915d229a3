/** At which level are we? The workflow and the subgraphs that were entered, each a way back. */

import type { Editor } from "../editor";
import { innermost } from "../model/levels";
import { renameSubgraph } from "../interaction/subgraphs";
import { ChevronIcon } from "../view/icons";
import { t } from "../words";

export function Breadcrumb({ editor }: { editor: Editor }) {
  const document = editor.active.value;
  const path = document?.path.value ?? [];
  if (!document || path.length === 0) return null;
  void document.revision.value;
  const titles = path.map((id, depth) => {
    const { graph } = innermost(document.root, path.slice(0, depth));
    const node = graph.nodes.get(id);
    return node ? graph.title(node) : id;
  });
  const inside = document.graph.id;
  return (
    <nav class="breadcrumb" aria-label={t("subgraph.levels")}>
      <button type="button" class="crumb" onClick={() => document.goTo([])} title={t("subgraph.backToWorkflow")}>{document.name.value}</button>
      {titles.map((title, depth) => (
        <span key={depth} class="crumb-step">
          <ChevronIcon />
          {depth === titles.length - 1
            ? <button type="button" class="crumb is-here" aria-current="location" title={t("subgraph.rename")} onClick={() => inside !== null && renameSubgraph(document, inside)}>{title}</button>
            : <button type="button" class="crumb" onClick={() => document.goTo(path.slice(0, depth + 1))} title={t("subgraph.backTo", { title })}>{title}</button>}
        </span>
      ))}
      <button type="button" class="button quiet" onClick={() => document.leave()} title={t("subgraph.leaveHint")}>{t("subgraph.leave")}</button>
    </nav>
  );
}
