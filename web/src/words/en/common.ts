/** Words that many places share. */

export const common = {
  cancel: "Cancel",
  close: "Close",
  delete: "Delete",
  save: "Save",
  name: "Name",
  bytes: "bytes",
  justNow: "just now",
} as const;
