/** What can the editor do? Every command, declared once; keyboard, menus, palette and extensions find it here. */

import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { Editor } from "../editor";
import type { MenuItem } from "../panels/ui_state";
import { t } from "../words";
import { said, type Words } from "./words";

/** The headings of the palette and of the list of shortcuts, in their order; an extension's own group comes after them. */
export const GROUPS = ["Run", "Workflow", "Edit", "Node", "Subgraph", "Arrange", "View", "Go to", "Panels"] as const;

export interface Command {
  /** `group.verb`, for extensions `pack.verb`: shortcuts that users chose are kept under it, so it stays. */
  readonly id: string;
  readonly label: Words;
  readonly group: Words;
  /** Shortcuts as shipped, such as `Mod+Shift+Z`; `Mod` is Ctrl, on a Mac Command. */
  readonly keys?: readonly string[];
  /** The keys work while text is typed and while a dialog is open as well. */
  readonly always?: boolean;
  /** Whether it makes sense now; where it does not, its keys pass on and menus show it dimmed. */
  readonly when?: (editor: Editor) => boolean;
  /** Whether it is on, for what can be switched. */
  readonly checked?: (editor: Editor) => boolean;
  /** Left out of the palette: of use under a key only. */
  readonly hidden?: boolean;
  /** Further words by which the palette finds it. */
  readonly keywords?: string;
  readonly run: (editor: Editor) => unknown;
}

/** The combinations that a user chose, by command; a command without an entry has those it ships with. */
export type KeyChoices = Readonly<Record<string, readonly string[]>>;

export class Commands {
  private readonly declared: Signal<ReadonlyMap<string, Command>> = signal(new Map());
  readonly all: ReadonlySignal<readonly Command[]> = computed(() => [...this.declared.value.values()]);

  constructor(private readonly editor: Editor, private readonly choices: ReadonlySignal<KeyChoices>) {}

  /** Declares commands and returns what takes them back. Raises where an id is taken. */
  add(...commands: readonly Command[]): () => void {
    const next = new Map(this.declared.peek());
    for (const command of commands) {
      if (next.has(command.id)) throw new Error(`There is a command ${command.id} already, "${said(next.get(command.id)!.label)}". Give this one an id of its own.`);
      next.set(command.id, command);
    }
    this.declared.value = next;
    return () => (this.declared.value = new Map([...this.declared.peek()].filter(([, command]) => !commands.includes(command))));
  }

  find(id: string): Command | undefined {
    return this.declared.value.get(id);
  }

  /** The combinations that are in force. */
  keysOf(id: string): readonly string[] {
    return this.choices.value[id] ?? this.find(id)?.keys ?? [];
  }

  /** The commands of a combination, in the order of their declaration. */
  under(keys: string): readonly Command[] {
    return this.all.value.filter((command) => this.keysOf(command.id).includes(keys));
  }

  isPossible(command: Command): boolean {
    return command.when?.(this.editor) ?? true;
  }

  /** Runs a command; what it throws is told with its name. False where there is none, or it makes no sense now. */
  run(id: string): boolean {
    const command = this.find(id);
    if (!command || !this.isPossible(command)) return false;
    const fail = (error: unknown): void => this.editor.ui.tell(t("commands.fails", { command: said(command.label), why: error instanceof Error ? error.message : String(error) }), "error");
    try {
      const result = command.run(this.editor);
      if (result instanceof Promise) result.catch(fail);
    } catch (error) {
      fail(error);
    }
    return true;
  }

  /** A command as an entry of a menu. Raises where there is none. */
  item(id: string, label?: string): MenuItem {
    const command = this.find(id);
    if (!command) throw new Error(`There is no command ${id} for the menu.`);
    return {
      label: label ?? said(command.label), keys: this.keysOf(id)[0], disabled: !this.isPossible(command), checked: command.checked?.(this.editor),
      act: () => void this.run(id),
    };
  }
}
