import { expect } from "chai";
import { AbiCoder, Interface, type ParamType } from "ethers";

import { decodeAnswer, encodeCall } from "../../protocol/calldata.js";
import { tbtcAbi } from "../../protocol/tbtc/contracts.js";

const coder = AbiCoder.defaultAbiCoder();
const MAX = 2n ** 256n - 1n;
const ODD = new Interface([
  "function small() view returns (uint8)",
  "function signed() view returns (int256)",
  "function flag() view returns (bool)",
  "function two() view returns (uint256, bool)",
  "function who() view returns (address)",
  "function nothing()",
  "function same(uint256 a)",
  "function same(address a)",
]);

/** Something of the type, the same every time. */
function sample({ baseType, type, arrayChildren, components }: ParamType): unknown {
  if (arrayChildren !== null) return [sample(arrayChildren), sample(arrayChildren)];
  if (components !== null) return components.map(sample);
  if (baseType === "address") return "0xdAC17F958D2ee523a2206206994597C13D831ec7";
  if (baseType === "bool") return true;
  if (type === "bytes") return "0x0102030405";
  if (baseType.startsWith("bytes")) return `0x${"5a".repeat(Number(baseType.slice(5)))}`;
  if (baseType === "string") return "text";
  return 77n;
}

/** What comes of it, or that nothing does. */
function outcome(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error instanceof Error && "code" in error ? error.code : "refused";
  }
}

describe("calldata", () => {
  it("is what ethers makes of it, for every function of tBTC v1, in both directions", () => {
    let functions = 0;
    for (const abi of Object.values(tbtcAbi) as Interface[]) {
      abi.forEachFunction((fragment) => {
        const args = fragment.inputs.map(sample);
        expect(encodeCall(abi, fragment.name, args)).to.equal(abi.encodeFunctionData(fragment, args));
        const answer = coder.encode(fragment.outputs, fragment.outputs.map(sample));
        expect([...decodeAnswer(abi, fragment.name, answer)]).to.deep.equal([
          ...abi.decodeFunctionResult(fragment, answer),
        ]);
        functions += 1;
      });
    }
    expect(functions).to.be.greaterThan(50);
  });

  it("takes the same answers and refuses the same as ethers", () => {
    const words = [0n, 1n, 2n, 255n, 256n, MAX].map((value) => coder.encode(["uint256"], [value]));
    const answers = [...words, "0x", "0x01", `${words[1] ?? ""}00`, `${words[1] ?? ""}${"00".repeat(32)}`, "text", ""];
    for (const name of ["small", "signed", "flag", "two", "who", "nothing"]) {
      for (const answer of answers) {
        const ours = outcome(() => decodeAnswer(ODD, name, answer).toArray() as unknown[]);
        expect(ours, `${name} ${answer}`).to.deep.equal(
          outcome(() => ODD.decodeFunctionResult(name, answer).toArray() as unknown[]),
        );
      }
    }
  });

  it("refuses functions that there are none of, or two, and arguments that are not a function's", () => {
    expect(() => encodeCall(ODD, "absent")).to.throw(TypeError);
    for (const [name, args] of [
      ["same", [1n]],
      ["flag", [1n]],
      ["nothing", [1n]],
    ] as const) {
      expect(
        outcome(() => encodeCall(ODD, name, args)),
        name,
      ).to.be.oneOf(["INVALID_ARGUMENT", "UNEXPECTED_ARGUMENT"]);
    }
  });
});
