/** How is the page of a form put together? Fields on one side, results on the other; on a phone one below the other. */

import { useEffect, useRef } from "preact/hooks";
import { troubleOf } from "../model/form/places";
import { RepeatIcon, WarningIcon } from "../view/icons";
import { Field } from "./fields";
import type { FormPage } from "./form_page";
import { later } from "./later";
import { RunBar } from "./progress";
import { Results } from "./result_view";
import { t } from "../words";

interface Part {
  readonly title: string;
  readonly isFolded: boolean;
  /** Places of its fields in the form. */
  readonly fields: readonly number[];
}

/** The fields under their headings; those before the first one have none. */
export function partsOf({ form, placed }: Pick<FormPage, "form" | "placed">): Part[] {
  const parts: { title: string; isFolded: boolean; fields: number[] }[] = [{ title: "", isFolded: false, fields: [] }];
  form.items.forEach((item, index) => {
    if (item.kind === "group") parts.push({ title: item.title, isFolded: item.isFolded, fields: [] });
    else if (placed.fields[index]) parts.at(-1)!.fields.push(index);
  });
  return parts.filter(({ fields }) => fields.length > 0);
}

function Fields({ page, part }: { page: FormPage; part: Part }) {
  const fields = part.fields.flatMap((index) => {
    const place = page.field(index);
    return place ? [<Field key={index} page={page} place={place} index={index} />] : [];
  });
  const details = useRef<HTMLDetailsElement>(null);
  const isWrong = part.fields.some((index) => page.fieldProblems.value.has(index));
  useEffect(() => {
    if (isWrong && details.current) details.current.open = true;
  }, [isWrong]);
  if (fields.length === 0) return null;
  if (!part.title) return <div class="form-part">{fields}</div>;
  return (
    <details class="form-part" ref={details} open={!part.isFolded}>
      <summary><h2>{part.title}</h2></summary>
      <div class="form-part">{fields}</div>
    </details>
  );
}

function Problems({ page }: { page: FormPage }) {
  const { missing, problems } = page;
  if (missing.value.length + problems.value.length === 0) return null;
  return (
    <section class="form-problems" role="alert" aria-label={t("formPage.problems")}>
      {missing.value.length > 0 && <p><WarningIcon /><strong>{t("formPage.missing")}</strong></p>}
      <ul>
        {missing.value.map(({ node, input, message }) => <li key={`${node} ${input}`}>{message}</li>)}
        {problems.value.map(({ text, details }, index) => <li key={index}>{text}{details && <details><summary>{t("formPage.details")}</summary><pre>{details}</pre></details>}</li>)}
      </ul>
    </section>
  );
}

/** What only the author of a form needs to know. */
function Notes({ page, isPreview }: { page: FormPage; isPreview: boolean }) {
  const troubled = isPreview ? page.placed.fields.filter((_, index) => page.form.items[index]!.kind === "field").map(troubleOf).filter(Boolean) : [];
  if (!isPreview && !page.isSuggested) return null;
  return (
    <p class="form-note">
      {isPreview && `${t("formPage.preview")} `}
      {page.isSuggested && `${t("formPage.suggested")} `}
      {troubled.length > 0 && t("formPage.noEffect", { n: troubled.length })}
    </p>
  );
}

/** Brings the first thing that is wrong into view, for eyes and for screen readers. */
function showWrong(form: HTMLElement): void {
  const wrong = form.querySelector<HTMLElement>(".is-wrong :is(input, textarea, select, button), .form-problems");
  wrong?.closest("details")?.setAttribute("open", "");
  wrong?.scrollIntoView({ block: "center" });
  wrong?.focus();
}

const isNarrow = (): boolean => matchMedia("(max-width: 860px)").matches;

const About = later(async () => (await import("./about")).About);

export function Page({ page, isPreview }: { page: FormPage; isPreview: boolean }) {
  const root = useRef<HTMLFormElement>(null);
  const run = (): void => {
    if (document.activeElement instanceof HTMLInputElement) document.activeElement.blur(); // a number that is being typed counts
    void page.run().then((isBegun) => {
      if (!isBegun) requestAnimationFrame(() => root.current && showWrong(root.current));
      else if (isNarrow()) document.getElementById("results")?.scrollIntoView({ block: "start" });
    });
  };
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      latest.current();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  const parts = partsOf(page);
  return (
    <main class="form-page">
      <form class="form-side" ref={root} aria-label={page.title} noValidate onSubmit={(event) => event.preventDefault()}>
        <div class="form-scroll">
          <header class="form-head">
            <h1>{page.title}</h1>
            <button type="button" class="form-button is-quiet" title={t("formPage.startOverHint")} onClick={() => page.forgetTyped()}><RepeatIcon />{t("formPage.startOver")}</button>
          </header>
          <Notes page={page} isPreview={isPreview} />
          {page.form.about && <About text={page.form.about} />}
          <Problems page={page} />
          {parts.map((part, index) => <Fields key={index} page={page} part={part} />)}
          {parts.length === 0 && <p class="form-empty">{t("formPage.noFields")}</p>}
        </div>
        <RunBar page={page} run={run} />
      </form>
      <Results page={page} />
    </main>
  );
}

/** Instead of a form: what went wrong, or what is waited for. */
export function Instead({ title, children }: { title: string; children?: string }) {
  return <main class="form-instead"><img src="./icon.svg" alt="" width="56" height="56" /><h1>{title}</h1>{children && <p>{children}</p>}</main>;
}
