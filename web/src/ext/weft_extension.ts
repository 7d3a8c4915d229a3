/**
 * Extension API of the Weft editor, version 1. Types only: the editor's own code is checked against this file, and every
 * server sends it as `/weft-extension.d.ts`. docs/extensions.md is the guide.
 */
/* eslint-disable @typescript-eslint/no-invalid-void-type -- functions of extensions may well return nothing */

/** What a widget holds. A BigInt is a whole number that a double can't hold exactly, such as a large seed. */
export type Value = null | boolean | number | bigint | string | Value[] | { [key: string]: Value };

/** Takes back what was registered. Weft calls it by itself when the extension ends. */
export type Undo = () => void;

/** Called when what was mounted goes away: remove listeners, end timers. */
export type CleanUp = () => void;

/** What `mount` may return. `update` is called when the value changed elsewhere (undo, another widget); without it the widget is mounted again. */
export type Mounted = void | CleanUp | { readonly update?: (value: Value) => void; readonly unmount?: CleanUp };

/** What an extension module exports as its default. */
export interface Extension {
  /** As people read it. */
  readonly name: string;
  readonly version?: string;
  readonly apiVersion: 1;
  /** Called once, after the editor's first frame. What it returns (or a promise of it) is called when the extension is switched off. */
  activate(weft: Weft): void | CleanUp | Promise<void | CleanUp>;
}

/** What an extension may do. Everything it registers ends with it. */
export interface Weft {
  readonly apiVersion: 1;
  /** `pack/file.js`, by which people switch this extension on and off. */
  readonly id: string;
  /** The folder of the pack below `custom_nodes`. */
  readonly pack: string;
  /** Address of a file in the same folder as the extension's module: `weft.asset("icon.png")`. */
  asset(path: string): string;
  readonly widgets: Widgets;
  readonly panels: Panels;
  readonly commands: Commands;
  readonly menus: Menus;
  readonly nodes: Nodes;
  readonly graph: GraphAccess;
  readonly workflows: Workflows;
  readonly runs: Runs;
  readonly settings: Settings;
  readonly ui: Ui;
  readonly strings: Strings;
  /** Calls `listener` at each event of that kind. */
  on<K extends keyof Events>(kind: K, listener: (event: Events[K]) => void | Promise<void>): Undo;
  /** Asks this server: a path such as `/my_pack/colours`, never another host. The login goes with it. Raises where the answer is no 2xx. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

// --- widgets -------------------------------------------------------------------------------------------------------

export interface Widgets {
  /** Edits the inputs that `widget` names by a widget of the extension's own. */
  register(widget: WidgetRegistration): Undo;
}

/** Which inputs: all of a type (`{type: "COLOR"}`), one of a node type (`{node: "MyNode", input: "colour"}`). */
export type WidgetTarget = { readonly type: string } | { readonly node: string; readonly input: string };

export interface WidgetRegistration {
  readonly for: WidgetTarget;
  /** Canvas units, 24 to 600; by default 32, one row. */
  readonly height?: number;
  /** Fills `element`, which has the widget's place in the node. */
  mount(element: HTMLElement, widget: WidgetHandle): Mounted;
  /**
   * Draws a stand-in for nodes that are too small to read: within `width` x `height`, from the corner (0, 0). It is drawn once
   * per value and kept, never while the canvas moves.
   */
  draw?(context: OffscreenCanvasRenderingContext2D, stand: StandIn): void;
}

export interface StandIn {
  readonly value: Value;
  readonly width: number;
  readonly height: number;
  readonly isDark: boolean;
}

export interface WidgetHandle {
  readonly value: Value;
  /** The node, as it is now. */
  readonly node: NodeInfo;
  readonly spec: WidgetInfo;
  /** True where a link brings the value. */
  readonly isLinked: boolean;
  /** Sets the value, as one step of the undo. With `live`, steps go on being the same one until `commit`. */
  set(value: Value, live?: boolean): void;
  commit(): void;
}

export interface WidgetInfo {
  readonly name: string;
  readonly label: string;
  /** The input's type, such as `STRING`. */
  readonly type: string;
  readonly defaultValue: Value;
  readonly min?: number;
  readonly max?: number;
  readonly step?: number;
  readonly choices?: readonly Value[];
  readonly tooltip?: string;
}

// --- panels, commands, menus ---------------------------------------------------------------------------------------

export interface Panels {
  /** A side panel, which opens by a menu of the top bar and by a command of its own. */
  add(panel: PanelRegistration): PanelHandle;
}

export interface PanelRegistration {
  readonly id: string;
  readonly title: string;
  mount(element: HTMLElement, panel: PanelHandle): void | CleanUp;
}

export interface PanelHandle {
  readonly isOpen: boolean;
  open(): void;
  close(): void;
  remove: Undo;
}

