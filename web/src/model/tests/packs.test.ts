import { describe, expect, test } from "vitest";
import { troubledPackOf, troubleLine, type Pack } from "../packs";

const trouble = { summary: "no", advice: "", traceback: "" };
const good: Pack = { name: "good", state: "loaded", troubles: [] };
const failed: Pack = { name: "ComfyUI-Impact.Pack", state: "failed", troubles: [trouble] };
const partly: Pack = { name: "half", state: "partly loaded", troubles: [trouble] };

describe("packs with troubles", () => {
  test.each([
    [[good], ""],
    [[good, failed], "ComfyUI-Impact.Pack did not load"],
    [[partly], "half loaded only in part"],
    [[partly, failed, good], "2 packs did not load, or only in part"],
    [[failed, { ...failed, name: "b" }], "2 packs did not load"],
  ])("the line at the bottom", (packs, line) => expect(troubleLine(packs)).toBe(line));

  test.each([
    [{ cnr_id: "comfyui-impact-pack" }, failed],
    [{ aux_id: "ltdrdata/ComfyUI-Impact-Pack.git" }, failed],
    [{ cnr_id: "good" }, undefined],
    [{ cnr_id: 7 }, undefined],
    [{}, undefined],
  ])("the pack of a missing node", (properties, pack) => expect(troubledPackOf(properties, [good, failed, partly])).toBe(pack));
});
