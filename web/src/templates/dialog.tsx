/** With which template does the reader begin? Cards with pictures, by technique, found by words; opened in a tab of its own. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { reason } from "../api/http";
import type { Editor } from "../editor";
import { moved } from "../looking/grid";
import { Dialog } from "../panels/dialogs";
import { WarningIcon } from "../view/icons";
import { t } from "../words";
import { descriptionOf, listTemplates, matching, openTemplate, shelfOf, shelfTitle, titleOf, type TemplateInfo } from "./templates";
import "./templates.css";

function Face({ template }: { template: TemplateInfo }) {
  const [isBroken, setBroken] = useState(false);
  if (template.picture && !isBroken) return <img class="template-picture" src={template.picture} alt="" loading="lazy" decoding="async" draggable={false} onError={() => setBroken(true)} />;
  return <span class="template-picture is-none" aria-hidden="true">{titleOf(template).slice(0, 1)}</span>;
}

function Card({ template, index, isCurrent, open }: { template: TemplateInfo; index: number; isCurrent: boolean; open: () => void }) {
  const missing = template.models.filter((model) => !model.present);
  return (
    <li>
      <button type="button" class="template-card" data-index={index} tabIndex={isCurrent ? 0 : -1} onClick={open}>
        <Face template={template} />
        <span class="template-title">{titleOf(template)}</span>
        <span class="template-says">{descriptionOf(template) || t("templates.fromPack", { pack: template.package })}</span>
        {missing.length > 0 && <span class="template-needs" title={missing.map(({ folder, name }) => `models/${folder}/${name}`).join("\n")}><WarningIcon />{t("templates.needs", { n: missing.length })}</span>}
      </button>
    </li>
  );
}

/** How many cards stand in the first row. */
function columnsOf(list: HTMLElement): number {
  const tops = [...list.children].map((card) => (card as HTMLElement).offsetTop);
  return Math.max(1, tops.filter((top) => top === tops[0]).length);
}

function Cards({ found, open }: { found: readonly TemplateInfo[]; open: (template: TemplateInfo) => void }) {
  const list = useRef<HTMLUListElement>(null);
  const [chosen, setChosen] = useState(0);
  const current = Math.min(chosen, Math.max(0, found.length - 1));
  const keyDown = (event: KeyboardEvent): void => {
    const target = moved(current, event.key, columnsOf(list.current!), found.length);
    if (!/^(Arrow|Home|End)/.test(event.key)) return;
    event.preventDefault();
    setChosen(target);
    list.current!.querySelector<HTMLElement>(`[data-index="${target}"]`)?.focus();
  };
  return (
    <ul class="template-cards" ref={list} aria-label={t("templates.title")} onKeyDown={keyDown}>
      {found.map((template, index) => <Card key={`${template.package}/${template.name}`} template={template} index={index} isCurrent={index === current} open={() => open(template)} />)}
    </ul>
  );
}

function Shelves({ all, shelf, choose }: { all: readonly TemplateInfo[]; shelf: string; choose: (shelf: string) => void }) {
  const shelves = ["", ...new Set(all.map(shelfOf))];
  return (
    <div class="template-shelves" role="group" aria-label={t("templates.techniques")}>
      {shelves.map((each) => <button key={each} type="button" class="chip" aria-pressed={each === shelf} onClick={() => choose(each)}>{each === "" ? t("templates.all") : shelfTitle(each)}</button>)}
    </div>
  );
}

export function TemplatesDialog({ editor }: { editor: Editor }) {
  const [state, setState] = useState<readonly TemplateInfo[] | string | null>(null);
  const [query, setQuery] = useState("");
  const [shelf, setShelf] = useState("");
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => void listTemplates().then(setState, (error: unknown) => setState(t("templates.failed", { why: reason(error) }))), []);
  const all = Array.isArray(state) ? (state as readonly TemplateInfo[]) : [];
  const found = useMemo(() => matching(all, shelf, query), [state, shelf, query]);
  const open = (template: TemplateInfo): void => {
    editor.ui.dialog.value = null;
    void openTemplate(editor, template);
  };
  const typed = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && found[0]) open(found[0]);
    if (event.key !== "ArrowDown") return;
    event.preventDefault();
    root.current?.querySelector<HTMLElement>(".template-card[tabindex='0']")?.focus();
  };
  return (
    <Dialog editor={editor} title={t("templates.title")} kind="templates">
      <div class="templates" ref={root}>
        <input class="search-input" type="search" placeholder={t("templates.search")} aria-label={t("templates.search")} value={query} onInput={({ currentTarget }) => setQuery(currentTarget.value)} onKeyDown={typed} />
        <Shelves all={all} shelf={shelf} choose={setShelf} />
        <p class="visually-hidden" role="status">{Array.isArray(state) ? t("templates.found", { n: found.length }) : ""}</p>
        {state === null ? <p class="nothing">{t("templates.loading")}</p> : typeof state === "string" ? <p class="nothing">{state}</p> : found.length === 0 ? <p class="nothing">{t("templates.nothing")}</p> : <Cards found={found} open={open} />}
      </div>
    </Dialog>
  );
}
