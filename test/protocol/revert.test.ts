import { expect } from "chai";
import { AbiCoder, Interface, id } from "ethers";

import { RevertError } from "../../protocol/errors.js";
import { ICommonErrors__factory, IStabilizer__factory } from "../../protocol/generated/contracts/index.js";
import { asRevertError, findRevertData, protocolDecoder, RevertDecoder } from "../../protocol/revert.js";

const trader = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

// Two known signatures with one selector, 0xa9059cbb.
const first = new Interface(["error transfer(address a, uint256 b)"]);
const second = new Interface(["error many_msg_babbage(bytes1 a)"]);

describe("protocol/revert", () => {
  it("names errors of every contract through the merged ABI", () => {
    const common = ICommonErrors__factory.createInterface();
    const data = common.encodeErrorResult("OutputBelowMinimum", [5n, 7n]);
    expect(protocolDecoder().decode(data)).to.deep.include({ name: "OutputBelowMinimum", args: ["5", "7"] });
    const stabilizer = IStabilizer__factory.createInterface();
    expect(protocolDecoder().decode(stabilizer.encodeErrorResult("NoAction", [trader, 6n]))).to.deep.include({
      name: "NoAction",
      args: [trader, "6"],
    });
  });

  it("names texts, panics, empty answers and unknown selectors", () => {
    const coder = AbiCoder.defaultAbiCoder();
    const decoder = protocolDecoder();
    expect(decoder.decode("0x08c379a0" + coder.encode(["string"], ["no"]).slice(2))).to.deep.include({
      name: "Error",
      args: ["no"],
    });
    expect(decoder.decode("0x4e487b71" + coder.encode(["uint256"], [17n]).slice(2))).to.deep.include({
      name: "Panic",
      args: ["17"],
    });
    expect(decoder.decode("0x").name).to.equal("Empty");
    expect(decoder.decode("0xdeadbeef").name).to.equal("Unknown");
    expect(decoder.decode("0x08c379a0ff").name).to.equal("Unknown");
  });

  it("has no selector with two signatures among our own contracts", () => {
    expect(protocolDecoder().collisions()).to.deep.equal([]);
  });

  it("keeps both of two errors that share a selector and lets the encoding and the called contract decide", () => {
    expect(id("transfer(address,uint256)").slice(0, 10)).to.equal(id("many_msg_babbage(bytes1)").slice(0, 10));
    const decoder = new RevertDecoder([first, second]);
    expect(decoder.collisions()).to.deep.equal(["0xa9059cbb"]);
    // 64 bytes cannot encode one bytes1: the other signature is dropped.
    const long = first.encodeErrorResult("transfer", [trader, 3n]);
    expect(decoder.decode(long, second)).to.deep.include({ name: "transfer", alternatives: [] });
    // One word cannot encode two arguments.
    const short = second.encodeErrorResult("many_msg_babbage", ["0xab"]);
    expect(decoder.decode(short, first)).to.deep.include({ name: "many_msg_babbage", args: ["0xab"] });
  });

  it("takes the called contract's error first when both fit, and reports the other", () => {
    // Found by search over names: same selector, same argument type.
    const one = new Interface(["error Refused97452(uint256 a)"]);
    const other = new Interface(["error Refused209086(uint256 a)"]);
    const decoder = new RevertDecoder([one, other]);
    expect(decoder.collisions()).to.deep.equal(["0xdad811fb"]);
    const data = one.encodeErrorResult("Refused97452", [9n]);
    expect(decoder.decode(data, one)).to.deep.include({
      name: "Refused97452",
      args: ["9"],
      alternatives: ["Refused209086(uint256)"],
    });
    expect(decoder.decode(data, other)).to.deep.include({
      name: "Refused209086",
      alternatives: ["Refused97452(uint256)"],
    });
    expect(decoder.decode(data).name).to.equal("Refused97452");
    expect(decoder.nameOf("0xdad811fb")).to.equal("Refused97452 or Refused209086");
    expect(decoder.nameOf("0x00000000")).to.equal(undefined);
  });

  it("finds the data in what providers throw and turns it into a typed error", () => {
    const data = ICommonErrors__factory.createInterface().encodeErrorResult("Paused");
    for (const thrown of [{ data }, { info: { error: { data: { data } } } }, { error: { cause: { data } } }]) {
      expect(findRevertData(thrown)).to.equal(data);
      const error = asRevertError(thrown, "swapping");
      expect(error).to.be.instanceOf(RevertError);
      expect((error as RevertError).revertName).to.equal("Paused");
    }
    const other = new Error("socket closed");
    expect(asRevertError(other, "swapping")).to.equal(other);
  });
});
