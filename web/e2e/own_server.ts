/** How is Weft started for the browser tests, on folders that are thrown away? */

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

function python(): string {
  const candidates = [process.env.WEFT_PYTHON, path.join(ROOT, ".venv/bin/python"), path.join(ROOT, ".venv/Scripts/python.exe")];
  return candidates.find((candidate) => candidate && existsSync(candidate)) ?? "python3";
}

/** Program and arguments of a server with folders of its own. */
export function serverCommand(port: number): readonly [string, ...string[]] {
  const folder = mkdtempSync(path.join(tmpdir(), "weft-e2e-"));
  const folders = ["output", "input", "temp", "user"].flatMap((name) => [`--${name}-directory`, path.join(folder, name)]);
  const frontEnd = process.env.WEFT_FRONT_END ? ["--front-end-root", process.env.WEFT_FRONT_END] : [];
  return [python(), "main.py", "--port", String(port), ...folders, ...frontEnd];
}

export interface OwnServer {
  readonly url: string;
  /** What it said on its standard output so far. */
  readonly said: () => string;
  readonly stop: () => void;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => (address && typeof address === "object" ? resolve(address.port) : reject(new Error("no port"))));
    });
  });
}

/** Starts a further server, for a test that needs other options; resolves when it answers. */
export async function startServer(...flags: string[]): Promise<OwnServer> {
  const port = await freePort();
  const [program, ...args] = serverCommand(port);
  const child = spawn(program, [...args, ...flags], { cwd: ROOT });
  let said = "";
  child.stdout.on("data", (data: Buffer) => (said += data.toString()));
  child.stderr.on("data", (data: Buffer) => (said += data.toString()));
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 300; tries++) {
    if (child.exitCode !== null) throw new Error(`the server ended: ${said}`);
    if (await fetch(`${url}/login`).then(() => true, () => false)) return { url, said: () => said, stop: () => void child.kill() };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  child.kill();
  throw new Error(`the server does not answer: ${said}`);
}