export interface Commands {
  /** A command appears in the command palette, in the help, and by its keys. */
  add(command: CommandRegistration): Undo;
  /** Runs a command of this extension. */
  run(id: string): void;
}

export interface CommandRegistration {
  readonly id: string;
  readonly label: string;
  /** `Mod+Shift+K`: `Mod` is Ctrl, on a Mac Command. The editor's own keys win. */
  readonly shortcut?: string;
  run(): void | Promise<void>;
  /** False: it is not offered now. */
  when?(): boolean;
}

/** What was clicked when a context menu opened. */
export interface MenuTargets {
  canvas: { readonly at: readonly [x: number, y: number] };
  node: { readonly nodes: readonly NodeInfo[] };
  link: { readonly link: LinkInfo };
  group: { readonly group: GroupInfo };
  "top-bar": Record<never, never>;
}

export interface Menus {
  add<P extends keyof MenuTargets>(place: P, item: MenuRegistration<MenuTargets[P]>): Undo;
}

export interface MenuRegistration<T> {
  readonly label: string;
  run(target: T): void | Promise<void>;
  when?(target: T): boolean;
}

// --- nodes and the graph -------------------------------------------------------------------------------------------

export interface Nodes {
  /** Shows more on nodes. `decorate` is asked when a node changed and its answer kept, never while the canvas moves. */
  decorate(decorator: Decorator): DecoratorHandle;
}

export interface Decorator {
  /** Node types; all where neither this nor `match` is given. */
  readonly types?: readonly string[];
  match?(node: NodeInfo): boolean;
  decorate(node: NodeInfo): Decoration | null;
}

export interface DecoratorHandle {
  /** Asks again for these nodes, or for all. */
  refresh(ids?: readonly string[]): void;
  remove: Undo;
}

export interface Decoration {
  /** A few letters in the title. */
  readonly badge?: string;
  readonly tone?: "info" | "good" | "warning" | "error";
  /** The title's hue in degrees (OKLCH). */
  readonly hue?: number;
  /** Lines of text below the title; six at most are shown. */
  readonly lines?: readonly string[];
}

/** A node as it was when it was asked for; it does not change. */
export interface NodeInfo {
  readonly id: string;
  readonly type: string;
  readonly title: string;
  readonly position: readonly [x: number, y: number];
  readonly size: readonly [width: number, height: number];
  readonly mode: "normal" | "muted" | "bypassed";
  readonly isCollapsed: boolean;
  readonly isPinned: boolean;
  /** Values of the widgets by their names. */
  readonly values: Readonly<Record<string, Value>>;
  readonly widgets: readonly WidgetInfo[];
  readonly inputs: readonly { readonly name: string; readonly type: string; readonly link: LinkInfo | null }[];
  readonly outputs: readonly { readonly name: string; readonly type: string; readonly links: readonly LinkInfo[] }[];
}

export interface LinkInfo {
  readonly id: number;
  readonly from: string;
  readonly output: number;
  readonly to: string;
  readonly input: string;
  readonly type: string;
}

