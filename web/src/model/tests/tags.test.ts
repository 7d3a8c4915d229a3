import { describe, expect, it } from "vitest";
import { shortCount, TagIndex, writtenTag } from "../prompt_text/tags";

const LIST = `name,category,count,aliases
long_hair,0,4000000,"/lh,longhair"
long_sleeves,0,1500000,
hatsune_miku,4,100000,"miku,hatsune_miku_(append)"
solo,0,5000000,"alone,solo_female"
"quoted,name",0,5,
1girl,0,6000000,sole_female
not,a,tag`;

const names = (index: TagIndex, typed: string): string[] => index.search(typed, 10).map(({ tag, alias }) => (alias ? `${alias} -> ${tag.name}` : tag.name));

describe("tags", () => {
  it("are found by name and alias, most used first", async () => {
    const index = await TagIndex.read(LIST);
    expect(index.size).toBe(6);
    expect(index.skipped).toBe(1);
    expect(names(index, "lo")).toEqual(["long_hair", "long_sleeves"]);
    expect(names(index, "Long H")).toEqual(["long_hair"]);
    expect(names(index, "sol")).toEqual(["sole_female -> 1girl", "solo"]);
    expect(names(index, "miku")).toEqual(["miku -> hatsune_miku"]);
    expect(names(index, "quoted,n")).toEqual(["quoted,name"]);
    expect(names(index, "xyz")).toEqual([]);
    expect(index.search("l", 1).map(({ tag }) => tag.name)).toEqual(["long_hair"]);
  });

  it("are written without weights by accident", () => {
    expect(writtenTag("miku_(append)", false)).toBe("miku \\(append\\)");
    expect(writtenTag("miku_(append)", true)).toBe("miku_\\(append\\)");
    expect([shortCount(7), shortCount(45_678), shortCount(1_234_567)]).toEqual(["7", "46k", "1.2M"]);
  });

  it("150,000 of them are searched in less than 10 ms a keystroke", async () => {
    const syllables = ["ka", "lo", "mi", "ser", "tan", "ro", "vel", "ne", "shi", "ur"];
    const word = (number: number): string => [...String(number)].map((digit) => syllables[Number(digit)]).join("");
    const lines = Array.from({ length: 150_000 }, (_, number) => `${word(number)}_${number % 97},0,${(number * 7919) % 1_000_003},"${word(number + 1)}x,alt_${number}"`);
    let pauses = 0;
    const index = await TagIndex.read(lines.join("\n"), () => Promise.resolve(void pauses++));
    expect(pauses).toBeGreaterThan(40);
    const typed = ["k", "ka", "kal", "kalo", "kalom", "kalomisertanro_9", "alt_14", "alt_149999", "mi lo", "zz", "kakakakaka"];
    // the shortest of a few, so that what else runs on the machine does not count
    const once = (text: string): number => {
      const started = performance.now();
      index.search(text, 20);
      return performance.now() - started;
    };
    const slowest = Math.max(...typed.map((text) => Math.min(...Array.from({ length: 7 }, () => once(text)))));
    expect(index.search("alt_149999", 5).map(({ tag }) => tag.name)).toEqual([`${word(149_999)}_${149_999 % 97}`]);
    expect(slowest).toBeLessThan(10);
  }, 30_000);
});
