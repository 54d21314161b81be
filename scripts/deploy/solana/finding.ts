/** What a comparison of files and cluster finds, and who can put it right. */
import type { Address, KeyPairSigner } from "@solana/kit";

import { ZERO_ADDRESS } from "../../../protocol/solana/instructions.js";
import type { ProgramName } from "../../programs/layout.js";

export type SolanaDifferenceCode =
  | "PROGRAM_MISSING"
  | "PROGRAM_FOREIGN"
  | "PROGRAM_CHANGED"
  | "AUTHORITY_MISSING"
  | "UPGRADE_AUTHORITY_CHANGED"
  | "ADMIN_CHANGED"
  | "GUARDIAN_CHANGED"
  | "FREEZE_MULTI_SIG_CHANGED"
  | "ROLE_PENDING"
  | "REGISTRATION_MISSING"
  | "REGISTRATION_REVOKED"
  | "REGISTRATION_OUTDATED"
  | "REGISTRATION_UNCONFIRMED"
  | "REGISTRATION_EXTRA"
  | "MARKET_MISSING"
  | "MARKET_EXTRA"
  | "MARKET_HOUSE_CHANGED"
  | "PRICE_AUTHORITY_CHANGED"
  | "MARKET_PARAM_CHANGED"
  | "MARKET_PARAM_PENDING"
  | "COLLATERAL_MISSING"
  | "COLLATERAL_CLOSED"
  | "COLLATERAL_EXTRA"
  | "RECORD_CHANGED";

/** What differs between the files and the cluster. */
export interface SolanaDifference {
  readonly code: SolanaDifferenceCode;
  readonly id: string;
  readonly found: string;
  readonly expected: string;
  /** Who can put it right; null: nobody any more, or only by hand. */
  readonly by: Address | null;
  readonly fix: string;
}

/** Keys, asked for when they are needed. */
export interface Hands {
  readonly deployer: KeyPairSigner;
  programKey(name: ProgramName): Promise<KeyPairSigner>;
  /** Of the owner of the market's house, who must agree once. */
  house(): Promise<KeyPairSigner>;
}

export interface Finding extends SolanaDifference {
  /** Puts it right; only where `by` is the deployer, or something can be prepared for who can. */
  readonly act?: (hands: Hands, log: (line: string) => void) => Promise<void>;
}

export interface HeldRole {
  readonly id: string;
  readonly code: SolanaDifferenceCode;
  readonly found: Address;
  /** ZERO_ADDRESS: nobody. */
  readonly expected: Address;
  readonly pending: Address;
}

/** Roles that another holds, or may come to hold. @param fixes how a holder is changed, and how a proposal is taken back. */
export function holderFindings(
  roles: readonly HeldRole[],
  by: Address,
  fixes: { readonly change: string; readonly cancel: string },
): Finding[] {
  const shown = (holder: Address): string => (holder === ZERO_ADDRESS ? "nobody" : holder);
  return roles.flatMap(({ id, code, found, expected, pending }): Finding[] => {
    const changed: Finding[] =
      found === expected ? [] : [{ code, id, found: shown(found), expected: shown(expected), by, fix: fixes.change }];
    if (pending === ZERO_ADDRESS || (pending === expected && found !== expected)) return changed;
    const waiting = { id, found: `${pending} may accept it`, expected: "nobody", by, fix: fixes.cancel };
    return [...changed, { code: "ROLE_PENDING", ...waiting }];
  });
}
