export const prompts = {
  tagLines: "{file}: {count} Zeilen sind nicht „name,category,count,aliases“ und bleiben weg.",
  tagsUnread: "{file} lässt sich nicht lesen: {why}",
  noTags: "erwartet: Zeilen aus name,category,count,aliases; gefunden: keine",
  tagsTaken: { one: "Ein Tag aus {file} ergänzt jetzt, was du in Prompts tippst.", other: "{n} Tags aus {file} ergänzen jetzt, was du in Prompts tippst." },
  noTagList: "{name} kann nicht deine Tag-Liste werden: {why}",
} as const;
