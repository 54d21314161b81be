/**
 * Reads what a program wrote, along the types of its IDL, straight into the values that the rest of the code knows (`plain.ts`). Anchor's
 * coder makes a BN and a PublicKey of every field first, which is most of the time of a pass over all accounts.
 */
import type { Idl } from "@anchor-lang/core";

import { addressAt } from "./base58.js";

type Definition = NonNullable<Idl["types"]>[number]["type"];
type Read = (from: Cursor) => unknown;

/** Where the reading is. Every step beyond the end is a RangeError. */
class Cursor {
  at = 0;
  readonly view: DataView;

  constructor(readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** @returns where the next `size` bytes begin. */
  take(size: number): number {
    const at = this.at;
    if (at + size > this.bytes.length) throw new RangeError("the data ends too early");
    this.at = at + size;
    return at;
  }

  length(): number {
    return this.view.getUint32(this.take(4), true);
  }

  /** A byte that says yes or no. */
  flag(): boolean {
    const byte = this.view.getUint8(this.take(1));
    if (byte > 1) throw new RangeError(`${String(byte)} is neither yes nor no`);
    return byte === 1;
  }
}

/** Whole numbers of `size` bytes, the lowest byte first. */
function whole(size: number, isSigned: boolean): Read {
  return (from) => {
    const at = from.take(size);
    let value = isSigned ? from.view.getBigInt64(at + size - 8, true) : from.view.getBigUint64(at + size - 8, true);
    for (let low = size - 16; low >= 0; low -= 8) value = (value << 64n) | from.view.getBigUint64(at + low, true);
    return value;
  };
}

const LEAVES: Readonly<Record<string, Read>> = {
  u8: (from) => from.view.getUint8(from.take(1)),
  i8: (from) => from.view.getInt8(from.take(1)),
  u16: (from) => from.view.getUint16(from.take(2), true),
  i16: (from) => from.view.getInt16(from.take(2), true),
  u32: (from) => from.view.getUint32(from.take(4), true),
  i32: (from) => from.view.getInt32(from.take(4), true),
  u64: whole(8, false),
  i64: whole(8, true),
  u128: whole(16, false),
  i128: whole(16, true),
  u256: whole(32, false),
  i256: whole(32, true),
  bool: (from) => from.flag(),
  pubkey: (from) => addressAt(from.bytes, from.take(32)),
  bytes: (from) => bytesOf(from),
  string: (from) => Buffer.from(bytesOf(from)).toString("utf8"),
};

function bytesOf(from: Cursor): Uint8Array {
  const length = from.length();
  const at = from.take(length);
  return from.bytes.slice(at, at + length);
}

interface Shape {
  readonly option?: unknown;
  readonly vec?: unknown;
  readonly array?: readonly [unknown, number];
  readonly defined?: { readonly name: string };
}

export class ValueReader {
  private readonly definitions: ReadonlyMap<string, Definition>;
  private readonly known = new Map<string, Read>();

  constructor(idl: Idl) {
    this.definitions = new Map((idl.types ?? []).map(({ name, type }) => [name, type]));
  }

  /** A struct or enum by its name, from `offset` on. @throws RangeError for data that does not hold one. */
  read(name: string, data: Uint8Array, offset = 0): unknown {
    return this.definedReader(name)(new Cursor(data.subarray(offset)));
  }

  private reader(type: unknown): Read {
    if (typeof type === "string") {
      const leaf = LEAVES[type];
      if (leaf === undefined) throw new Error(`values of type ${type} cannot be read`);
      return leaf;
    }
    const { option, vec, array, defined } = type as Shape;
    if (option !== undefined) {
      const element = this.reader(option);
      return (from) => (from.flag() ? element(from) : null);
    }
    if (vec !== undefined) {
      const element = this.reader(vec);
      return (from) => repeated(from, from.length(), element);
    }
    if (array !== undefined) {
      const element = this.reader(array[0]);
      return (from) => repeated(from, array[1], element);
    }
    return this.definedReader(defined?.name ?? "");
  }

  private definedReader(name: string): Read {
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const definition = this.definitions.get(name);
    if (definition?.kind !== "struct" && definition?.kind !== "enum")
      throw new Error(`the IDL does not define ${name}`);
    const read =
      definition.kind === "struct" ? this.structReader(definition.fields) : this.enumReader(name, definition);
    this.known.set(name, read);
    return read;
  }

  private structReader(fields: unknown): Read {
    const named = ((fields ?? []) as readonly { readonly name: string; readonly type: unknown }[]).map(
      ({ name, type }) => [name, this.reader(type)] as const,
    );
    return (from) => {
      const value: Record<string, unknown> = {};
      for (const [name, read] of named) value[name] = read(from);
      return value;
    };
  }

  private enumReader(enumName: string, { variants }: Extract<Definition, { kind: "enum" }>): Read {
    const readers = variants.map(({ name, fields }): Read => {
      if (fields === undefined) return () => name;
      const read = this.structReader(fields);
      return (from) => ({ kind: name, ...(read(from) as object) });
    });
    return (from) => {
      const tag = from.view.getUint8(from.take(1));
      const read = readers[tag];
      if (read === undefined) throw new RangeError(`${String(tag)} is no ${enumName}`);
      return read(from);
    };
  }
}

function repeated(from: Cursor, count: number, element: Read): unknown[] {
  const values: unknown[] = [];
  for (let index = 0; index < count; index += 1) values.push(element(from));
  return values;
}
