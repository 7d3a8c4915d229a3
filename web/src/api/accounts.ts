/** Who may log in to this server? Only servers with accounts (--multi-user) say `me`. */

import { request, send } from "./http";

export { reason } from "./http";

export type Role = "admin" | "user";
export interface People {
  readonly me?: { readonly id: string; readonly role: Role };
  /** id -> role: of everybody for an admin, else of the one who asks. */
  readonly roles?: Readonly<Record<string, Role>>;
}

const of = (id: string, more = ""): string => `/users/${encodeURIComponent(id)}${more}`;

export const people = async (): Promise<People> => (await (await send("/users")).json()) as People;
export const addPerson = (username: string, password: string, role: Role): Promise<Response> => request("POST", "/users", { username, password, role });
export const removePerson = (id: string): Promise<Response> => request("DELETE", of(id));
export const setRole = (id: string, role: Role): Promise<Response> => request("POST", of(id), { role });
/** `current` is the present password, where somebody changes his own. */
export const setPassword = (id: string, password: string, current?: string): Promise<Response> => request("POST", of(id), { password, ...(current === undefined ? {} : { current }) });
/** A token for programs; the one before counts no more. */
export const newToken = async (id: string): Promise<string> => ((await (await request("POST", of(id, "/token"))).json()) as { token: string }).token;
export const logOut = async (): Promise<void> => {
  await fetch("/logout", { method: "POST" });
  location.assign("/login");
};
