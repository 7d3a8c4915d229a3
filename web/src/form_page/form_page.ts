/** What does a form's page know and do? Its fields and their values, what is wrong with them, and the runs that it begins. */

import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { CONTROL_MODES } from "../model/definitions";
import { Document } from "../model/document";
import { readForm, type Form } from "../model/form/form";
import { missingFor, neededBy, type Missing } from "../model/form/needs";
import { controlOf, placeForm, setField, startOf, valueOf, type PlacedField, type PlacedForm, type WidgetPlace } from "../model/form/places";
import { suggestForm } from "../model/form/suggest";
import type { Graph } from "../model/graph";
import { newId } from "../model/ids";
import { buildPrompt, type Prompt } from "../model/prompt";
import { advanceSeeds } from "../model/seeds";
import type { Json } from "../model/types";
import type { Kept, KeptValue } from "./kept";
import { OwnRuns } from "./own_runs";
import { t } from "../words";

/** A trouble that belongs to no field. */
export interface Problem {
  readonly text: string;
  readonly details: string;
}

/** True for a value that the field could have been given here. */
function fits({ narrowed: { kind, choices, min, max } }: PlacedField, value: Json): boolean {
  switch (kind) {
    case "number":
      return typeof value === "bigint" || (typeof value === "number" && value >= (min ?? -Infinity) && value <= (max ?? Infinity));
    case "choice":
      return (choices ?? []).includes(value);
    case "toggle":
      return typeof value === "boolean";
    default:
      return typeof value === "string";
  }
}

const isMode = (value: Json): boolean => (CONTROL_MODES as readonly Json[]).includes(value);

