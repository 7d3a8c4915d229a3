export const packs = {
  showTrouble: "Show what is wrong",
  title: "Packs that did not load",
  advice: "Everything else works. After a repair, start the server again.",
  partly: "· some of its nodes are there",
  where: "Where it happened",
  failed: { one: "{name} did not load", other: "{n} packs did not load" },
  inPart: { one: "{name} loaded only in part", other: "{n} packs loaded only in part" },
  mixed: { other: "{n} packs did not load, or only in part" },
} as const;
