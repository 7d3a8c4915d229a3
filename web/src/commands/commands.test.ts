import { signal } from "@preact/signals";
import { beforeEach, describe, expect, it } from "vitest";
import type { Editor } from "../editor";
import { findCommands } from "./palette_search";
import { Commands, type Command, type KeyChoices } from "./registry";

const told: string[] = [];
const editor = { ui: { tell: (text: string) => told.push(text) } } as unknown as Editor;
const command = (id: string, part: Partial<Command> = {}): Command => ({ id, label: id.split(".")[1]!, group: "Edit", run: () => undefined, ...part });

beforeEach(() => void told.splice(0));

describe("the registry of commands", () => {
  it("refuses an id that is taken, and names who has it", () => {
    const commands = new Commands(editor, signal({}));
    const remove = commands.add(command("edit.undo"));
    expect(() => commands.add(command("edit.undo"))).toThrow('edit.undo already, "undo"');
    remove();
    expect(() => commands.add(command("edit.undo"))).not.toThrow();
  });

  it("finds commands by the keys in force: chosen ones instead of shipped ones, none where all were taken away", () => {
    const choices = signal<KeyChoices>({});
    const commands = new Commands(editor, choices);
    commands.add(command("edit.undo", { keys: ["Mod+Z"] }), command("edit.redo", { keys: ["Mod+Y"] }));
    choices.value = { "edit.undo": ["U"], "edit.redo": [] };
    expect(commands.under("Mod+Z")).toEqual([]);
    expect(commands.under("U").map(({ id }) => id)).toEqual(["edit.undo"]);
    expect(commands.item("edit.redo").keys).toBeUndefined();
  });

  it("does not run what makes no sense now, and tells what a command throws at once or later", async () => {
    const commands = new Commands(editor, signal({}));
    commands.add(
      command("a.never", { when: () => false, run: () => told.push("ran") }),
      command("a.throws", { run: () => { throw new Error("now"); } }),
      command("a.rejects", { run: () => Promise.reject(new Error("later")) }),
    );
    expect(commands.run("a.never")).toBe(false);
    expect(commands.item("a.never").disabled).toBe(true);
    expect(commands.run("a.throws") && commands.run("a.rejects")).toBe(true);
    await Promise.resolve();
    expect(told).toHaveLength(2);
    expect(told[0]).toMatch(/throws.*now/);
    expect(told[1]).toMatch(/rejects.*later/);
  });
});

describe("the palette", () => {
  const all = [command("edit.undo"), command("edit.duplicate", { keywords: "clone copy" }), command("run.cancel", { keywords: "stop" }), command("x.secret", { hidden: true })];
  const ids = (query: string, recent: readonly string[] = [], isPossible: (command: Command) => boolean = () => true): string[] => findCommands(all, query, recent, isPossible).map(({ id }) => id);

  it("lists the recent ones first, the last one on top, and nothing hidden", () => {
    expect(ids("", ["run.cancel", "edit.duplicate"])).toEqual(["run.cancel", "edit.duplicate", "edit.undo"]);
  });

  it("finds by few letters and by further words, and shows what is not possible last", () => {
    expect(ids("dpl")[0]).toBe("edit.duplicate");
    expect(ids("clone")[0]).toBe("edit.duplicate");
    expect(ids("stop")).toEqual(["run.cancel"]);
    expect(ids("qqzz")).toEqual([]);
    expect(ids("", [], ({ id }) => id !== "edit.undo").at(-1)).toBe("edit.undo");
  });
});
