import { expect } from "chai";
import { SigningKey } from "ethers";
import fc from "fast-check";

import { CURVE_ORDER, readAddress, readSignature } from "../../../../keepers/kit/keys/der.js";
import { CantileverError } from "../../../../protocol/errors.js";
import { derOf, spkiOf } from "../../../helpers/ecdsa.js";

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof CantileverError) return error.code;
    throw error;
  }
  return "accepted";
}

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");
/** 32 bytes, the first of them as given. */
const word = (first: string): string => first + "11".repeat(31);
const HALF = CURVE_ORDER / 2n;

describe("keepers/kit/keys/der", () => {
  // Bytes written by hand, so that nothing of ours has to be right for them.
  const accepted: readonly [what: string, der: string, r: bigint, s: bigint][] = [
    [
      "both without a high bit",
      `3044 0220 ${word("7f")} 0220 ${word("11")}`,
      BigInt(`0x${word("7f")}`),
      BigInt(`0x${word("11")}`),
    ],
    [
      "r with a high bit, so with a zero",
      `3045 022100 ${word("80")} 0220 ${word("11")}`,
      BigInt(`0x${word("80")}`),
      BigInt(`0x${word("11")}`),
    ],
    [
      "s with a high bit is brought low",
      `3045 0220 ${word("11")} 022100 ${word("80")}`,
      BigInt(`0x${word("11")}`),
      CURVE_ORDER - BigInt(`0x${word("80")}`),
    ],
    [
      "both with a high bit",
      `3046 022100 ${word("ff")} 022100 ${word("ff")}`.replaceAll("ff1111", "fe1111"),
      BigInt(`0x${word("fe")}`),
      CURVE_ORDER - BigInt(`0x${word("fe")}`),
    ],
    [
      "a short r of 31 bytes",
      `3043 021f ${"11".repeat(31)} 0220 ${word("11")}`,
      BigInt(`0x${"11".repeat(31)}`),
      BigInt(`0x${word("11")}`),
    ],
    [
      "a short s of 30 bytes",
      `3042 0220 ${word("11")} 021e ${"11".repeat(30)}`,
      BigInt(`0x${word("11")}`),
      BigInt(`0x${"11".repeat(30)}`),
    ],
    [
      "a short r with a high bit",
      `3044 022000 ${"80" + "11".repeat(30)} 0220 ${word("11")}`,
      BigInt(`0x80${"11".repeat(30)}`),
      BigInt(`0x${word("11")}`),
    ],
    ["one byte each", "3006 020101 020101", 1n, 1n],
  ];
  for (const [what, der, r, s] of accepted) {
    it(`SIGN-9 reads ${what}`, () => {
      expect(readSignature(bytes(der))).to.deep.equal({ r, s });
    });
  }

  const order = CURVE_ORDER.toString(16);
  const refused: readonly [what: string, der: string][] = [
    ["nothing", ""],
    ["another tag than SEQUENCE", "3106 020101 020101"],
    ["another tag than INTEGER", "3006 030101 020101"],
    ["a length beyond the bytes", "3007 020101 020101"],
    ["a length before their end", "3005 020101 020101"],
    ["something after the SEQUENCE", "3006 020101 020101 00"],
    ["something after s", "3009 020101 020101 020101"],
    ["s missing", "3003 020101"],
    ["r cut short", "3004 02200101"],
    ["an empty INTEGER", "3005 0200 020101"],
    ["a negative r", `3044 0220 ${word("80")} 0220 ${word("11")}`],
    ["a negative s", `3044 0220 ${word("11")} 0220 ${word("ff")}`],
    ["a leading zero too many", "3007 02020001 020101"],
    ["r = 0", "3006 020100 020101"],
    ["s = 0", "3006 020101 020100"],
    ["r = n", `3026 022100 ${order} 020101`],
    ["s = n", `3026 020101 022100 ${order}`],
    ["an INTEGER of 34 bytes", `3027 02220100 ${"11".repeat(32)} 020101`],
    ["a length in long form", "308106 020101 020101"],
    ["an indefinite length", "3080 020101 020101 0000"],
  ];
  for (const [what, der] of refused) {
    it(`SIGN-9 refuses ${what}`, () => {
      expect(codeOf(() => readSignature(bytes(der)))).to.equal("DER_MALFORMED");
    });
  }

  it("SIGN-9 reads every signature back, with s in the lower half, and no changed byte as something else's encoding", () => {
    const scalar = fc.oneof(
      fc.bigInt(1n, CURVE_ORDER - 1n),
      fc.bigInt(1n, 2n ** 16n),
      fc.constantFrom(HALF, HALF + 1n, CURVE_ORDER - 1n, 2n ** 255n),
    );
    fc.assert(
      fc.property(scalar, scalar, fc.nat(200), fc.integer({ min: 1, max: 255 }), (r, s, position, mask) => {
        const der = derOf({ r, s });
        const read = readSignature(der);
        expect(read).to.deep.equal({ r, s: s > HALF ? CURVE_ORDER - s : s });
        const changed = Buffer.from(der);
        const at = position % der.length;
        changed.writeUInt8((der[at] ?? 0) ^ mask, at);
        // Either it is refused, or it is the one encoding of another pair.
        try {
          const other = readSignature(changed);
          const both = [derOf(other), derOf({ r: other.r, s: CURVE_ORDER - other.s })];
          expect(both.some((again) => again.equals(changed))).to.equal(true);
        } catch (error) {
          if (!(error instanceof CantileverError)) throw error;
          expect(error.code).to.equal("DER_MALFORMED");
        }
      }),
      { numRuns: 300, seed: 11 },
    );
  });

  it("SIGN-9 takes a public key of secp256k1, uncompressed and on the curve, and nothing else", () => {
    const spki = spkiOf(5n);
    expect(readAddress(spki)).to.equal("0xe1AB8145F7E55DC933d51a18c793F901A3A0b276");
    const changed = (at: number, value: number): Buffer => {
      const copy = Buffer.from(spki);
      copy.writeUInt8(value, at);
      return copy;
    };
    const compressed = Buffer.from(SigningKey.computePublicKey(`0x${"05".padStart(64, "0")}`, true).slice(2), "hex");
    // The prefix of P-256 differs in its curve only.
    const p256 = Buffer.concat([bytes("3059301306072a8648ce3d020106082a8648ce3d030107034200"), spki.subarray(23)]);
    for (const wrong of [
      Buffer.alloc(0),
      spki.subarray(0, -1),
      Buffer.concat([spki, Buffer.alloc(1)]),
      changed(23, 0x02),
      changed(87, (spki[87] ?? 0) ^ 1),
      changed(2, 0x31),
      Buffer.concat([spki.subarray(0, 23), compressed]),
      p256,
    ]) {
      expect(codeOf(() => readAddress(wrong))).to.equal("DER_MALFORMED");
    }
  });
});
