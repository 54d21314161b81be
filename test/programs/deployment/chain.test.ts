import { expect } from "chai";

import type { ChainOptions, SolanaChain } from "../../../scripts/deploy/solana/chain.js";
import { describeWith } from "../../helpers/describeWith.js";
import { FlakyRpc } from "../../helpers/flakyRpc.js";
import { codeOf } from "../../helpers/rejection.js";
import { testSigner } from "../../helpers/solana.js";
import { DeploymentRig } from "../../helpers/solanaDeployment.js";
import { transferInstruction } from "../../../scripts/validator/instructions.js";

const AMOUNT = 1_000_000n;

/** One transfer for each test, to an address of its own: what it received says how often it was executed. */
describeWith("ownCluster", "a transaction of a deployment", () => {
  let rig: DeploymentRig;
  let proxy: FlakyRpc;
  let receivers = 100;
  before(async () => {
    rig = await DeploymentRig.start();
    proxy = await FlakyRpc.start(() => rig.node.url);
  });
  after(async () => {
    await proxy.stop();
    await rig.stop();
  });
  afterEach(() => {
    proxy.fault = () => undefined;
    proxy.seen.length = 0;
  });

  const chain = (options: Partial<ChainOptions> = {}): SolanaChain => rig.chain({ url: proxy.url, ...options });

  async function transfer(through: SolanaChain): Promise<bigint> {
    const { deployer } = rig.hands;
    receivers += 1;
    const { address } = await testSigner(receivers);
    await through.send("transfer", [transferInstruction(deployer.address, address, AMOUNT)], [deployer]);
    return rig.chain().lamports(address);
  }

  it("whose answer is lost is found in its block", async () => {
    proxy.fault = ({ method }) => (method === "sendTransaction" ? { kind: "lose-reply" } : undefined);
    expect(await transfer(chain())).to.equal(AMOUNT);
    expect(proxy.count("sendTransaction")).to.equal(1);
  });

  it("that the node has seen already is found in its block", async () => {
    // A node in between asks twice: what it answers is the answer to the second time.
    proxy.fault = async ({ id, method, params }) => {
      if (method !== "sendTransaction") return undefined;
      const request = { method: "POST", headers: { "content-type": "application/json" } };
      await fetch(rig.node.url, { ...request, body: JSON.stringify({ jsonrpc: "2.0", id, method, params }) });
      return undefined;
    };
    expect(await transfer(chain())).to.equal(AMOUNT);
  });

  it("that did not arrive is sent again", async () => {
    proxy.fault = ({ method }) =>
      method === "sendTransaction" && proxy.count(method) === 1 ? { kind: "refuse" } : undefined;
    expect(await transfer(chain())).to.equal(AMOUNT);
    expect(proxy.count("sendTransaction")).to.equal(2);
  });

  it("is not waited for while the cluster makes no slots, nor is the next slot", async () => {
    const body = { result: { absoluteSlot: 5, blockHeight: 5 } };
    proxy.fault = ({ method }) => {
      if (method === "getEpochInfo") return { kind: "answer", body };
      return method === "sendTransaction" ? { kind: "refuse" } : undefined;
    };
    const impatient = chain({ stalledAfterMs: 300 });
    expect(await codeOf(transfer(impatient))).to.equal("CLUSTER_STALLED");
    expect(await codeOf(impatient.passSlot(5n))).to.equal("CLUSTER_STALLED");
  });
});
