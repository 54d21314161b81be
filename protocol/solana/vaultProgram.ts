/** The collateral vault program on a cluster where it has its local address; `at` gives it another. */
import idl from "../../programs/prebuilt/collateral_vault.json" with { type: "json" };

import type { CollateralVault } from "./idl/collateral_vault.js";
import { AnchorProgram, type EventOf } from "./program.js";

export type VaultProgram = AnchorProgram<CollateralVault>;
export type VaultEvent = EventOf<CollateralVault>;

export const vaultProgram: VaultProgram = new AnchorProgram<CollateralVault>(idl);
