import { expect } from "chai";
import { Wallet, verifyTypedData } from "ethers";
import { network } from "hardhat";

import { PermanentError } from "../../protocol/errors.js";
import { SignedPriceFeed__factory } from "../../protocol/generated/contracts/index.js";
import {
  encodeSubmit,
  feedIdOf,
  orderSignatures,
  roundDigest,
  SIGNED_ROUND_TYPES,
  signedRoundDomain,
} from "../../protocol/signedRound.js";

const IDENTITY = { description: "cUSDT / USD a", decimals: 8 };
const ROUND = { roundId: 7n, answer: 1_00012345n, observedAt: 1_763_000_000n };

describe("signedRound", () => {
  it("computes feed id and digest as the contract does, on every chain", async () => {
    for (const name of ["sim138", "sim651940"] as const) {
      const chain = await network.create(name);
      const [owner] = await chain.ethers.getSigners();
      if (owner === undefined) throw new Error("the simulated chain has no accounts");
      const feed = await new SignedPriceFeed__factory(owner).deploy({
        ...IDENTITY,
        threshold: 1,
        minGapBlocks: 1,
        maxDelaySeconds: 60,
        minAnswer: 1,
        maxAnswer: 2n ** 72n - 1n,
        signers: [owner.address],
        owner: owner.address,
        guardian: owner.address,
      });
      expect(await feed.feedId()).to.equal(feedIdOf(IDENTITY));
      expect(await feed.digest(ROUND)).to.equal(roundDigest(feedIdOf(IDENTITY), ROUND));
      await chain.close();
    }
  });

  it("gives every description and every scale its own id", () => {
    const ids = [
      feedIdOf(IDENTITY),
      feedIdOf({ ...IDENTITY, decimals: 6 }),
      feedIdOf({ ...IDENTITY, description: "cUSDT / USD b" }),
    ];
    expect(new Set(ids).size).to.equal(3);
  });

  it("describes typed data that a wallet signs to the same digest", () => {
    const wallet = Wallet.createRandom();
    const feedId = feedIdOf(IDENTITY);
    const signature = wallet.signingKey.sign(roundDigest(feedId, ROUND)).serialized;
    const types = { Round: [...(SIGNED_ROUND_TYPES["Round"] ?? [])] };
    expect(verifyTypedData(signedRoundDomain(feedId), types, ROUND, signature)).to.equal(wallet.address);
  });

  it("orders signatures by address and refuses a signer twice", () => {
    const low = { signer: `0x${"00".repeat(19)}01`, signature: "0x01" };
    const high = { signer: `0x${"Ff".repeat(20)}`, signature: "0x02" };
    expect(orderSignatures([high, low])).to.deep.equal(["0x01", "0x02"]);
    expect(() => orderSignatures([low, high, { ...low, signature: "0x03" }]))
      .to.throw(PermanentError)
      .with.property("code", "DUPLICATE_SIGNER");
  });

  it("refuses fields that do not fit the chain's types", () => {
    const bad = [
      { ...ROUND, roundId: 0n },
      { ...ROUND, roundId: 2n ** 32n },
      { ...ROUND, answer: 0n },
      { ...ROUND, answer: -1n },
      { ...ROUND, answer: 2n ** 72n },
      { ...ROUND, observedAt: 2n ** 40n },
    ];
    for (const round of bad) {
      expect(() => encodeSubmit(round, []))
        .to.throw(PermanentError)
        .with.property("code", "ROUND_OUT_OF_RANGE");
    }
  });
});
