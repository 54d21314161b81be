import { expect } from "chai";

import { gate } from "../helpers/describeWith.js";

describe("describeWith", () => {
  it("runs where the requirement is met", () => {
    expect(gate("rpc", { MAINNET_RPC_URL: "http://127.0.0.1:1" }).kind).to.equal("run");
    expect(gate("rpc", { MAINNET_RPC_URL: "http://127.0.0.1:1", REQUIRE_ALL: "1" }).kind).to.equal("run");
  });

  it("skips with a reason where it is not", () => {
    const decision = gate("rpc", { MAINNET_RPC_URL: "" });
    expect(decision).to.have.property("kind", "skip");
    expect(decision).to.have.property("reason").that.is.not.equal("");
  });

  it("fails where everything is required", () => {
    expect(gate("rpc", { REQUIRE_ALL: "1" }).kind).to.equal("fail");
  });
});
