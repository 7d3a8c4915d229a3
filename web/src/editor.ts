/** What can be done here? The open workflows and every command on them; it joins model, server, stage and panels. */

import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { BUILT_IN } from "./commands/built_in";
import { Commands } from "./commands/registry";
import * as http from "./api/http";
import { newest } from "./api/newest";
import { EventRouter, showHistory } from "./api/routing";
import { run } from "./api/running";
import { ServerSocket } from "./api/socket";
import { newId } from "./model/ids";
import * as workflows from "./api/workflows";
import { readDefinitions, type Definitions } from "./model/definitions";
import { DEFAULT_NAME, DEFAULT_WORKFLOW } from "./model/default_workflow";
import { Document } from "./model/document";
import { naturalSize } from "./model/geometry";
import { findNode, keysAround } from "./model/levels";
import type { Pack } from "./model/packs";
import { createNode } from "./model/graph";
import { frameRound, freeGroupId, removeGroups } from "./model/groups";
import { removeNodes } from "./model/operations";
import { swapNode } from "./model/rewire";
import { isBorder } from "./model/subgraph_type";
import { runTargets } from "./model/targets";
import type { Edit } from "./model/edits";
import { parseJson } from "./model/exact_json";
import { mayHaveWords } from "./model/node_words";
import type { GraphNode, NodeId, Point, WidgetSpec } from "./model/types";
import { union } from "./model/geometry";
import { areaOfSelection } from "./interaction/looks";
import { readLibrary, type Blueprint } from "./interaction/library";
import { duplicateSelection } from "./interaction/moving";
import { addSubgraph } from "./interaction/subgraphs";
import { openData } from "./opening";
import { UiState } from "./panels/ui_state";
import { BUILT_IN_SETTINGS, KEY_CHOICES } from "./settings/built_in";
import { Settings } from "./settings/settings";
import { findRecovered, keepServerDraft } from "./server_drafts";
import { claimDocument, keepDraft, restoreDrafts, writeOpenList } from "./session";
import { zoomAt } from "./view/canvas/camera";
import { Stage } from "./view/stage";
import { t } from "./words";

export class Editor {
  readonly stage = new Stage();
  readonly ui = new UiState();
  readonly settings = new Settings((text) => this.ui.tell(text, "error"));
  readonly commands = new Commands(this, this.settings.of(KEY_CHOICES));
  readonly documents: Signal<readonly Document[]> = signal([]);
  readonly active: Signal<Document | null> = signal(null);
  readonly queue: Signal<http.QueueState> = signal({ running: [], pending: [], isPaused: false });
  /** How many jobs have ended since the page was opened. */
  readonly endedJobs: Signal<number> = signal(0);
  /** Prompts that may well be repeated: nothing is said where one of them had nothing to run. */
  readonly quietPrompts = new Set<string>();
  /** The user's library of subgraphs, by the type that the search gives them. */
  readonly blueprints: Signal<ReadonlyMap<string, Blueprint>> = signal(new Map());
  /** The server's packs, and what was wrong with them when they were loaded. */
  readonly packs: Signal<readonly Pack[]> = signal([]);
  /** Names of pictures that were uploaded in this session. */
  readonly uploads: Signal<readonly string[]> = signal([]);
  readonly router: EventRouter;
  readonly socket: ServerSocket;
  readonly isRunning: ReadonlySignal<boolean> = computed(() => this.queue.value.running.length + this.queue.value.pending.length > 0);
  private readonly drafts = new Map<string, () => Promise<unknown>>();

  private constructor(readonly definitions: Definitions, readonly clientId: string) {
    this.router = new EventRouter({
      status: () => void this.refreshQueue(),
      ended: (document, prompt, everythingCached) => this.ended(document, prompt, everythingCached),
      failed: (document, message) => {
        // the workflow in front shows its problems itself
        if (document !== this.active.peek()) this.ui.tell(`${document.name.peek()}: ${message}`, "error");
      },
    });
    this.settings.add(...BUILT_IN_SETTINGS);
    this.commands.add(...BUILT_IN);
    this.socket = new ServerSocket(clientId, (event) => this.router.receive(event), () => void this.catchUp());
  }

