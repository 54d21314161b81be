/**
 * Values of an Anchor program as the rest of the code knows them: integers of 64 bits and more are `bigint`, keys are kit's `Address`, an
 * enum is the name of its variant. BN and PublicKey, which Anchor's coder wants, do not leave this file.
 */
import { BN, type Idl } from "@anchor-lang/core";
import type { Address } from "@solana/kit";
import { PublicKey } from "@solana/web3.js";

type Small = "u8" | "i8" | "u16" | "i16" | "u32" | "i32";
type Whole = "u64" | "i64" | "u128" | "i128" | "u256" | "i256";

/** A value of an IDL type `T` of the program `I`. */
export type Plain<T, I extends Idl> = T extends Small
  ? number
  : T extends Whole
    ? bigint
    : T extends "bool"
      ? boolean
      : T extends "string"
        ? string
        : T extends "pubkey"
          ? Address
          : T extends "bytes"
            ? Uint8Array
            : T extends { option: infer E }
              ? Plain<E, I> | null
              : T extends { vec: infer E }
                ? readonly Plain<E, I>[]
                : T extends { array: [infer E, unknown] }
                  ? readonly Plain<E, I>[]
                  : T extends { defined: { name: infer N } }
                    ? PlainType<I, N>
                    : never;

/** A struct or enum of the program `I` by its name. */
export type PlainType<I extends Idl, N> = PlainDefinition<
  Extract<NonNullable<I["types"]>[number], { name: N }>["type"],
  I
>;

type PlainDefinition<D, I extends Idl> = D extends { kind: "struct"; fields: infer F }
  ? PlainFields<F, I>
  : D extends { kind: "enum"; variants: infer V extends { name: string }[] }
    ? PlainEnum<V[number], I>
    : never;

/** A variant without fields is its name; one with fields an object whose `kind` is the name, with the fields beside it. */
type PlainEnum<V extends { name: string }, I extends Idl> = V extends unknown
  ? [Extract<V, { fields: unknown }>] extends [never]
    ? V["name"]
    : { readonly kind: V["name"] } & PlainFields<V extends { fields: infer F } ? F : [], I>
  : never;

export type PlainFields<F, I extends Idl> = F extends { name: string; type: unknown }[]
  ? { readonly [K in F[number] as K["name"]]: Plain<K["type"], I> }
  : never;

type Definition = NonNullable<Idl["types"]>[number]["type"];
interface Field {
  readonly name: string;
  readonly type: unknown;
}
type Fields = Readonly<Record<string, unknown>>;

/** One of the two ways: how leaves and variants of enums are taken apart and put together. */
interface Way {
  leaf(type: string, value: unknown): unknown;
  open(variant: unknown): { readonly name: string; readonly fields: Fields };
  close(name: string, fields: Fields, isUnit: boolean): unknown;
}

const WHOLE = /^[ui](?:64|128|256)$/;

/** Both directions of the translation, along the types of an IDL. */
export class PlainValues {
  private readonly definitions: ReadonlyMap<string, Definition>;

  constructor(idl: Idl) {
    this.definitions = new Map((idl.types ?? []).map(({ name, type }) => [name, type]));
  }

  /** From what Anchor's coder decoded. */
  fromCoder(type: unknown, value: unknown): unknown {
    return this.walk(type, value, READ);
  }

  /** To what Anchor's coder encodes. @throws RangeError for an integer outside its type. */
  toCoder(type: unknown, value: unknown): unknown {
    return this.walk(type, value, WRITE);
  }

  /** From JSON with integers of 64 bits and more as decimal text. @throws TypeError, SyntaxError, RangeError where it does not fit. */
  fromJson(type: unknown, value: unknown): unknown {
    return this.walk(type, value, FROM_JSON);
  }

  private walk(type: unknown, value: unknown, way: Way): unknown {
    if (typeof type === "string") return way.leaf(type, value);
    const shape = type as Shape;
    if (shape.option !== undefined) return value === null ? null : this.walk(shape.option, value, way);
    const element = shape.vec ?? shape.array?.[0];
    if (element !== undefined) return (value as readonly unknown[]).map((item) => this.walk(element, item, way));
    const name = shape.defined?.name ?? "";
    const definition = this.definitions.get(name);
    if (definition?.kind === "struct") return this.walkFields(definition.fields, value as Fields, way);
    if (definition?.kind !== "enum") throw new Error(`the IDL does not define ${name}`);
    const opened = way.open(value);
    const variant = definition.variants.find((item) => item.name === opened.name);
    if (variant === undefined) throw new RangeError(`${opened.name} is not a ${name}`);
    const fields = this.walkFields(variant.fields, opened.fields, way);
    return way.close(variant.name, fields, variant.fields === undefined);
  }

  private walkFields(fields: unknown, value: Fields, way: Way): Fields {
    const named = (fields ?? []) as readonly Field[];
    return Object.fromEntries(named.map(({ name, type }) => [name, this.walk(type, value[name], way)]));
  }
}

interface Shape {
  readonly option?: unknown;
  readonly vec?: unknown;
  readonly array?: readonly [unknown, unknown];
  readonly defined?: { readonly name: string };
}
interface Printed {
  toString(): string;
}
/** Its package has no types of its own. */
const BigNumber = BN as unknown as new (decimal: string) => Printed;

const READ: Way = {
  leaf(type, value) {
    if (WHOLE.test(type)) return BigInt((value as Printed).toString());
    if (type === "pubkey") return (value as PublicKey).toBase58();
    return type === "bytes" ? new Uint8Array(value as Uint8Array) : value;
  },
  open(variant) {
    const [[name, fields] = ["", {}]] = Object.entries(variant as Readonly<Record<string, Fields>>);
    return { name, fields };
  },
  close: (name, fields, isUnit) => (isUnit ? name : { kind: name, ...fields }),
};

const WRITE: Way = {
  leaf(type, value) {
    if (WHOLE.test(type)) return new BigNumber(inRange(type, value as bigint).toString());
    if (type === "pubkey") return new PublicKey(value as string);
    if (type === "bytes") return Buffer.from(value as Uint8Array);
    if (/^[ui]\d+$/.test(type)) inRange(type, BigInt(value as number));
    return value;
  },
  open(variant) {
    if (typeof variant === "string") return { name: variant, fields: {} };
    const fields = variant as Fields & { readonly kind: string };
    return { name: fields.kind, fields };
  },
  close: (name, fields) => ({ [name]: fields }),
};

/** An address may consist of digits only: what is a number says the type, not the text. */
const FROM_JSON: Way = {
  leaf(type, value) {
    if (WHOLE.test(type)) return inRange(type, BigInt(value as string));
    const expected = type === "bool" ? "boolean" : /^[ui]\d+$/.test(type) ? "number" : "string";
    if (typeof value !== expected) throw new TypeError(`${typeof value} is not a ${type}`);
    return value;
  },
  open: (variant) => WRITE.open(variant),
  close: (name, fields, isUnit) => READ.close(name, fields, isUnit),
};

/** BN and buffer-layout cut off what does not fit. */
function inRange(type: string, value: bigint): bigint {
  const bits = BigInt(type.slice(1));
  const [least, end] = type.startsWith("u") ? [0n, 1n << bits] : [-(1n << (bits - 1n)), 1n << (bits - 1n)];
  if (value < least || value >= end) throw new RangeError(`${value.toString()} is not a ${type}`);
  return value;
}
