/** Whose page is this, and, for admins, who else may log in? Shown on servers with accounts only. */

import { useEffect, useState } from "preact/hooks";
import * as api from "../api/accounts";
import type { People, Role } from "../api/accounts";
import type { Editor } from "../editor";
import { t } from "../words";
import { Dialog } from "./dialogs";

/** A button with the first letter of the account; nothing where there are no accounts. */
export function AccountButton({ editor }: { editor: Editor }) {
  const [me, setMe] = useState<People["me"]>(undefined);
  useEffect(() => void api.people().then((people) => setMe(people.me), () => undefined), []);
  if (!me) return null;
  return (
    <button type="button" class="account-button" aria-label={t("account.account", { id: me.id })} title={t("account.loggedIn", { id: me.id })} onClick={() => (editor.ui.dialog.value = "account")}>
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
    if (await act(t("account.passwordChanged"), () => api.setPassword(me, next, current))) location.assign("/login");
  };
  return (
    <form class="account-form" onSubmit={(event) => { event.preventDefault(); void change(); }}>
      <h3>{t("account.changeYours")}</h3>
      <input type="text" autocomplete="username" value={me} readOnly hidden />
      <input class="search-input" type="password" autocomplete="current-password" placeholder={t("account.presentPassword")} aria-label={t("account.presentPassword")} required value={current} onInput={(event) => setCurrent(event.currentTarget.value)} />
      <input class="search-input" type="password" autocomplete="new-password" placeholder={t("account.newPasswordHint")} aria-label={t("account.newPassword")} minLength={10} required value={next} onInput={(event) => setNext(event.currentTarget.value)} />
      <div class="dialog-buttons"><button type="submit" class="button">{t("account.changePassword")}</button></div>
    </form>
  );
}

function TokenForm({ me, act }: Acting & { me: string }) {
  const [token, setToken] = useState("");
  return (
    <section class="account-form">
      <h3>{t("account.scripts")}</h3>
      <p class="muted">{t("account.tokenBefore")} <code>Authorization: Bearer …</code>{t("account.tokenAfter")}</p>
      {token && <output class="token">{token}</output>}
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={() => void act(t("account.tokenOnce"), async () => setToken(await api.newToken(me)))}>{t("account.makeToken")}</button>
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
    if (await act(t("account.tellPassword", { id }), () => api.setPassword(id, password))) setGiven(`${id}: ${password}`);
  };
  const remove = (id: string): void => {
    if (confirm(t("account.confirmRemove", { id }))) void act(t("account.removed", { id }), () => api.removePerson(id));
  };
  return (
    <section class="account-form">
      <h3>{t("account.accounts")}</h3>
      <ul class="people">
        {Object.entries(people).map(([id, role]) => (
          <li key={id}>
            <span class="person">{id}{id === me && <span class="muted"> {t("account.you")}</span>}</span>
            <select aria-label={t("account.roleOf", { id })} value={role} onChange={(event) => { const wanted = event.currentTarget.value as Role; void act(t("account.isNow", { id, role: t(`account.${wanted}`) }), () => api.setRole(id, wanted)); }}>
              <option value="user">{t("account.user")}</option>
              <option value="admin">{t("account.admin")}</option>
            </select>
            <button type="button" class="button quiet" disabled={id === me} onClick={() => void giveNew(id)}>{t("account.newPassword")}</button>
            <button type="button" class="button quiet" disabled={id === me} onClick={() => remove(id)}>{t("account.remove")}</button>
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
    if (await act(t("account.added", { name }), () => api.addPerson(name, password, "user"))) {
      setName("");
      setPassword("");
    }
  };
  return (
    <form class="account-form" autocomplete="off" onSubmit={(event) => { event.preventDefault(); void add(); }}>
      <h3>{t("account.addAccount")}</h3>
      <input class="search-input" placeholder={t("account.nameHint")} aria-label={t("account.nameOfNew")} autocomplete="off" required value={name} onInput={(event) => setName(event.currentTarget.value)} />
      <input class="search-input" type="password" placeholder={t("account.firstPasswordHint")} aria-label={t("account.firstPassword")} autocomplete="new-password" minLength={10} required value={password} onInput={(event) => setPassword(event.currentTarget.value)} />
      <div class="dialog-buttons"><button type="submit" class="button">{t("account.add")}</button></div>
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
    <Dialog editor={editor} title={me ? t("account.account", { id: me.id }) : t("account.plain")}>
      {me && people.roles && (
        <>
          <div class="dialog-buttons is-first"><button type="button" class="button" onClick={() => void api.logOut()}>{t("account.logOut")}</button></div>
          <PasswordForm me={me.id} act={act} />
          <TokenForm me={me.id} act={act} />
          {me.role === "admin" && <PeopleList people={people.roles} me={me.id} act={act} />}
          {me.role === "admin" && <NewPerson act={act} />}
        </>
      )}
    </Dialog>
  );
}