  /** Asks the server what nodes there are, restores what was open, and connects. */
  static async start(clientId: string): Promise<Editor> {
    const editor = new Editor(readDefinitions(await http.objectInfo()), clientId);
    await editor.restore();
    editor.socket.connect();
    void editor.refreshPacks();
    if (mayHaveWords(editor.definitions)) void import("./words/pack_words").then(({ speakPackWords }) => speakPackWords()).catch((error: unknown) => editor.ui.tell(t("workflows.packWordsUnread", { why: http.reason(error) }), "error"));
    void readLibrary(editor);
    void findRecovered(editor).catch((error: unknown) => editor.ui.tell(t("workflows.draftsUnread", { why: http.reason(error) }), "error"));
    return editor;
  }

  /** The node types came after the packs, so that the server knows by now how their loading went. */
  private async refreshPacks(): Promise<void> {
    try {
      this.packs.value = (await http.packs()).packs;
    } catch (error) {
      this.ui.tell(t("workflows.packsUnknown", { why: String(error) }), "error");
    }
  }

  get isModal(): boolean {
    const { choice, search, picture, mask, regions, dialog } = this.ui;
    return choice.value !== null || search.value !== null || picture.value !== null || mask.value !== null || regions.value !== null || dialog.value !== null;
  }

  // --- documents -------------------------------------------------------------------------------------------------

  private async restore(): Promise<void> {
    const restored = await restoreDrafts().catch((error: unknown) => {
      this.ui.tell(t("workflows.unsavedUnread", { why: String(error) }), "error");
      return { drafts: [], active: null };
    });
    for (const draft of restored.drafts) {
      const document = this.open(draft.workflow, draft.name, { id: draft.id, savedAs: draft.savedAs, savedDigest: draft.savedDigest });
      if (!document) continue;
      document.prompts.value = draft.prompts;
      if (draft.view) document.restoreView(draft.view);
      if (draft.isDirty) document.savedRevision.value = -1;
      for (const prompt of draft.prompts) this.router.register(prompt, document);
      await this.recall(document);
    }
    if (this.documents.value.length === 0) this.open(DEFAULT_WORKFLOW, DEFAULT_NAME);
    const active = this.documents.value.find((document) => document.id === restored.active);
    if (active) this.activate(active);
  }

  /** Opens workflow or prompt data in a tab of its own; null (and a message) where it is neither. */
  open(data: unknown, name: string, known: { id?: string; savedAs?: string | null; savedDigest?: string | null } = {}): Document | null {
    let opened;
    try {
      opened = openData(data, this.definitions);
    } catch (error) {
      this.ui.tell(t("workflows.opensNot", { name, why: error instanceof Error ? error.message : String(error) }), "error");
      return null;
    }
    const document = new Document(known.id ?? newId(), name, opened.graph);
    document.savedAs = known.savedAs ?? null;
    document.savedDigest = known.savedDigest ?? null;
    if (opened.camera) {
      document.camera.value = opened.camera;
      document.isPlaced = known.id !== undefined;
    }
    if (!known.id) void claimDocument(document.id);
    for (const message of opened.messages) this.ui.tell(message);
    this.documents.value = [...this.documents.value, document];
    const ends = [
      keepDraft(document, (error) => this.ui.tell(t("workflows.draftNotKept", { why: String(error) }), "error")),
      keepServerDraft(document, known.id !== undefined, (why) => this.ui.tell(t("workflows.draftNotOnServer", { why }), "error")),
    ];
    this.drafts.set(document.id, () => Promise.all(ends.map((end) => end())));
    this.activate(document);
    return document;
  }

  openText(text: string, name: string): void {
    try {
      this.open(parseJson(text), name); // says itself what it can't open
    } catch (error) {
      this.ui.tell(t("workflows.noJson", { name, why: String(error) }), "error");
    }
  }

  activate(document: Document): void {
    this.active.value = document;
    this.stage.show(document);
    this.noteOpen();
  }

  newDocument(): void {
    this.open(DEFAULT_WORKFLOW, this.freeName());
  }

  async close(document: Document): Promise<void> {
    const index = this.documents.value.indexOf(document);
    this.documents.value = this.documents.value.filter((other) => other !== document);
    this.router.forget(document);
    if (this.documents.value.length === 0) this.newDocument();
    else if (this.active.value === document) this.activate(this.documents.value[Math.max(0, index - 1)]!);
    this.noteOpen();
    await this.drafts.get(document.id)?.();
    this.drafts.delete(document.id);
  }

  private noteOpen(): void {
    writeOpenList(this.documents.value.map((document) => document.id), this.active.value?.id ?? null);
  }

