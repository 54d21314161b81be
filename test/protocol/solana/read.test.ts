import { BorshCoder, type Idl } from "@anchor-lang/core";
import { PublicKey } from "@solana/web3.js";
import { expect } from "chai";
import fc from "fast-check";

import { addressAt } from "../../../protocol/solana/base58.js";
import { PlainValues } from "../../../protocol/solana/plain.js";
import { positionProgram } from "../../../protocol/solana/positionProgram.js";
import { ValueReader } from "../../../protocol/solana/read.js";
import { vaultProgram } from "../../../protocol/solana/vaultProgram.js";

const RUNS = 20;
const MOST_ELEMENTS = 3;
/** What the programs do not use beside what they do. */
const EXTRA = {
  name: "everything",
  type: {
    kind: "struct",
    fields: [
      ...["i8", "u16", "i16", "i32", "u128", "i128", "string", "bytes", "bool"].map((type) => ({ name: type, type })),
      { name: "maybe", type: { option: "u64" } },
      { name: "many", type: { vec: { defined: { name: "choice" } } } },
    ],
  },
};
const CHOICE = {
  name: "choice",
  type: {
    kind: "enum",
    variants: [{ name: "nothing" }, { name: "some", fields: [{ name: "amount", type: "u64" }] }, { name: "other" }],
  },
};

interface Shape {
  readonly option?: unknown;
  readonly vec?: unknown;
  readonly array?: readonly [unknown, number];
  readonly defined?: { readonly name: string };
}

const addresses = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .chain((bytes) => fc.nat(32).map((zeros) => new PublicKey(bytes.fill(0, 0, zeros)).toBase58()));

/** Any value of an IDL type, as the rest of the code knows it. */
function valuesOf(idl: Idl, type: unknown): fc.Arbitrary<unknown> {
  if (typeof type === "string") {
    const [, sign, digits] = /^([ui])(\d+)$/.exec(type) ?? [];
    const bits = Number(digits);
    if (sign !== undefined && bits < 64)
      return sign === "u" ? fc.nat(2 ** bits - 1) : fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 });
    if (sign === "u") return fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n });
    if (sign === "i") return fc.bigInt({ min: -(1n << BigInt(bits - 1)), max: (1n << BigInt(bits - 1)) - 1n });
    if (type === "pubkey") return addresses;
    if (type === "bool") return fc.boolean();
    return type === "string" ? fc.string({ maxLength: 9, unit: "grapheme" }) : fc.uint8Array({ maxLength: 9 });
  }
  const { option, vec, array, defined } = type as Shape;
  if (option !== undefined) return fc.option(valuesOf(idl, option));
  if (vec !== undefined) return fc.array(valuesOf(idl, vec), { maxLength: 3 });
  if (array !== undefined) return fc.array(valuesOf(idl, array[0]), { minLength: array[1], maxLength: array[1] });
  const definition = idl.types?.find(({ name }) => name === defined?.name)?.type;
  if (definition?.kind === "struct") return fieldsOf(idl, definition.fields);
  if (definition?.kind !== "enum") throw new Error(`no type ${String(defined?.name)}`);
  return fc.oneof(
    ...definition.variants.map(({ name, fields }) =>
      fields === undefined
        ? fc.constant(name)
        : fieldsOf(idl, fields).map((value) => ({ kind: name, ...(value as object) })),
    ),
  );
}

function fieldsOf(idl: Idl, fields: unknown): fc.Arbitrary<unknown> {
  const named = (fields ?? []) as readonly { readonly name: string; readonly type: unknown }[];
  return fc.record(Object.fromEntries(named.map(({ name, type }) => [name, valuesOf(idl, type)])));
}

/** Anchor's encoder has room for 1,000 bytes. */
function withShortArrays(idl: Idl): Idl {
  return JSON.parse(JSON.stringify(idl), (key: string, value: unknown) =>
    key === "array" ? [(value as unknown[])[0], Math.min((value as [unknown, number])[1], MOST_ELEMENTS)] : value,
  ) as Idl;
}

describe("protocol/solana: reading accounts", () => {
  for (const { idl } of [vaultProgram, positionProgram]) {
    it(`reads every type of ${idl.metadata.name} as Anchor's coder writes it`, () => {
      const whole = withShortArrays({ ...idl, types: [...(idl.types ?? []), EXTRA, CHOICE] } as Idl);
      const [coder, values, reader] = [new BorshCoder(whole), new PlainValues(whole), new ValueReader(whole)];
      for (const { name } of whole.types ?? []) {
        const type = { defined: { name } };
        fc.assert(
          fc.property(valuesOf(whole, type), fc.nat(9), (value, offset) => {
            const bytes = coder.types.encode(name, values.toCoder(type, value));
            const data = Buffer.concat([Buffer.alloc(offset, 7), bytes]);
            expect(reader.read(name, data, offset)).to.deep.equal(value);
            if (bytes.length > 0)
              expect(() => reader.read(name, data.subarray(0, -1), offset), name).to.throw(RangeError);
          }),
          { numRuns: RUNS },
        );
      }
    });
  }

  it("refuses tags and flags that mean nothing", () => {
    const idl = { ...vaultProgram.idl, types: [EXTRA, CHOICE] } as unknown as Idl;
    const reader = new ValueReader(idl);
    expect(() => reader.read("choice", Uint8Array.of(3))).to.throw(RangeError);
    expect(reader.read("choice", Uint8Array.of(2))).to.equal("other");
  });

  it("writes addresses as web3.js does, zeros in front and all", () => {
    fc.assert(
      fc.property(addresses, fc.nat(5), (address, offset) => {
        const data = Buffer.concat([Buffer.alloc(offset, 9), new PublicKey(address).toBuffer()]);
        expect(addressAt(data, offset)).to.equal(address);
        expect(() => addressAt(data, offset + 1)).to.throw(RangeError);
      }),
      { numRuns: 500 },
    );
    expect(addressAt(new Uint8Array(32).fill(255), 0)).to.equal(new PublicKey(new Uint8Array(32).fill(255)).toBase58());
  });
});
