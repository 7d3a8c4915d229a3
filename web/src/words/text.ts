/** What is a text of the catalogue? Words with `{holes}`, or one form per plural category of its number `n`. */

export type Text = string | PluralText;
export type PluralText = { readonly [category in Intl.LDMLPluralRule]?: string } & { readonly other: string };
/** What one area of the editor says. */
export type Area = Readonly<Record<string, Text>>;
export type Catalogue = Readonly<Record<string, Area>>;

type HolesOf<S> = S extends `${string}{${infer Hole}}${infer Rest}` ? Hole | HolesOf<Rest> : never;
export type Holes<T> = T extends string ? HolesOf<T> : HolesOf<T[keyof T]> | "n";

/** What fills the holes of a text: numbers are written as the language writes them. */
export type Filling<T> = T extends string ? Record<HolesOf<T>, string | number> : Record<Exclude<HolesOf<T[keyof T]>, "n">, string | number> & { readonly n: number };

type SameText<E, D> = E extends string ? (D extends string ? SameHoles<E, D> : "expected one text, found plural forms") : D extends string ? "expected plural forms" : SameHoles<E, D>;
type SameHoles<E, D> = [Holes<E>] extends [Holes<D>] ? ([Holes<D>] extends [Holes<E>] ? D : Missing<E>) : Missing<E>;
type Missing<E> = [Holes<E>] extends [never] ? "expected no holes" : `expected the holes {${Holes<E> & string}}`;
type SameArea<E, D> = { readonly [K in keyof E]: K extends keyof D ? SameText<E[K], D[K]> : E[K] } & { readonly [K in Exclude<keyof D, keyof E>]: "no such key in English" };
/** A catalogue `D` in another language than `E`: a key more or less, or another hole, does not compile. */
export type TranslationOf<E, D> = { readonly [A in keyof E]: A extends keyof D ? SameArea<E[A], D[A]> : E[A] } & { readonly [A in Exclude<keyof D, keyof E>]: "no such area in English" };