  private freeName(): string {
    const names = new Set(this.documents.value.map((document) => document.name.value));
    let number = 1;
    while (names.has(number === 1 ? DEFAULT_NAME : `${DEFAULT_NAME} ${number}`)) number += 1;
    return number === 1 ? DEFAULT_NAME : `${DEFAULT_NAME} ${number}`;
  }

  async openSaved(file: string): Promise<void> {
    const present = this.documents.value.find((document) => document.savedAs === file);
    if (present) return this.activate(present);
    const { text, digest } = await workflows.read(file);
    this.open(parseJson(text), file.replace(/\.json$/i, ""), { savedAs: file, savedDigest: digest });
  }

  async upload(file: File): Promise<string | null> {
    try {
      const { name } = await http.uploadImage(file);
      this.uploads.value = [...new Set([name, ...this.uploads.value])];
      return name;
    } catch (error) {
      this.ui.tell(t("workflows.uploadFails", { name: file.name, why: error instanceof Error ? error.message : String(error) }), "error");
      return null;
    }
  }

  // --- running ---------------------------------------------------------------------------------------------------

  async run(): Promise<void> {
    const document = this.active.value;
    if (!document) return;
    await run(document, this.router, this.clientId);
    await this.refreshQueue();
  }

  /** Runs only what the given nodes need: the outputs among them, or those that come next after them. */
  async runTo(ids: readonly NodeId[]): Promise<void> {
    const document = this.active.value;
    if (!document || ids.length === 0) return;
    const targets = runTargets(document.graph, ids, document.path.value);
    if (targets.length === 0) return this.ui.tell(t("errors.nothingShows"), "error");
    await run(document, this.router, this.clientId, targets);
    await this.refreshQueue();
  }

  /** Cancels a prompt, by default the one that runs (else the first that waits). */
  async cancel(prompt?: string): Promise<void> {
    await this.refreshQueue();
    const { running, pending } = this.queue.value;
    const id = prompt ?? running[0]?.promptId ?? pending[0]?.promptId;
    if (!id) return;
    if (running.some((item) => item.promptId === id)) await http.interrupt(id);
    else await http.removeFromQueue([id]);
    await this.refreshQueue();
  }

  private ended(document: Document, prompt: string, everythingCached: boolean): void {
    this.endedJobs.value += 1;
    void http.historyOf(prompt).then((item) => {
      if (item && document.prompts.peek().at(-1) === prompt && everythingCached) showHistory(document, item);
    }).catch(() => undefined); // the results are on the nodes already; the history is a second source
    if (!this.quietPrompts.delete(prompt) && everythingCached) this.ui.tell(t("errors.nothingChanged"));
  }

  /** Shows the results of the last prompt that ended, as after a reload. */
  private async recall(document: Document): Promise<void> {
    for (const prompt of [...document.prompts.peek()].reverse()) {
      const item = await http.historyOf(prompt).catch(() => null);
      if (item) return showHistory(document, item);
    }
  }

  /** After the connection came (back): what was missed meanwhile. */
  private async catchUp(): Promise<void> {
    await this.refreshQueue();
    const active = new Set([...this.queue.value.running, ...this.queue.value.pending].map((item) => item.promptId));
    for (const document of this.documents.value) {
      const last = document.prompts.peek().at(-1);
      if (!last || active.has(last) || !this.router.isActive(last)) continue;
      this.router.settle(last);
      await this.recall(document);
    }
  }

  readonly refreshQueue = newest(http.queue, (state) => (this.queue.value = state));

  // --- editing ---------------------------------------------------------------------------------------------------

  addNode(type: string, at: Point, extra: (node: GraphNode) => Edit[] = () => []): GraphNode | null {
    const document = this.active.value;
    if (!document) return null;
    const subgraph = addSubgraph(this, document, type, at);
    if (subgraph !== undefined) return subgraph && this.added(document, subgraph, extra);
    const node = createNode(document.graph, type, [Math.round(at[0]), Math.round(at[1])]);
    node.size = naturalSize(document.graph, node, document.hasMedia(node));
    document.edit("add node", [{ kind: "addNode", node }], "add");
    return this.added(document, node, extra);
  }

  /** Links what was added just now in the same step, and selects it. */
  private added(document: Document, node: GraphNode, extra: (node: GraphNode) => Edit[]): GraphNode {
    const edits = extra(node);
    if (edits.length > 0) document.edit("add node", edits, "add");
    document.endGesture();
    document.select([node.id]);
    this.stage.raise([node.id]);
    return node;
  }

