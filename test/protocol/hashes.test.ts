import { expect } from "chai";
import { getAddress, hexlify, keccak256 } from "ethers";

import { codeHash, rememberHashes } from "../../protocol/hashes.js";

/** Different bytes for every seed. */
function bytes(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + seed * 7 + (seed >> 8)) & 0xff);
}

describe("protocol/hashes", () => {
  it("looks up what it hashed before and never answers for another input", () => {
    rememberHashes();
    rememberHashes();
    for (let length = 0; length < 70; length += 1) {
      for (let seed = 0; seed < 4; seed += 1) {
        const data = bytes(length, seed);
        const expected = hexlify(keccak256._(data));
        for (let times = 0; times < 2; times += 1) expect(keccak256(data)).to.equal(expected);
        // Who changes his input afterwards gets another hash, and so does the input as it was.
        if (length > 0) data[0] = (data[0] ?? 0) ^ 1;
        expect(keccak256(data)).to.equal(hexlify(keccak256._(data)));
        expect(keccak256(bytes(length, seed))).to.equal(expected);
      }
    }
    expect(getAddress("0x4e59b44847b379578588920ca78fbf26c0b4956c")).to.equal(
      "0x4e59b44847b379578588920cA78FbF26c0B4956C",
    );
  });

  it("hashes code once, and goes on when it has seen too much of it", () => {
    for (let seed = 0; seed < 600; seed += 1) {
      const code = hexlify(bytes(100 + (seed % 3), seed));
      expect(codeHash(code)).to.equal(hexlify(keccak256._(Buffer.from(code.slice(2), "hex"))));
    }
    expect(codeHash("0x")).to.equal(keccak256("0x"));
  });
});
