/** A name that is typed where it stands: Enter takes it, Escape leaves it as it was. */

import { useEffect, useRef } from "preact/hooks";

export function NameField({ label, value, done }: { label: string; value: string; done: (name: string | null) => void }) {
  const field = useRef<HTMLInputElement>(null);
  const isDone = useRef(false);
  useEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, []);
  const finish = (name: string | null): void => {
    if (isDone.current) return;
    isDone.current = true;
    done(name === null || name.trim() === value ? null : name.trim());
  };
  return (
    <input class="library-rename" ref={field} aria-label={label} defaultValue={value} maxLength={200} spellcheck={false}
      onBlur={(event) => finish(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== "Escape") return;
        event.preventDefault();
        event.stopPropagation();
        finish(event.key === "Enter" ? event.currentTarget.value : null);
      }} />
  );
}
