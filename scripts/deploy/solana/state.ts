/** What is on a cluster of our programs: code, upgrade authorities, configuration, registrations. Reads only. */
import { getBase58Decoder, type Address } from "@solana/kit";

import { PositionAddresses, programDataAddress, VaultAddresses } from "../../../protocol/solana/addresses.js";
import { CLOCK_SYSVAR, readClockSeconds } from "../../../protocol/solana/clock.js";
import type { PlainType } from "../../../protocol/solana/plain.js";
import type { CollateralVault } from "../../../protocol/solana/idl/collateral_vault.js";
import type { PositionManager } from "../../../protocol/solana/idl/position_manager.js";
import { positionProgram } from "../../../protocol/solana/positionProgram.js";
import { vaultProgram } from "../../../protocol/solana/vaultProgram.js";
import { readProgramData, UPGRADEABLE_LOADER, type ProgramData } from "../../validator/programs.js";
import { codeHash } from "./built.js";
import { isVacant, type SolanaChain } from "./chain.js";

/** Kind 2 of UpgradeableLoaderState. */
const KIND_PROGRAM = 2;

export type ProgramState =
  | { readonly kind: "missing" }
  /** Something else is at the address, or the program was closed. */
  | { readonly kind: "foreign"; readonly what: string }
  | ({ readonly kind: "deployed"; readonly programData: Address } & ProgramData);

export type VaultAuthority = PlainType<CollateralVault, "vaultAuthority">;
export type Registration = PlainType<CollateralVault, "authorizedProgram">;

export async function programState(chain: SolanaChain, programId: Address): Promise<ProgramState> {
  const programData = await programDataAddress(programId);
  const [account, data] = [await chain.account(programId), await chain.account(programData)];
  if (account === undefined || isVacant(account)) {
    // The loader makes its own account for the code there, and only where there are no lamports.
    return data === undefined ? { kind: "missing" } : { kind: "foreign", what: `an account at ${programData}` };
  }
  const { owner } = account;
  const isProgram = owner === UPGRADEABLE_LOADER && account.executable && account.data[0] === KIND_PROGRAM;
  if (!isProgram) return { kind: "foreign", what: `an account of ${owner}` };
  if (data === undefined) return { kind: "foreign", what: "a closed program" };
  const encoded = { address: programData, programAddress: data.owner, data: data.data };
  return { kind: "deployed", programData, ...readProgramData(encoded) };
}

/** The vault program's configuration; undefined before `initialize_authority`. */
export async function vaultAuthorityOf(
  chain: SolanaChain,
  vaultId: Address,
): Promise<{ readonly address: Address; readonly state: VaultAuthority | undefined }> {
  const address = await new VaultAddresses(vaultId).vaultAuthority();
  const account = await chain.account(address);
  // Lamports that somebody sent there make no configuration.
  if (account?.owner !== vaultId) return { address, state: undefined };
  return { address, state: vaultProgram.at(vaultId).decodeAccount("vaultAuthority", account.data) };
}

export interface FoundMarket {
  readonly address: Address;
  readonly market: PlainType<PositionManager, "market">;
  readonly price: PlainType<PositionManager, "price">;
}

/** The market's rules now, and those that will count next: the same unless some wait. */
export function paramsAt({ params, pendingParams, pendingParamsAt }: FoundMarket["market"], now: bigint) {
  const isWaiting = now < pendingParamsAt;
  const current = pendingParamsAt === 0n || isWaiting ? params : pendingParams;
  return { current, next: isWaiting ? pendingParams : current, isWaiting };
}

/** `active_at` of a mint that is closed for new positions. */
export const CLOSED = (1n << 63n) - 1n;

/** The position manager's market; undefined before `initialize_market`. */
export async function marketOf(chain: SolanaChain, programId: Address): Promise<FoundMarket | undefined> {
  const addresses = new PositionAddresses(programId);
  const address = await addresses.market();
  const [market, price] = [await chain.account(address), await chain.account(await addresses.price())];
  if (market?.owner !== programId || price?.owner !== programId) return undefined;
  const program = positionProgram.at(programId);
  return {
    address,
    market: program.decodeAccount("market", market.data),
    price: program.decodeAccount("price", price.data),
  };
}

/** The cluster's clock, unix seconds. */
export async function clockOf(chain: SolanaChain): Promise<bigint> {
  const clock = await chain.account(CLOCK_SYSVAR);
  if (clock === undefined) throw new Error("the cluster has no clock");
  return readClockSeconds(clock.data);
}

/** All programs that were ever registered, by address. */
export async function registrations(chain: SolanaChain, vaultId: Address): Promise<ReadonlyMap<Address, Registration>> {
  const program = vaultProgram.at(vaultId);
  const prefix = getBase58Decoder().decode(program.accountDiscriminator("authorizedProgram"));
  const accounts = await chain.accountsOf(vaultId, prefix);
  const records = accounts.map(({ data }) => program.decodeAccount("authorizedProgram", data));
  return new Map(records.map((record) => [record.programId, record]));
}

/** The program may have been extended since, which anybody can do; it has not been upgraded. */
export function isRegisteredCode(
  { so }: Pick<ProgramData, "so">,
  record: Readonly<Pick<Registration, "codeHash">>,
): boolean {
  return codeHash(so) === Buffer.from(record.codeHash).toString("hex");
}
