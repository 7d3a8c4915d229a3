import { beforeEach, describe, expect, it } from "vitest";
import { openDocument } from "../fixtures/definitions";
import type { Document } from "../model/document";
import { readFrame, readMessage } from "./events";
import { EventRouter, showHistory, type RunListener } from "./routing";

let document: Document;
let said: string[];
let router: EventRouter;
const send = (type: string, data: Record<string, unknown>): void => {
  const event = readMessage(type, data as never);
  if (event) router.receive(event);
};

beforeEach(() => {
  document = openDocument();
  said = [];
  const listener: RunListener = {
    status: (remaining) => said.push(`status ${remaining}`), ended: (_, prompt, cached) => said.push(`ended ${prompt} ${cached}`), failed: (_, message) => said.push(message),
  };
  router = new EventRouter(listener);
  router.register("p", document);
});

describe("events", () => {
  it("of a whole run arrive on their nodes", () => {
    send("status", { status: { exec_info: { queue_remaining: 1 } } });
    send("execution_start", { prompt_id: "p" });
    send("execution_cached", { prompt_id: "p", nodes: ["1"] });
    send("executing", { prompt_id: "p", node: "5", display_node: "5" });
    send("progress", { prompt_id: "p", node: "5", value: 3, max: 20 });
    expect(document.run("5").value).toMatchObject({ phase: "running", value: 3, max: 20 });
    expect(document.run("1").value.phase).toBe("cached");
    send("executed", { prompt_id: "p", node: "7", display_node: "7", output: { images: [{ filename: "a.png", subfolder: "", type: "output" }] } });
    send("execution_success", { prompt_id: "p" });
    send("executing", { prompt_id: "p", node: null });
    expect(document.run("5").value.phase).toBe("done");
    expect(document.run("7").value.images).toEqual([{ filename: "a.png", subfolder: "", type: "output" }]);
    expect(said).toEqual(["status 1", "ended p false"]);
  });

  it("of a stranger's prompt touch nothing", () => {
    send("executing", { prompt_id: "other", node: "5" });
    expect(document.run("5").value.phase).toBe("idle");
  });

  it("say when nothing had to run", () => {
    send("execution_start", { prompt_id: "p" });
    send("execution_cached", { prompt_id: "p", nodes: ["1", "5", "7"] });
    send("executing", { prompt_id: "p", node: null });
    expect(said).toEqual(["ended p true"]);
  });

  it("bring an error to its node, in words", () => {
    send("executing", { prompt_id: "p", node: "5" });
    send("execution_error", { prompt_id: "p", node_id: "5", node_type: "KSampler", exception_message: "out of memory", exception_type: "E", traceback: ["a\n"] });
    expect(document.run("5").value).toMatchObject({ phase: "error", errors: [{ message: "out of memory" }] });
    expect(document.errors.value[0]).toMatchObject({ node: "5", title: "KSampler failed" });
  });

  it("of states are merged: a node that a message does not name stays as it is", () => {
    const state = (id: string, name: string, value = 0, max = 1) => ({ [id]: { value, max, state: name, node_id: id, display_node_id: id, prompt_id: "p" } });
    send("progress_state", { prompt_id: "p", nodes: { ...state("1", "running"), ...state("5", "running", 3, 20) } });
    send("progress_state", { prompt_id: "p", nodes: state("1", "finished", 1) });
    expect(document.run("1").value.phase).toBe("done");
    expect(document.run("5").value).toMatchObject({ phase: "running", value: 3, max: 20 });
    send("progress_state", { prompt_id: "p", nodes: { ...state("5:2:1", "finished", 1), ...state("5:2:9", "running", 7, 9) } });
    expect(document.run("5").value).toMatchObject({ phase: "running", value: 7, max: 9 });
    expect(document.run("1").value.phase).toBe("done");
  });

  it("inside a subgraph show on the node that stands for it", () => {
    send("executing", { prompt_id: "p", node: "5:2:9" });
    expect(document.run("5").value.phase).toBe("running");
  });

  it("come back from the history", () => {
    showHistory(document, { promptId: "p", outputs: { "7": { images: [{ filename: "b.png" }] } }, workflow: null, succeeded: true, messages: [] });
    expect(document.run("7").value.images).toEqual([{ filename: "b.png", subfolder: "", type: "output" }]);
  });
});

describe("binary frames", () => {
  const frame = (...parts: (number | string)[]): ArrayBuffer =>
    new Uint8Array(Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.from([part >>> 24, (part >> 16) & 255, (part >> 8) & 255, part & 255]))))).buffer as ArrayBuffer;

  it("of kind 1 are previews without a name", async () => {
    const event = readFrame(frame(1, 2, "PNG"));
    expect(event).toMatchObject({ kind: "preview", node: null });
    expect(event?.kind === "preview" && event.image.type).toBe("image/png");
  });

  it("of kind 4 name prompt and node", async () => {
    const json = JSON.stringify({ node_id: "5", display_node_id: "5", prompt_id: "p", image_type: "image/jpeg" });
    const event = readFrame(frame(4, json.length, json, "JPEG"));
    expect(event).toMatchObject({ kind: "preview", node: "5", prompt: "p" });
    expect(event?.kind === "preview" && (await event.image.text())).toBe("JPEG");
  });

  it("of kind 3 are text", () => expect(readFrame(frame(3, 1, "7hello"))).toEqual({ kind: "text", node: "7", text: "hello" }));

  it.each([["empty", frame()], ["cut short", frame(4, 900, "{}")], ["unknown", frame(77, 1, "x")]])("that are %s are passed over", (_, bytes) => expect(readFrame(bytes)).toBeNull());
});
