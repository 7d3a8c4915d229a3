export const prompts = {
  tagLines: "{file}: {count} lines are not \"name,category,count,aliases\" and are left out.",
  tagsUnread: "{file} can't be read: {why}",
  noTags: "expected lines of name,category,count,aliases, found none",
  tagsTaken: { one: "One tag of {file} completes what you type in prompts.", other: "{n} tags of {file} complete what you type in prompts." },
  noTagList: "{name} can't become your list of tags: {why}",
} as const;
