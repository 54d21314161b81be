/** From an action to the one instruction that it is. */
import type { Address } from "@solana/kit";

import { PermanentError } from "../../protocol/errors.js";
import { VaultInstructions } from "../../protocol/solana/instructions.js";
import { PositionInstructions } from "../../protocol/solana/positionInstructions.js";
import type { PositionProgram } from "../../protocol/solana/positionProgram.js";
import type { FullInstruction } from "../../protocol/solana/program.js";
import type { VaultProgram } from "../../protocol/solana/vaultProgram.js";
import type { Action, ActionKind, Observation } from "./types.js";

/** Compute units that each instruction may use; measured in the tests, with room for token programs that do more. */
export const COMPUTE_UNITS: Readonly<Record<ActionKind, number>> = {
  withdrawal: 150_000,
  unpause: 30_000,
  "multi-sig": 60_000,
  proposal: 30_000,
  liquidation: 400_000,
};

export class CrankEncoder {
  private readonly vault: VaultInstructions;
  private readonly position: PositionInstructions;

  constructor(
    vaults: VaultProgram,
    positions: PositionProgram,
    private readonly signer: Address,
  ) {
    this.vault = new VaultInstructions(vaults);
    this.position = new PositionInstructions(positions, vaults.id);
  }

  /** @throws PermanentError ACCOUNT_MISSING when the action is about an account that was not observed. */
  async encode({ kind, subject }: Action, seen: Observation): Promise<FullInstruction> {
    switch (kind) {
      case "unpause":
        return this.vault.unpause(this.signer);
      case "withdrawal": {
        const request = need(seen.withdrawals.get(subject), subject);
        const balance = need(seen.balances.get(request.balance), request.balance);
        const { owner } = need(seen.vaults.get(request.vault), request.vault);
        const { tokenProgram } = need(seen.tokens.get(balance.vaultTokens), balance.vaultTokens);
        const mint = { address: balance.mint, tokenProgram, decimals: balance.decimals };
        return this.vault.executeWithdrawal({ vault: { owner, hasSecurityConfig: true }, mint }, request);
      }
      case "multi-sig": {
        const { vault } = need(seen.multiSigs.get(subject), subject);
        const { owner } = need(seen.vaults.get(vault), vault);
        return this.vault.applyMultiSig({ owner, hasMultiSig: true });
      }
      case "proposal": {
        const { multiSig, proposer, index } = need(seen.proposals.get(subject), subject);
        // The multi-sig may be gone, and with it what says whose it was.
        const given = { multiSigVault: multiSig, proposer, proposal: subject };
        return this.vault.build("closeProposal", {}, { index }, given);
      }
      case "liquidation": {
        const { owner, mint: address, market } = need(seen.positions.get(subject), subject);
        const { houseVault, collaterals } = need(seen.markets.get(market), market);
        const { tokenProgram, decimals } = need(
          collaterals.find(({ mint }) => mint === address),
          address,
        );
        return this.position.liquidate({ owner, mint: { address, tokenProgram, decimals } }, houseVault, this.signer);
      }
    }
  }
}

function need<T>(found: T | undefined, address: Address): T {
  if (found !== undefined) return found;
  throw new PermanentError("ACCOUNT_MISSING", `${address} was not read`, "decide by accounts of one observation", {
    address,
  });
}