export interface GroupInfo {
  readonly id: number;
  readonly title: string;
  readonly bounds: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

/** The graph in front: the workflow, or the subgraph that is entered. */
export interface GraphAccess {
  nodes(): readonly NodeInfo[];
  /** Null where there is none. */
  node(id: string): NodeInfo | null;
  links(): readonly LinkInfo[];
  groups(): readonly GroupInfo[];
  /** Ids of the selected nodes. */
  selection(): readonly string[];
  select(ids: readonly string[]): void;
  /** Brings nodes into view, or all. */
  show(ids?: readonly string[]): void;
  /** What `change` does is one step of the undo. Where it throws, all of it is taken back. It must not be async. */
  edit<T>(label: string, change: (graph: GraphEdits) => T): T;
}

/** Each raises an Error that says what was expected where a node, socket or widget is not there. */
export interface GraphEdits {
  /** Adds a node of a known type; returns its id. */
  add(type: string, node?: { readonly position?: readonly [x: number, y: number]; readonly title?: string; readonly values?: Readonly<Record<string, Value>> }): string;
  remove(...ids: readonly string[]): void;
  /** Links an output (its number or its name) to an input; a link that arrives there gives way. */
  connect(from: string, output: number | string, to: string, input: string): void;
  disconnect(id: string, input: string): void;
  /** Sets the value of a widget. */
  set(id: string, widget: string, value: Value): void;
  move(id: string, position: readonly [x: number, y: number]): void;
  resize(id: string, size: readonly [width: number, height: number]): void;
  /** An empty text brings the type's own title back. */
  rename(id: string, title: string): void;
  setMode(id: string, mode: NodeInfo["mode"]): void;
}

export interface WorkflowInfo {
  readonly id: string;
  readonly name: string;
  /** Path on the server; null where it was never saved. */
  readonly savedAs: string | null;
  readonly hasChanges: boolean;
}

export interface Workflows {
  /** Null for a moment at the start. */
  active(): WorkflowInfo | null;
  all(): readonly WorkflowInfo[];
  /** Opens a workflow, or a prompt in the API form, in a tab of its own. Raises where it is neither. */
  open(data: unknown, name: string): void;
  /** The workflow in front as it is saved. */
  toJson(): unknown;
  /** The workflow in front as it is run (API form). */
  toPrompt(): unknown;
}

// --- runs and events -----------------------------------------------------------------------------------------------

export interface Runs {
  /** Queues the workflow in front, or what these nodes need. */
  start(nodes?: readonly string[]): Promise<void>;
  /** Cancels the run with this id, or the one that runs now. */
  cancel(run?: string): Promise<void>;
}

export interface Events {
  /** Something in a workflow's graph was changed; told at most once per frame. `nodes` are those at the level in front. */
  "graph-changed": { readonly workflow: WorkflowInfo; readonly nodes: readonly string[] };
  "selection-changed": { readonly nodes: readonly string[] };
  "workflow-opened": { readonly workflow: WorkflowInfo };
  "workflow-shown": { readonly workflow: WorkflowInfo };
  "workflow-saved": { readonly workflow: WorkflowInfo };
  "workflow-closed": { readonly workflow: WorkflowInfo };
  "run-queued": { readonly workflow: WorkflowInfo; readonly run: string };
  "run-started": { readonly workflow: WorkflowInfo; readonly run: string };
  /** The node that is at work, and how far it is; `max` is 0 where that is not known. */
  "run-progress": { readonly workflow: WorkflowInfo; readonly run: string; readonly node: string; readonly value: number; readonly max: number };
  /** A node has shown something: pictures, texts. */
  "node-executed": { readonly workflow: WorkflowInfo; readonly run: string; readonly node: string; readonly output: Value };
  "run-ended": { readonly workflow: WorkflowInfo; readonly run: string; readonly outcome: "success" | "error" | "interrupted" };
  "run-failed": { readonly workflow: WorkflowInfo; readonly run: string; readonly node: string; readonly message: string };
  "language-changed": { readonly language: string };
  "theme-changed": { readonly theme: ThemeInfo };
}

// --- settings, messages, looks -------------------------------------------------------------------------------------

export interface Settings {
  /** Shows these in the editor's settings; their values are kept on the server for each user. */
  declare(settings: readonly SettingRegistration[]): Undo;
  /** The value, or the declared default. */
  get(id: string): Value;
  set(id: string, value: Value): void;
  onChange(id: string, listener: (value: Value) => void): Undo;
}

export type SettingRegistration = { readonly id: string; readonly label: string; readonly description?: string } & (
  | { readonly kind: "boolean"; readonly default: boolean }
  | { readonly kind: "number"; readonly default: number; readonly min?: number; readonly max?: number; readonly step?: number }
  | { readonly kind: "text"; readonly default: string }
  | { readonly kind: "color"; readonly default: string }
  | { readonly kind: "choice"; readonly default: string; readonly choices: readonly { readonly value: string; readonly label: string }[] }
);

export interface Ui {
  /** A short message at the edge of the page. */
  toast(text: string, options?: { readonly tone?: "info" | "error"; readonly action?: { readonly label: string; run(): void } }): void;
  /** Opens a dialog over the page. */
  dialog(dialog: { readonly title: string; mount(element: HTMLElement, dialog: DialogHandle): void | CleanUp }): DialogHandle;
  /** Asks for a yes or no in a dialog. */
  confirm(question: string, yes?: string): Promise<boolean>;
  theme(): ThemeInfo;
}

export interface DialogHandle {
  close(): void;
  /** Resolves when it is closed, whoever does. */
  readonly closed: Promise<void>;
}

/** The same values are there as CSS variables: `var(--text)`, `var(--accent)` and so on. */
export interface ThemeInfo {
  readonly isDark: boolean;
  readonly canvas: string;
  readonly panel: string;
  readonly field: string;
  readonly border: string;
  readonly text: string;
  readonly muted: string;
  readonly accent: string;
  readonly selected: string;
  readonly error: string;
}

export interface Strings {
  /** `en`, `de`, ... */
  readonly language: string;
  /** Adds texts: `{en: {hello: "Hello {name}"}, de: {hello: "Hallo {name}"}}`. */
  add(texts: Readonly<Record<string, Readonly<Record<string, string>>>>): void;
  /** The text in the editor's language, else in English, else the key. */
  t(key: string, values?: Readonly<Record<string, string | number>>): string;
}
