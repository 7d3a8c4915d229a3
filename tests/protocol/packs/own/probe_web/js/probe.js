export const probe = "a script of a pack"