  /** Puts a node of another type in a node's place, with the links and values that fit; says what had to go. */
  swapNode(id: NodeId, type: string): void {
    const document = this.active.value;
    if (!document?.graph.nodes.has(id)) return;
    const before = document.graph.linksOf(id).length;
    const swapped = swapNode(document.graph, id, type, Document.isMediaType(type));
    document.edit("swap", swapped.edits);
    document.select([swapped.id]);
    this.stage.raise([swapped.id]);
    const lost = before - document.graph.linksOf(swapped.id).length;
    if (lost > 0) this.ui.tell(t("node.linksLost", { n: lost, node: document.graph.title(document.graph.node(swapped.id)) }));
  }

  offerNodesInMiddle(): void {
    const at: Point = [this.stage.width / 2, this.stage.height / 3];
    this.ui.search.value = { screen: at, filter: null, pick: (type) => this.addNode(type, this.stage.canvasPoint(at)) };
  }

  private withSelection(act: (document: Document, ids: readonly NodeId[]) => void): void {
    const document = this.active.value;
    const ids = [...(document?.selection.value ?? [])].filter((id) => !isBorder(id));
    if (document && ids.length > 0) act(document, ids);
  }

  removeSelection(): void {
    const document = this.active.value;
    document?.edit("delete", [...removeNodes(document.graph, document.selection.value), ...removeGroups(document.graph, document.selectedGroups.value)]);
  }

  selectAll(): void {
    this.active.value?.select(this.active.value.graph.nodes.keys(), this.active.value.graph.groups.keys());
  }

  duplicate(): void {
    if (this.active.value?.hasSelection) this.stage.raise(duplicateSelection(this.active.value, 40));
  }

  toggleMode(mode: number): void {
    this.withSelection((document, ids) => {
      const value = ids.every((id) => document.graph.node(id).mode === mode) ? 0 : mode;
      document.edit(mode === 2 ? "mute" : "bypass", ids.map((id) => ({ kind: "field", id, field: "mode", value })));
    });
  }

  toggleCollapsed(): void {
    this.withSelection((document, ids) => {
      const value = !ids.every((id) => document.graph.node(id).collapsed);
      document.edit("collapse", ids.map((id) => ({ kind: "field", id, field: "collapsed", value })));
    });
  }

  groupSelection(): void {
    this.withSelection((document, ids) => {
      const area = union(ids.map((id) => document.bounds(id)))!;
      const id = freeGroupId(document.graph);
      document.edit("group", [{ kind: "addGroup", group: { id, title: t("node.group"), bounds: frameRound(area), color: null, raw: {} } }]);
      document.select(ids, [id]);
      this.ui.renamingGroup.value = id;
    });
  }

  renameSelected(): void {
    this.withSelection((_, ids) => (this.ui.renaming.value = ids[0] ?? null));
  }

  fitSelection(): void {
    if (this.active.value) this.stage.fitArea(areaOfSelection(this.active.value));
  }

  /** Brings the node of a key into view, at the level where it is, and selects it. */
  jumpTo(key: string): void {
    const document = this.active.value;
    const found = document && [key, ...keysAround(key)].map((near) => findNode(document.root, near)).find((place) => place !== undefined);
    if (!found) return;
    const { id } = found.node;
    document.goTo(found.path);
    document.select([id]);
    this.stage.fit([id]);
  }

  zoom(factor: number): void {
    this.stage.setCamera(zoomAt(this.stage.camera, [this.stage.width / 2, this.stage.height / 2], factor));
  }

  /** True for a number that a control widget of the same node moves on: a seed. */
  isControlled(document: Document, node: GraphNode, spec: WidgetSpec): boolean {
    return document.graph.widgets(node).some((other) => other.controls === spec.name);
  }

  /** Set by the page: ends the pointer's gesture. Returns whether there was one. */
  cancelGesture: () => boolean = () => false;

  /** Ends a gesture, or closes what is open on top; false where there was neither. */
  closeTop(): boolean {
    return this.cancelGesture() || this.ui.closeTop();
  }

  /** False where nothing was selected. */
  clearSelection(): boolean {
    if (!this.active.value?.hasSelection) return false;
    this.active.value.select([]);
    return true;
  }
}
