import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { loadDeployment, readRecord, type DeploymentRecord } from "../../protocol/addresses.js";
import { connectContracts } from "../../protocol/contracts.js";
import { CantileverError } from "../../protocol/errors.js";

const address = (digit: string) => `0x${digit.repeat(40)}`;
const entry = (digit: string) => ({
  address: address(digit),
  deployTx: `0x${"ab".repeat(32)}`,
  block: 7,
  constructorArgs: [],
  runtimeCodeHash: `0x${"cd".repeat(32)}`,
});

const record: DeploymentRecord = {
  chainId: 138,
  contracts: {
    cUSDT: entry("1"),
    XAU: entry("2"),
    "SignedPriceFeed:XAU:1": entry("3"),
    "SignedPriceFeed:XAU:2": entry("4"),
    "PmmPool:XAU/cUSDT": entry("5"),
    "MeshPool:XAU/cUSDT": entry("6"),
  },
  params: "params/localhost.json#00",
};

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof CantileverError) return error.code;
    throw error;
  }
  return "no error";
}

describe("protocol/addresses", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "addresses-"));
    writeFileSync(join(folder, "localhost.json"), JSON.stringify(record));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it("knows where everything lives, by name and by kind", () => {
    const deployment = loadDeployment("localhost", 138n, folder);
    expect(deployment.address("PmmPool:XAU/cUSDT")).to.equal(address("5"));
    expect(deployment.feeds("XAU")).to.deep.equal([address("3"), address("4")]);
    expect(deployment.feeds("cUSDT")).to.deep.equal([]);
    expect(deployment.pools()).to.deep.equal({ "XAU/cUSDT": address("5") });
    expect(deployment.meshPools()).to.deep.equal({ cUSDT: address("6") });
    expect(deployment.tokenAt(address("2"))).to.equal("XAU");
    expect(deployment.tokenAt(address("9"))).to.equal(undefined);
  });

  it("refuses the record of another chain", () => {
    expect(codeOf(() => loadDeployment("localhost", 651940n, folder))).to.equal("WRONG_CHAIN");
  });

  it("says what is not deployed: a network, and one contract", () => {
    expect(readRecord("chain138", folder)).to.equal(undefined);
    expect(codeOf(() => loadDeployment("chain138", 138n, folder))).to.equal("NOT_DEPLOYED");
    const deployment = loadDeployment("localhost", 138n, folder);
    expect(deployment.has("Stabilizer")).to.equal(false);
    expect(codeOf(() => deployment.address("Stabilizer"))).to.equal("NOT_DEPLOYED");
  });

  for (const [what, content] of [
    ["broken JSON", "{"],
    ["a missing key", JSON.stringify({ chainId: 138, contracts: {} })],
    ["an address that is none", JSON.stringify({ ...record, contracts: { XAU: { ...entry("2"), address: "0x12" } } })],
    ["a key that nobody knows", JSON.stringify({ ...record, extra: 1 })],
  ] as const) {
    it(`refuses a record with ${what}`, () => {
      writeFileSync(join(folder, "localhost.json"), content);
      expect(codeOf(() => loadDeployment("localhost", 138n, folder))).to.equal("RECORD_MALFORMED");
    });
  }

  it("connects handles only when they are asked for", async () => {
    const deployment = loadDeployment("localhost", 138n, folder);
    const contracts = connectContracts(deployment, { provider: null });
    expect(await contracts.pool("XAU/cUSDT").getAddress()).to.equal(address("5"));
    expect(codeOf(() => contracts.stabilizer)).to.equal("NOT_DEPLOYED");
  });
});
