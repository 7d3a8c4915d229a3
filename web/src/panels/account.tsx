/** Whose page is this, and, for admins, who else may log in? Shown on servers with accounts only. */

import { useEffect, useState } from "preact/hooks";
import * as api from "../api/accounts";
import type { People, Role } from "../api/accounts";
import type { Editor } from "../editor";
import { Dialog } from "./dialogs";

/** A button with the first letter of the account; nothing where there are no accounts. */
export function AccountButton({ editor }: { editor: Editor }) {
  const [me, setMe] = useState<People["me"]>(undefined);
  useEffect(() => void api.people().then((people) => setMe(people.me), () => undefined), []);
  if (!me) return null;
  return (
    <button type="button" class="account-button" aria-label={`Account: ${me.id}`} title={`Logged in as ${me.id}`} onClick={() => (editor.ui.dialog.value = "account")}>
      {me.id[0]!.toUpperCase()}
    </button>
  );
}

interface Acting {
  /** Does something, says in a toast how it went, and reads the accounts again. */
  readonly act: (says: string, deed: () => Promise<unknown>) => Promise<boolean>;
}

function PasswordForm({ me, act }: Acting & { me: string }) {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const change = async (): Promise<void> => {
    if (await act("Your password is changed: log in with it.", () => api.setPassword(me, next, current))) location.assign("/login");
  };
  return (
    <form class="account-form" onSubmit={(event) => { event.preventDefault(); void change(); }}>
      <h3>Change your password</h3>
      <input type="text" autocomplete="username" value={me} readOnly hidden />
      <input class="search-input" type="password" autocomplete="current-password" placeholder="Present password" aria-label="Present password" required value={current} onInput={(event) => setCurrent(event.currentTarget.value)} />
      <input class="search-input" type="password" autocomplete="new-password" placeholder="New password, 10 characters or more" aria-label="New password" minLength={10} required value={next} onInput={(event) => setNext(event.currentTarget.value)} />
      <div class="dialog-buttons"><button type="submit" class="button">Change password</button></div>
    </form>
  );
}

function TokenForm({ me, act }: Acting & { me: string }) {
  const [token, setToken] = useState("");
  return (
    <section class="account-form">
      <h3>For scripts and plug-ins</h3>
      <p class="muted">They send a token as <code>Authorization: Bearer …</code>. A new one replaces the one before.</p>
      {token && <output class="token">{token}</output>}
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={() => void act("Copy the token now: it is not shown again.", async () => setToken(await api.newToken(me)))}>Make a token</button>
      </div>
    </section>
  );
}

/** 16 random letters and digits. */
function randomPassword(): string {
  const letters = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
  return [...crypto.getRandomValues(new Uint32Array(16))].map((number) => letters[number % letters.length]).join("");
}

function PeopleList({ people, me, act }: Acting & { people: Readonly<Record<string, Role>>; me: string }) {
  const [given, setGiven] = useState("");
  const giveNew = async (id: string): Promise<void> => {
    const password = randomPassword();
    if (await act(`Tell ${id} the new password: it is not shown again.`, () => api.setPassword(id, password))) setGiven(`${id}: ${password}`);
  };
  const remove = (id: string): void => {
    if (confirm(`Remove the account ${id}? Its files stay on the server.`)) void act(`${id} can no longer log in.`, () => api.removePerson(id));
  };
  return (
    <section class="account-form">
      <h3>Accounts</h3>
      <ul class="people">
        {Object.entries(people).map(([id, role]) => (
          <li key={id}>
            <span class="person">{id}{id === me && <span class="muted"> · you</span>}</span>
            <select aria-label={`Role of ${id}`} value={role} onChange={(event) => { const wanted = event.currentTarget.value as Role; void act(`${id} is ${wanted} now.`, () => api.setRole(id, wanted)); }}>
              <option value="user">user</option>
              <option value="admin">admin</option>
            </select>
            <button type="button" class="button quiet" disabled={id === me} onClick={() => void giveNew(id)}>New password</button>
            <button type="button" class="button quiet" disabled={id === me} onClick={() => remove(id)}>Remove</button>
          </li>
        ))}
      </ul>
      {given && <output class="token">{given}</output>}
    </section>
  );
}

function NewPerson({ act }: Acting) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const add = async (): Promise<void> => {
    if (await act(`${name} can log in now.`, () => api.addPerson(name, password, "user"))) {
      setName("");
      setPassword("");
    }
  };
  return (
    <form class="account-form" autocomplete="off" onSubmit={(event) => { event.preventDefault(); void add(); }}>
      <h3>Add an account</h3>
      <input class="search-input" placeholder="Name: a-z, 0-9, - and _" aria-label="Name of the new account" autocomplete="off" required value={name} onInput={(event) => setName(event.currentTarget.value)} />
      <input class="search-input" type="password" placeholder="First password, 10 characters or more" aria-label="First password" autocomplete="new-password" minLength={10} required value={password} onInput={(event) => setPassword(event.currentTarget.value)} />
      <div class="dialog-buttons"><button type="submit" class="button">Add</button></div>
    </form>
  );
}

export function AccountDialog({ editor }: { editor: Editor }) {
  const [people, setPeople] = useState<People | null>(null);
  const read = (): Promise<void> => api.people().then(setPeople, (error: unknown) => editor.ui.tell(api.reason(error), "error"));
  useEffect(() => void read(), []);
  const act: Acting["act"] = async (says, deed) => {
    try {
      await deed();
      editor.ui.tell(says);
      return true;
    } catch (error) {
      editor.ui.tell(api.reason(error), "error");
      return false;
    } finally {
      void read();
    }
  };
  const me = people?.me;
  return (
    <Dialog editor={editor} title={me ? `Account: ${me.id}` : "Account"}>
      {me && people.roles && (
        <>
          <div class="dialog-buttons is-first"><button type="button" class="button" onClick={() => void api.logOut()}>Log out</button></div>
          <PasswordForm me={me.id} act={act} />
          <TokenForm me={me.id} act={act} />
          {me.role === "admin" && <PeopleList people={people.roles} me={me.id} act={act} />}
          {me.role === "admin" && <NewPerson act={act} />}
        </>
      )}
    </Dialog>
  );
}