export class FormPage {
  readonly document: Document;
  readonly form: Form;
  /** True where the author made no form and the usual fields are shown. */
  readonly isSuggested: boolean;
  readonly placed: PlacedForm;
  readonly runs: OwnRuns;
  readonly isStarting = signal(false);
  /** Names of pictures that were uploaded here. */
  readonly uploads: Signal<readonly string[]> = signal([]);
  /** What the last try to run brought against fields, by their places in the form. */
  readonly fieldProblems: Signal<ReadonlyMap<number, string>> = signal(new Map());
  readonly problems: Signal<readonly Problem[]> = signal([]);
  /** The outputs that are run; null for all. */
  readonly targets: readonly string[] | null;
  /** What a run goes through as things stand, or why there can be none. */
  private readonly needed: ReadonlySignal<Prompt | string> = computed(() => {
    void this.document.revision.value;
    try {
      return neededBy(buildPrompt(this.document.root), this.targets);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  });
  /** What is not there and no field can change: a run would fail. */
  readonly missing: ReadonlySignal<readonly Missing[]> = computed(() => this.findMissing());
  private readonly starts: readonly { readonly place: WidgetPlace; readonly value: Json }[];

  constructor(readonly name: string, graph: Graph, clientId: string, private readonly kept: Kept) {
    this.document = new Document(newId(), name, graph);
    const own = readForm(graph);
    this.isSuggested = own === null || own.items.length === 0;
    const suggested = suggestForm(graph);
    this.form = !own || own.items.length === 0 ? { ...suggested, title: own?.title ?? "", about: own?.about ?? "", outputs: own?.outputs.length ? own.outputs : suggested.outputs } : own;
    this.placed = placeForm(graph, this.form);
    const outputs = this.placed.outputs.filter((place) => place !== null).filter(({ isOn }) => isOn);
    this.targets = outputs.length > 0 ? outputs.map(({ key }) => key) : null;
    this.starts = this.slots().map(({ place, field }) => ({ place, value: field ? startOf(field) : valueOf(place) }));
    this.reset();
    this.setAll(kept.values());
    this.runs = new OwnRuns(this.document, clientId, outputs, kept);
  }

  get title(): string {
    return this.form.title || this.name;
  }

  /** The field at a place of the form, where it has an effect. */
  field(index: number): PlacedField | null {
    const place = this.placed.fields[index];
    return place && !place.isLinked && place.isOn ? place : null;
  }

  /** The widgets that the page sets: fields, and the controls of those that are seeds. */
  private slots(): { readonly place: WidgetPlace; readonly field: PlacedField | null; readonly name: readonly [node: string, widget: string] }[] {
    return this.placed.fields.flatMap((_, index) => {
      const field = this.field(index);
      const control = field && controlOf(field);
      if (!field) return [];
      const own = { place: field, field, name: [field.field.node, field.spec.name] as const };
      return control ? [own, { place: control, field: null, name: [field.field.node, control.spec.name] as const }] : [own];
    });
  }

  value(place: WidgetPlace): Json {
    void this.document.revision.value;
    return valueOf(place);
  }

  set(index: number, value: Json): void {
    const place = this.placed.fields[index];
    if (!place) return;
    this.document.edit("change", [setField(place, value)], `field ${index}`);
    this.forgive(index);
    this.keepTyped();
  }

  /** Whether a seed moves on before each run. */
  isDrawn(place: PlacedField): boolean {
    const control = controlOf(place);
    return control !== undefined && this.value(control) !== "fixed";
  }

  draw(place: PlacedField, isDrawn: boolean): void {
    const control = controlOf(place);
    if (!control) return;
    const own = this.starts.find((start) => start.place.key === control.key && start.place.spec.name === control.spec.name)?.value;
    const mode = own !== undefined && own !== "fixed" ? own : "randomize";
    this.document.edit("change", [setField(control, isDrawn ? mode : "fixed")]);
    this.keepTyped();
  }

  values(): KeptValue[] {
    return this.slots().map(({ place, name }): KeptValue => [...name, valueOf(place)]);
  }

  /** Keeps what differs from the author's own, so that what was left alone follows the author. */
  private keepTyped(): void {
    const own = this.starts.map(({ value }) => value);
    this.kept.keepValues(this.values().filter(([, , value], at) => value !== own[at]));
  }

  /** Sets what fits of values that were kept. */
  setAll(values: readonly KeptValue[]): void {
    const edits = this.slots().flatMap(({ place, field, name }) => {
      const found = values.find(([node, widget]) => node === name[0] && widget === name[1]);
      return found && (field ? fits(field, found[2]) : isMode(found[2])) ? [setField(place, found[2])] : [];
    });
    this.document.edit("use values", edits);
    this.forgiveAll();
  }

  /** Uses the values of an earlier run; its seed stays as it was then. */
  useAgain(values: readonly KeptValue[]): void {
    this.setAll(values.map(([node, widget, value]): KeptValue => [node, widget, isMode(value) ? "fixed" : value]));
    this.keepTyped();
  }

  /** Back to what the author chose. */
  reset(): void {
    this.document.edit("reset", this.starts.map(({ place, value }) => setField(place, value)));
    this.forgiveAll();
  }

  forgetTyped(): void {
    this.reset();
    this.kept.keepValues([]);
  }

  /** Keys of the nodes that a run goes through. */
  readonly promptKeys = (): readonly string[] => (typeof this.needed.value === "string" ? [] : Object.keys(this.needed.value));

  /** Queues a run. False where something has to be changed first; the problems then say what. */
  async run(): Promise<boolean> {
    this.forgiveAll();
    const wrong = this.check();
    if (wrong.size > 0 || this.missing.peek().length > 0) {
      this.fieldProblems.value = wrong;
      return false;
    }
    this.isStarting.value = true;
    try {
      // before the run, so that the page shows the seed of the picture that it makes
      this.document.edit("next seed", advanceSeeds(this.document.root));
      const id = await this.runs.begin(this.targets, this.values());
      if (id === null) this.takeErrors();
      else this.keepTyped();
      return id !== null;
    } finally {
      this.isStarting.value = false;
    }
  }

  private check(): Map<number, string> {
    const wrong = new Map<number, string>();
    this.placed.fields.forEach((_, index) => {
      const place = this.field(index);
      if (!place) return;
      const value = valueOf(place);
      if (place.spec.kind === "image" && value === "") wrong.set(index, t("formPage.choosePictureFirst"));
      else if (place.spec.kind === "choice" && !fits(place, value)) wrong.set(index, t("formPage.notAvailable", { value: String(value) }));
    });
    return wrong;
  }

  private findMissing(): Missing[] {
    const prompt = this.needed.value;
    if (typeof prompt === "string") return [{ node: "", input: "", message: prompt }];
    return missingFor(this.document.root, prompt).filter(({ node, input }) => !this.placed.fields.some((_, index) => this.isAt(index, node, input)));
  }

  private isAt(index: number, node: string, input: string): boolean {
    const target = this.field(index)?.target;
    return target?.key === node && target.input === input;
  }

  /** Brings what the server refused to the fields that it is about. */
  private takeErrors(): void {
    const wrong = new Map<number, string>();
    const { errors } = this.document;
    const taken = new Set<string>();
    this.placed.fields.forEach((_, index) => {
      const place = this.field(index);
      const error = place && this.document.run(place.target.key).peek().errors.find(({ input }) => input === place.target.input);
      if (!place || !error) return;
      const said = error.message.replace(new RegExp(`^${place.target.input.replaceAll("_", " ")}`), place.label);
      wrong.set(index, error.details ? `${said} (${error.details})` : said);
      taken.add(`${place.target.key} ${error.message}`);
    });
    this.fieldProblems.value = wrong;
    this.problems.value = errors.peek().filter(({ node, message }) => !taken.has(`${node} ${message}`)).map(({ title, message, details }) => ({ text: `${title}: ${message}`, details }));
    if (wrong.size + this.problems.peek().length === 0) this.problems.value = [{ text: t("formPage.refused"), details: "" }];
  }

  private forgive(index: number): void {
    if (this.fieldProblems.peek().has(index)) this.fieldProblems.value = new Map([...this.fieldProblems.peek()].filter(([at]) => at !== index));
  }

  private forgiveAll(): void {
    this.fieldProblems.value = new Map();
    this.problems.value = [];
  }
}
