import type { Address, Instruction, KeyPairSigner } from "@solana/kit";
import { expect } from "chai";

import { associatedTokenAddress, VaultAddresses } from "../../../protocol/solana/addresses.js";
import { VaultInstructions } from "../../../protocol/solana/instructions.js";
import { loadSolanaParams } from "../../../protocol/solana/network.js";
import { LOCAL_PROGRAM_IDS, localSigner } from "../../../protocol/solana/programKeys.js";
import { createTokensInstruction } from "../../../protocol/solana/tokens.js";
import { vaultProgram } from "../../../protocol/solana/vaultProgram.js";
import { collateralStatus, type CollateralStatus } from "../../../scripts/deploy/solana/status.js";
import { describeWith } from "../../helpers/describeWith.js";
import { codeOf } from "../../helpers/rejection.js";
import { testSigner } from "../../helpers/solana.js";
import { DeploymentRig } from "../../helpers/solanaDeployment.js";
import { createMintInstructions, mintBytes, mintToInstruction } from "../../helpers/solanaVault/mints.js";

const TOKEN = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA" as Address;
const DAY_SECONDS = 86_400n;

describeWith("ownCluster", "status of the collateral vault", () => {
  let rig: DeploymentRig;
  let owner: Address;
  before(async () => {
    rig = await DeploymentRig.start();
    rig.build("position-manager", "small");
    await rig.preload("collateral-vault");
    await rig.preload("position-manager");
    owner = rig.hands.deployer.address;
  });
  after(() => rig.stop());

  const status = (vault?: Address): Promise<CollateralStatus> =>
    collateralStatus(rig.chain(), loadSolanaParams("solana-localnet", rig.root), vault);
  const send = (instructions: readonly Instruction[], signers: readonly KeyPairSigner[] = []): Promise<void> =>
    rig.chain().send("test", instructions, [rig.hands.deployer, ...signers]);

  it("says that nothing is configured yet", async () => {
    expect(await codeOf(status())).to.equal("NOT_CONFIGURED");
  });

  it("shows programs, roles and registrations, and how a registration comes to count", async () => {
    await rig.deploy();
    const { state, programs, authority, registrations, vault } = await status();
    expect({ state, vault }).to.deep.equal({ state: "running", vault: undefined });
    expect(authority).to.include({ admin: owner, freezeMultiSig: undefined });
    expect(programs["collateral-vault"]).to.include({ deployed: true, upgradeAuthority: owner });
    expect(registrations.map((entry) => entry.status)).to.deep.equal(["waiting"]);
    rig.node.jumpTo(rig.node.now + DAY_SECONDS);
    rig.node.advance(2);
    expect((await status()).registrations[0]).to.include({
      programId: LOCAL_PROGRAM_IDS["position-manager"],
      status: "active",
    });
    await rig.preload("position-manager");
    expect((await status()).registrations.map((entry) => entry.status)).to.deep.equal(["extended"]);
  });

  it("shows a vault, by its own address or its owner's", async () => {
    const mint = await testSigner(11);
    const ref = { address: mint.address, tokenProgram: TOKEN, decimals: 6 };
    const { node } = rig;
    const rent = node.minimumBalanceForRentExemption(BigInt(mintBytes({})));
    await send(createMintInstructions(owner, mint.address, owner, rent), [mint]);
    const tokens = await associatedTokenAddress(owner, mint.address, TOKEN);
    await send([
      await createTokensInstruction(owner, owner, mint.address, TOKEN),
      mintToInstruction(TOKEN, mint.address, tokens, owner, 1_000n),
    ]);
    const instructions = new VaultInstructions(vaultProgram);
    const at = { vault: { owner }, mint: ref };
    await send([await instructions.initialize(owner, owner), await instructions.openBalance(at, owner)]);
    await send([await instructions.deposit(at, 700n)]);
    const vaultAddress = await new VaultAddresses().vault(owner);
    for (const named of [owner, vaultAddress]) {
      const { vault } = await status(named);
      expect(vault?.address).to.equal(vaultAddress);
      expect(vault?.balances.map(({ account, heldUnits }) => [account.totalUnits, heldUnits])).to.deep.equal([
        [700n, 700n],
      ]);
    }
    expect(await codeOf(status(mint.address))).to.equal("VAULT_NOT_FOUND");
  });

  it("tells a pause from running", async () => {
    // Published like every key of the local network.
    const guardian = await localSigner("guardian");
    const vaultAuthority = await new VaultAddresses().vaultAuthority();
    await send([vaultProgram.instruction("pause", {}, { guardian: guardian.address, vaultAuthority })], [guardian]);
    expect((await status()).state).to.equal("paused");
  });
});
