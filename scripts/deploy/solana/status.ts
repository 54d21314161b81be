/** How the vault program of a Solana network stands, and one vault where it is asked for. Reads only. */
import type { Address } from "@solana/kit";

import { PermanentError } from "../../../protocol/errors.js";
import { readVault, readVaultAuthority, type VaultAuthorityAccount } from "../../../protocol/solana/accounts.js";
import { requireCluster } from "../../../protocol/solana/cluster.js";
import type { LoadedSolanaParams } from "../../../protocol/solana/network.js";
import { PROGRAM_NAMES } from "../../../protocol/solana/programKeys.js";
import { readVaultState, type VaultState } from "../../../protocol/solana/vaultState.js";
import { vaultProgram } from "../../../protocol/solana/vaultProgram.js";
import type { SolanaChain } from "./chain.js";
import { marketStatus, type MarketStatus } from "./marketStatus.js";
import {
  clockOf,
  isRegisteredCode,
  marketOf,
  programState,
  registrations,
  vaultAuthorityOf,
  type ProgramState,
  type Registration,
} from "./state.js";

export interface ProgramStatus {
  readonly programId: Address;
  readonly deployed: boolean;
  readonly deploySlot: bigint | null;
  readonly upgradeAuthority: Address | null;
}

export interface RegistrationStatus {
  readonly programId: Address;
  /** `waiting`: counts from `activeFromSeconds` on; `upgraded`: its code changed, until it is renewed it cannot lock;
   * `extended`: deployed anew with the same code, until admin or guardian confirms it. */
  readonly status: "active" | "waiting" | "revoked" | "upgraded" | "extended";
  readonly activeFromSeconds: bigint;
}

export interface CollateralStatus {
  readonly network: string;
  readonly genesisHash: string;
  /** The cluster's clock, unix seconds. */
  readonly clockSeconds: bigint;
  /** `frozen` stops withdrawals as well, `paused` everything that brings collateral in or moves it. */
  readonly state: "running" | "paused" | "frozen";
  readonly programs: Readonly<Record<string, ProgramStatus>>;
  readonly authority: VaultAuthorityAccount;
  readonly registrations: readonly RegistrationStatus[];
  /** Null where there is no market. */
  readonly market: MarketStatus | null;
  /** Only of the vault that was asked for. */
  readonly vault?: VaultState;
}

/**
 * @param vault address of a vault, or of its owner.
 * @throws PermanentError WRONG_CLUSTER, NOT_CONFIGURED before `initialize_authority`, VAULT_NOT_FOUND; RetryableError STATE_MOVED.
 */
export async function collateralStatus(
  chain: SolanaChain,
  loaded: LoadedSolanaParams,
  vault?: Address,
): Promise<CollateralStatus> {
  await requireCluster(chain.rpc, loaded);
  const vaultId = loaded.params.programs["collateral-vault"];
  const { address } = await vaultAuthorityOf(chain, vaultId);
  const account = await chain.account(address);
  if (account?.owner !== vaultId) throw notConfigured(loaded.network);
  const authority = readVaultAuthority(account.data);
  const clockSeconds = await clockOf(chain);
  const listed = await registrations(chain, vaultId);
  const registered: RegistrationStatus[] = [];
  for (const record of listed.values()) {
    const state = await programState(chain, record.programId);
    const status = registrationStatus(record, state, clockSeconds);
    registered.push({ programId: record.programId, status, activeFromSeconds: record.activeAt });
  }
  const programs: Record<string, ProgramStatus> = {};
  for (const name of PROGRAM_NAMES) {
    const programId = loaded.params.programs[name];
    programs[name] = toStatus(programId, await programState(chain, programId));
  }
  const market = await marketOf(chain, loaded.params.programs["position-manager"]);
  const owner = vault === undefined ? undefined : await ownerOf(chain, vaultId, vault);
  return {
    ...{ network: loaded.network, genesisHash: await chain.genesisHash(), clockSeconds },
    state: stateOf(authority, clockSeconds),
    ...{ programs, authority, registrations: registered },
    market: market === undefined ? null : marketStatus(market, clockSeconds),
    ...(owner === undefined
      ? {}
      : { vault: await readVaultState(chain.rpc, vaultProgram.at(vaultId), owner, "confirmed") }),
  };
}

function stateOf(authority: VaultAuthorityAccount, now: bigint): CollateralStatus["state"] {
  const { frozenUntilSeconds = 0n, pausedUntilSeconds = 0n } = authority;
  if (now < frozenUntilSeconds) return "frozen";
  return now < pausedUntilSeconds ? "paused" : "running";
}

function registrationStatus(
  record: Pick<Registration, "activeAt" | "revokedAt" | "deploySlot" | "codeHash">,
  state: ProgramState,
  now: bigint,
): RegistrationStatus["status"] {
  if (record.revokedAt !== 0n) return "revoked";
  if (state.kind === "deployed" && state.slot !== record.deploySlot) {
    return isRegisteredCode(state, record) ? "extended" : "upgraded";
  }
  return now < record.activeAt ? "waiting" : "active";
}

function toStatus(programId: Address, state: ProgramState): ProgramStatus {
  if (state.kind !== "deployed") return { programId, deployed: false, deploySlot: null, upgradeAuthority: null };
  return { programId, deployed: true, deploySlot: state.slot, upgradeAuthority: state.upgradeAuthority };
}

/** People know the one address or the other. */
async function ownerOf(chain: SolanaChain, vaultId: Address, address: Address): Promise<Address> {
  const account = await chain.account(address);
  return account?.owner === vaultId ? readVault(account.data).owner : address;
}

function notConfigured(network: string): PermanentError {
  return new PermanentError(
    "NOT_CONFIGURED",
    `the vault program of ${network} has no configuration yet`,
    `run: npx hardhat deploy --network ${network} (dry run), then with --execute`,
    { network },
  );
}
