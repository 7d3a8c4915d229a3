/** Words that many places share. */

export const common = {
  cancel: "Cancel",
  close: "Close",
  delete: "Delete",
  save: "Save",
  name: "Name",
  bytes: "bytes",
  justNow: "just now",
  partFails: "This part of the editor can't be loaded. Is the server running?",
} as const;
