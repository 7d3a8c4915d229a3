import { describe, expect, it } from "vitest";
import { BUILT_IN_SETTINGS, KEY_CHOICES, SNAP_SIZE, THEME } from "./built_in";
import { isValid, Settings } from "./settings";

describe("settings", () => {
  it("ship with defaults that are values of theirs", () => {
    for (const setting of BUILT_IN_SETTINGS) expect(isValid(setting, setting.default), setting.id).toBe(true);
  });

  it("do not take from a file what is no value of theirs", () => {
    expect(isValid(THEME, "pink")).toBe(false);
    expect(isValid(SNAP_SIZE, 0)).toBe(false);
    expect(isValid(SNAP_SIZE, "10")).toBe(false);
    expect(isValid(KEY_CHOICES, { "edit.undo": "Mod+Z" })).toBe(false);
    expect(isValid(KEY_CHOICES, { "edit.undo": ["Mod+Z"] })).toBe(true);
  });

  it("hold although the server can't keep them, and say so; a default is no change", async () => {
    const told: string[] = [];
    const settings = new Settings((text) => void told.push(text)); // there is no server in this test
    await settings.set(SNAP_SIZE, 25);
    expect([settings.of(SNAP_SIZE).value, settings.isChanged(SNAP_SIZE), told.length]).toEqual([25, true, 1]);
    await settings.reset(SNAP_SIZE);
    expect([settings.of(SNAP_SIZE).value, settings.isChanged(SNAP_SIZE)]).toEqual([10, false]);
    await expect(settings.set(SNAP_SIZE, 1000)).rejects.toThrow("can't be 1000");
  });

  it("have ids of their own", () => {
    const settings = new Settings(() => undefined);
    settings.add(...BUILT_IN_SETTINGS);
    expect(() => settings.add(THEME)).toThrow("weft.theme already");
  });
});
