/** What a deployer does on a cluster, one thing at a time; each may be repeated after a kill. */
import type { Address, Instruction, KeyPairSigner } from "@solana/kit";

import { PermanentError } from "../../../protocol/errors.js";
import { codeAddress, programDataAddress } from "../../../protocol/solana/addresses.js";
import { codeUnits, VaultInstructions } from "../../../protocol/solana/instructions.js";
import { MarketInstructions, type MarketParams } from "../../../protocol/solana/marketInstructions.js";
import type { MarketIntent } from "../../../protocol/solana/marketParams.js";
import { positionProgram } from "../../../protocol/solana/positionProgram.js";
import { codeHashOf } from "../../../protocol/solana/programData.js";
import type { ProgramName } from "../../../protocol/solana/programKeys.js";
import { vaultProgram } from "../../../protocol/solana/vaultProgram.js";
import type { BuiltProgram } from "./built.js";
import type { SolanaChain } from "./chain.js";
import { deployCode, untilItRuns } from "./code.js";
import type { Hands } from "./finding.js";
import { extendProgram, setAuthority, upgradeProgram } from "./loader.js";
import type { Log } from "./patience.js";
import { missingRoom } from "./room.js";
import type { ProgramState } from "./state.js";
import { bequeath, upload } from "./upload.js";

type Deployed = Extract<ProgramState, { kind: "deployed" }>;

export class Work {
  private readonly instructions: VaultInstructions;
  private readonly market: MarketInstructions;

  constructor(
    private readonly chain: SolanaChain,
    programs: Readonly<Record<ProgramName, Address>>,
  ) {
    const { "collateral-vault": vaultId, "position-manager": managerId } = programs;
    this.instructions = new VaultInstructions(vaultProgram.at(vaultId));
    this.market = new MarketInstructions(positionProgram.at(managerId), vaultId);
  }

  async deploy({ name, programId, elf }: BuiltProgram, hands: Hands, log: Log): Promise<void> {
    const key = await hands.programKey(name);
    requireKey(`the key of ${name}`, key, programId, "WRONG_PROGRAM_KEY");
    await deployCode(this.chain, hands.deployer, key, elf, log);
  }

  async upgrade({ name, programId, elf }: BuiltProgram, state: Deployed, hands: Hands, log: Log): Promise<void> {
    const { chain } = this;
    const { deployer } = hands;
    const { buffer } = await upload(chain, deployer, elf, deployer.address, log);
    const moreBytes = missingRoom(state.so.length, elf.length);
    if (moreBytes > 0) await this.extend(programId, moreBytes, deployer);
    const program = { programId, programData: state.programData, buffer };
    await chain.send(`upgrade ${name}`, [upgradeProgram(deployer.address, program)], [deployer]);
    await untilItRuns(this.chain, programId);
  }

  /** Leaves everything ready for an upgrade by somebody else. */
  async prepare({ elf }: BuiltProgram, heir: Address, { deployer }: Hands, log: Log): Promise<void> {
    const { buffer, authority } = await upload(this.chain, deployer, elf, heir, log);
    if (authority !== heir) await bequeath(this.chain, deployer, buffer, heir);
  }

  async configure(admin: Address, guardian: Address, { deployer }: Hands): Promise<void> {
    const instruction = await this.instructions.initializeAuthority({ admin, guardian }, deployer.address);
    await this.chain.send("initialize the authority", [instruction], [deployer]);
  }

  /** With the house's vault, where its owner has none yet: one transaction, so a kill leaves both or neither. */
  async openMarket({ admin, priceAuthority, houseOwner, params }: MarketIntent, hands: Hands): Promise<void> {
    const { deployer } = hands;
    const house = await hands.house();
    requireKey("the key of the house", house, houseOwner, "WRONG_HOUSE_KEY");
    const signers = { upgradeAuthority: deployer.address, houseOwner };
    const market = await this.market.initialize({ admin, priceAuthority, params }, signers);
    const vault = await this.chain.account(await this.instructions.addresses.vault(houseOwner));
    const instructions =
      vault?.owner === this.instructions.program.id
        ? [market]
        : [await this.instructions.initialize(houseOwner, deployer.address), market];
    const keys = houseOwner === deployer.address ? [deployer] : [deployer, house];
    await this.chain.send("open the market", instructions, keys);
  }

  async setMarketParams(params: MarketParams, { deployer }: Hands): Promise<void> {
    const instruction = await this.market.setParams(deployer.address, params);
    await this.chain.send("set the market's parameters", [instruction], [deployer]);
  }

  async addCollateral(houseVault: Address, mint: Address, { deployer }: Hands): Promise<void> {
    const instruction = await this.market.addCollateral(deployer.address, houseVault, mint);
    await this.chain.send("list the mint", [instruction], [deployer]);
  }

  async handOver(programId: Address, next: Address, { deployer }: Hands): Promise<void> {
    const instruction = setAuthority(await programDataAddress(programId), deployer.address, next);
    await this.chain.send("hand the upgrade authority over", [instruction], [deployer]);
  }

  /** @param elf that was built: if something else runs there when it is listed, it is not. */
  register(programId: Address, elf: Uint8Array, { deployer }: Hands): Promise<void> {
    const instruction = this.instructions.registerProgram(programId, deployer.address, codeHashOf(elf));
    return this.hashing(programId, instruction, deployer);
  }

  renew(programId: Address, elf: Uint8Array, { deployer }: Hands): Promise<void> {
    const instruction = this.instructions.renewProgram(programId, deployer.address, codeHashOf(elf));
    return this.hashing(programId, instruction, deployer);
  }

  confirm(programId: Address, { deployer }: Hands): Promise<void> {
    return this.hashing(programId, this.instructions.confirmProgram(programId, deployer.address), deployer);
  }

  /** Sends what hashes a program's code. */
  private async hashing(programId: Address, instruction: Promise<Instruction>, deployer: KeyPairSigner): Promise<void> {
    const code = await this.chain.account(await codeAddress(programId));
    const units = codeUnits(code?.data.length ?? 0);
    await this.chain.send(`trust ${programId}`, [await instruction], [deployer], units);
  }

  /** Room for longer code. An upgrade must wait for the next slot. */
  private async extend(programId: Address, moreBytes: number, deployer: KeyPairSigner): Promise<void> {
    const program = { programId, programData: await programDataAddress(programId) };
    await this.chain.send("extend", [extendProgram(deployer.address, program, moreBytes)], [deployer]);
    await untilItRuns(this.chain, programId);
  }
}

function requireKey(what: string, { address: found }: KeyPairSigner, expected: Address, code: string): void {
  if (found === expected) return;
  const fix = "put the key of that address into the keystore";
  throw new PermanentError(code, `${what} is that of ${found}, expected ${expected}`, fix, { found, expected });
}
