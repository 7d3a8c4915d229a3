/** What does an extension get? One object, made for it, through which all that it does can be told from what others do. */

import { effect } from "@preact/signals";
import { send } from "../api/http";
import type { Editor } from "../editor";
import { buildPrompt } from "../model/prompt";
import type { Setting } from "../settings/settings";
import { t } from "../words";
import type { Decorators } from "./decorators";
import type { EventHub } from "./events";
import { graphAccess } from "./graph_access";
import { themeInfo, workflowInfo } from "./infos";
import type { MenuRegistry } from "./menus";
import { registerOwnWidget } from "./own_widgets";
import type { RunningExtension } from "./running";
import type { Surfaces } from "./surfaces";
import type * as api from "./weft_extension";

/** The parts of the editor that all extensions share. */
export interface Shared {
  readonly editor: Editor;
  readonly events: EventHub;
  readonly menus: MenuRegistry;
  readonly surfaces: Surfaces;
  readonly decorators: Decorators;
}

function commands({ editor, menus }: Shared, extension: RunningExtension): api.Commands {
  const fullId = (id: string): string => `${extension.id}:${id}`;
  return {
    add: ({ id, label, shortcut, run, when }) => {
      const what = t("extensions.command", { name: label });
      const { guard } = extension;
      const remove = editor.commands.add({
        id: fullId(id), label, group: extension.name.peek(), keys: shortcut ? [shortcut] : [], run: () => void guard.call(what, run, undefined),
        when: when && (() => guard.call(what, () => when() === true, false)),
      });
      menus.addCommand(extension, fullId(id));
      return extension.owns(remove);
    },
    run: (id) => {
      if (!editor.commands.run(fullId(id))) throw new Error(`expected a command ${id} that is possible now, found none`);
    },
  };
}

/** A setting as the editor keeps it. */
function settingOf(extension: RunningExtension, { id, label, description, ...kind }: api.SettingRegistration): Setting {
  const common = { id: `extension.${extension.id}.${id}`, label, hint: description, group: extension.name.peek() };
  switch (kind.kind) {
    case "boolean":
      return { ...common, kind: "toggle", default: kind.default };
    case "number":
      return { ...common, kind: "number", default: kind.default, min: kind.min ?? -1e9, max: kind.max ?? 1e9, step: kind.step ?? 1 };
    case "choice":
      return { ...common, kind: "choice", default: kind.default, choices: kind.choices };
    case "text":
    case "color":
      return { ...common, kind: "text", default: kind.default };
  }
}

function settings({ editor }: Shared, extension: RunningExtension): api.Settings {
  const declared = new Map<string, Setting>();
  const find = (id: string): Setting => {
    const setting = declared.get(id);
    if (!setting) throw new Error(`expected a declared setting, found ${id}: declare it first (${[...declared.keys()].join(", ") || "none is"})`);
    return setting;
  };
  return {
    declare: (registrations) => {
      const made = registrations.map((registration) => [registration.id, settingOf(extension, registration)] as const);
      const remove = editor.settings.add(...made.map(([, setting]) => setting));
      for (const [id, setting] of made) declared.set(id, setting);
      return extension.owns(remove);
    },
    get: (id) => editor.settings.of(find(id)).peek() as api.Value,
    set: (id, value) => void editor.settings.set(find(id), value as never).catch((error: unknown) => extension.guard.report(t("extensions.setting", { name: id }), error)),
    onChange: (id, listener) => {
      const value = editor.settings.of(find(id));
      let isFirst = true;
      return extension.owns(effect(() => {
        const next = value.value as api.Value;
        if (!isFirst) extension.guard.call(t("extensions.settingListener", { name: id }), () => listener(next), undefined);
        isFirst = false;
      }));
    },
  };
}

function ui({ editor, surfaces }: Shared, extension: RunningExtension): api.Ui {
  const dialog: api.Ui["dialog"] = ({ title, mount }) => surfaces.openDialog(extension, title, mount);
  return {
    dialog,
    toast: (text, { tone = "info", action } = {}) =>
      editor.ui.tell(text, tone, undefined, action && { label: action.label, act: () => void extension.guard.call(t("extensions.message", { name: action.label }), () => action.run(), undefined) }),
    confirm: async (question, yes = t("extensions.ok")) => {
      let isYes = false;
      await dialog({
        title: extension.name.peek(),
        mount: (element, { close }) => {
          const text = Object.assign(document.createElement("p"), { textContent: question });
          const button = Object.assign(document.createElement("button"), { type: "button", className: "button run", textContent: yes });
          button.addEventListener("click", () => {
            isYes = true;
            close();
          });
          const buttons = Object.assign(document.createElement("div"), { className: "dialog-buttons" });
          buttons.append(button);
          element.append(text, buttons);
          button.focus();
        },
      }).closed;
      return isYes;
    },
    theme: themeInfo,
  };
}

function strings(): api.Strings {
  const texts = new Map<string, Map<string, string>>();
  const language = (): string => document.documentElement.lang || "en";
  return {
    get language() {
      return language();
    },
    add: (added) => {
      for (const [name, entries] of Object.entries(added)) {
        const known = texts.get(name) ?? new Map<string, string>();
        texts.set(name, known);
        for (const [key, text] of Object.entries(entries)) known.set(key, String(text));
      }
    },
    t: (key, values = {}) => {
      const text = [language(), language().split("-")[0]!, "en"].map((name) => texts.get(name)?.get(key)).find((found) => found !== undefined) ?? key;
      return text.replace(/\{(\w+)\}/g, (hole, name: string) => (name in values ? String(values[name]) : hole));
    },
  };
}

function workflows({ editor }: Shared): api.Workflows {
  return {
    active: () => {
      const front = editor.active.peek();
      return front && workflowInfo(front);
    },
    all: () => editor.documents.peek().map(workflowInfo),
    open: (data, name) => {
      if (!editor.open(data, name)) throw new Error(`expected a workflow or a prompt, found something else in ${name}`);
    },
    toJson: () => editor.active.peek()?.toWorkflow() ?? null,
    toPrompt: () => {
      const front = editor.active.peek();
      return front && buildPrompt(front.root);
    },
  };
}

/** Asks this server, with the login that the page has. */
function ask(path: string, init?: RequestInit): Promise<Response> {
  if (!/^\/[^/\\]/.test(path)) return Promise.reject(new TypeError(`expected a path of this server such as /my_pack/colours, found ${path}`));
  return send(path, init);
}

export function makeWeft(shared: Shared, extension: RunningExtension): api.Weft {
  const { editor, events, menus, surfaces, decorators } = shared;
  const base = new URL(extension.module.url, location.href);
  return Object.freeze<api.Weft>({
    apiVersion: 1,
    id: extension.id,
    pack: extension.module.pack,
    asset: (path) => new URL(path, base).href,
    widgets: { register: (registration) => registerOwnWidget(editor, extension, registration) },
    panels: { add: (panel) => surfaces.addPanel(extension, panel) },
    commands: commands(shared, extension),
    menus: { add: (place, item) => menus.add(extension, place, item) },
    nodes: { decorate: (decorator) => decorators.add(extension, decorator) },
    graph: graphAccess(editor, extension, () => events.noteChange(extension)),
    workflows: workflows(shared),
    runs: {
      start: (nodes) => (nodes ? editor.runTo(nodes) : editor.run()),
      cancel: (run) => editor.cancel(run),
    },
    settings: settings(shared, extension),
    ui: ui(shared, extension),
    strings: strings(),
    on: (kind, listener) => events.on(extension, kind, listener),
    fetch: ask,
  });
}
