/** Which node is wanted? Fuzzy search, filtered to what fits where a link was dropped. */

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Editor } from "../editor";
import type { Definitions } from "../model/definitions";
import { searchDefinitions } from "../model/fuzzy";
import { aboutType, nameOfType } from "../model/node_words";
import { subgraphType } from "../model/subgraph_type";
import { typeLabel } from "../model/sockets";
import type { NodeDefinition } from "../model/types";
import { socketShape } from "../view/socket_shapes";
import { typeColor, type Theme } from "../view/theme";
import { t } from "../words";
import type { SearchRequest } from "./ui_state";

const WIDTH = 380;
const HEIGHT = 420;

function Sockets({ definition, theme }: { definition: NodeDefinition; theme: Theme }) {
  const types = [...new Set(definition.outputs.map((output) => output.type))].slice(0, 5);
  return <span class="result-dots">{types.map((type) => <span key={type} style={{ background: typeColor(type, theme), clipPath: `var(--shape-${socketShape(type)})` }} title={typeLabel(type)} />)}</span>;
}

/** The node types of the server, the subgraphs of the workflow and those of the library. */
function searchable(editor: Editor): Definitions {
  const own = [...(editor.active.value?.root.subgraphs.values() ?? [])].filter((subgraph) => !subgraph.isGroup).map(subgraphType);
  const library = [...editor.blueprints.value.values()].map((blueprint) => blueprint.definition);
  return own.length + library.length === 0 ? editor.definitions : new Map([...editor.definitions, ...[...own, ...library].map((type) => [type.type, type] as const)]);
}

function SearchBox({ editor, request }: { editor: Editor; request: SearchRequest }) {
  const [query, setQuery] = useState("");
  const [chosen, setChosen] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const found = useMemo(() => searchDefinitions(request.says ? editor.definitions : searchable(editor), query, request.filter), [query, request]);
  useEffect(() => input.current?.focus(), []);
  useLayoutEffect(() => list.current?.children[chosen]?.scrollIntoView({ block: "nearest" }), [chosen]);
  const pick = (definition: NodeDefinition | undefined): void => {
    editor.ui.search.value = null;
    if (definition) request.pick(definition.type);
  };
  const [x, y] = request.screen;
  const left = Math.max(8, Math.min(x - 30, innerWidth - WIDTH - 8));
  const top = Math.max(60, Math.min(y - 20, innerHeight - HEIGHT - 40));
  return (
    <div class="popup search" role="dialog" aria-label={request.says ?? t("search.add")} style={{ left: `${left}px`, top: `${top}px`, width: `${WIDTH}px` }}>
      <input ref={input} class="search-input" placeholder={request.says ? request.says : request.filter ? t("search.fits", { type: typeLabel(request.filter.type) }) : t("search.hint")} value={query} spellcheck={false}
        role="combobox" aria-expanded="true" aria-controls="search-results" aria-activedescendant={`search-${chosen}`}
        onInput={(event) => { setQuery(event.currentTarget.value); setChosen(0); }}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown" || event.key === "ArrowUp") {
            event.preventDefault();
            setChosen((index) => Math.max(0, Math.min(found.length - 1, index + (event.key === "ArrowDown" ? 1 : -1))));
          }
          if (event.key === "Enter") pick(found[chosen]);
        }} />
      <ul class="results" id="search-results" role="listbox" ref={list}>
        {found.map((definition, index) => (
          <li key={definition.type} id={`search-${index}`} role="option" aria-selected={index === chosen} class={index === chosen ? "is-chosen" : ""}
            title={aboutType(definition)} onPointerMove={() => setChosen(index)} onClick={() => pick(definition)}>
            <span class="result-name">{nameOfType(definition)}</span>
            <span class="result-place">{definition.category}{definition.deprecated && ` · ${t("search.outdated")}`}{definition.experimental && ` · ${t("search.experimental")}`}</span>
            <Sockets definition={definition} theme={editor.stage.theme} />
          </li>
        ))}
        {found.length === 0 && <li class="nothing">{t("search.none")}</li>}
      </ul>
    </div>
  );
}

export function Search({ editor }: { editor: Editor }) {
  const request = editor.ui.search.value;
  if (!request) return null;
  return (
    <>
      <div class="veil clear" onPointerDown={() => (editor.ui.search.value = null)} />
      <SearchBox editor={editor} request={request} />
    </>
  );
}
