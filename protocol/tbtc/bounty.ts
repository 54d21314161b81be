/** Bounties for rescuing deposits (contracts/rescue): what is promised, and the calls of operators and providers. */
import {
  type BlockTag,
  type ContractRunner,
  TypedDataEncoder,
  type TypedDataDomain,
  type TypedDataField,
  ZeroAddress,
} from "ethers";

import { PermanentError } from "../errors.js";
import { IRescueAgent__factory, IRescueBounty__factory, type IRescueBounty } from "../generated/contracts/index.js";
import { contractAt } from "../handles.js";
import { depositTokenId, type TbtcContracts } from "./contracts.js";
import { prefixedOutputScript, satToBytes8 } from "./units.js";

export const rescueBountyAbi = IRescueBounty__factory.createInterface();
export const rescueAgentAbi = IRescueAgent__factory.createInterface();

/**
 * Holds every rescue: measured 852,000 for a provider's first one (274,000 create his agent) that calls the deposit as well (80,000); 497,000
 * for a later one of a called deposit.
 */
export const RESCUE_GAS_LIMIT = 1_200_000n;
/** Of `encodeClaim`, for each deposit. */
export const CLAIM_GAS_LIMIT = 100_000n;
/** Of `encodeCollect`, to an account without code; measured 34,000. */
export const COLLECT_GAS_LIMIT = 60_000n;

/** What stands for one deposit. Wei. */
export interface Bounty {
  /** What a rescue would be paid now. */
  readonly openWei: bigint;
  /** The part that stays for a day at least: what to plan with. */
  readonly firmWei: bigint;
  /** Who rescued it through the escrow. */
  readonly provider: string | undefined;
}

/** A rescue as its provider wants it. */
export interface RescueOrder {
  readonly deposit: string;
  /** Value of the deposit's output, and what of it goes to miners. */
  readonly utxoSat: bigint;
  readonly feeSat: bigint;
  /** Without its length. */
  readonly script: Uint8Array;
  /** Wei of TBTC. */
  readonly maxCostWei: bigint;
  readonly minBountyWei: bigint;
  /** Unix seconds. */
  readonly deadline: bigint;
}

/** An operator's word that somebody else's redemption was his rescue. Wei, unix seconds. */
export interface BountyRelease {
  readonly operator: string;
  readonly deposit: string;
  readonly recipient: string;
  readonly amountWei: bigint;
  /** Tells two releases apart that are otherwise the same. */
  readonly nonce: bigint;
  readonly deadline: bigint;
}

const RELEASE_TYPES: Record<string, TypedDataField[]> = {
  Release: [
    { name: "operator", type: "address" },
    { name: "deposit", type: "address" },
    { name: "recipient", type: "address" },
    { name: "amountWei", type: "uint256" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint256" },
  ],
};

export function connectRescueBounty(escrow: string, runner: ContractRunner): IRescueBounty {
  return contractAt(IRescueBounty__factory, escrow, runner);
}

/** The bounties of these deposits at one block, in their order; zeros for what nobody has promised anything for. */
export async function readBounties(
  escrow: IRescueBounty,
  deposits: readonly string[],
  blockTag: BlockTag,
): Promise<Bounty[]> {
  return (await escrow.bounties([...deposits], { blockTag })).map(bountyOf);
}

/** The question behind `readBounties`, for readers that ask several nodes. */
export function encodeBounties(deposits: readonly string[]): string {
  return rescueBountyAbi.encodeFunctionData("bounties", [[...deposits]]);
}

/** Its answer. Throws what ethers throws for anything else. */
export function decodeBounties(answer: string): Bounty[] {
  const [found] = rescueBountyAbi.decodeFunctionResult("bounties", answer) as unknown as [
    IRescueBounty.BountyStructOutput[],
  ];
  return found.map(bountyOf);
}

function bountyOf(found: { readonly openWei: bigint; readonly leavingWei: bigint; readonly provider: string }): Bounty {
  const { openWei, leavingWei, provider } = found;
  return { openWei, firmWei: openWei - leavingWei, provider: provider === ZeroAddress ? undefined : provider };
}

/** The deposit whose signers a keep is. @throws PermanentError TBTC_KEEP_UNKNOWN for what is no keep of this system. */
export async function depositOfKeep(tbtc: TbtcContracts, keep: string): Promise<string> {
  const deposit = await tbtc.keep(keep).getOwner();
  // Anybody can deploy something that names a real deposit as its owner; the deposit names its keep.
  const isOurs =
    (await tbtc.depositToken.exists(depositTokenId(deposit))) &&
    (await tbtc.deposit(deposit).keepAddress()).toLowerCase() === keep.toLowerCase();
  if (!isOurs) throw new PermanentError("TBTC_KEEP_UNKNOWN", `${keep} is no keep of a deposit of this system`);
  return deposit;
}

/** Ether of the sum of the bounties goes with it. */
export function encodePledge(pledges: readonly { readonly deposit: string; readonly bountyWei: bigint }[]): string {
  return rescueBountyAbi.encodeFunctionData("pledge", [
    pledges.map(({ deposit, bountyWei }) => ({ deposit, bountyWei })),
  ]);
}

/** Needs an allowance of the escrow for the cost. @throws UnitError for scripts and amounts that deposits refuse. */
export function encodeRescue(order: RescueOrder): string {
  return rescueBountyAbi.encodeFunctionData("rescue", [
    {
      deposit: order.deposit,
      outputValue: satToBytes8(order.utxoSat - order.feeSat),
      redeemerOutputScript: prefixedOutputScript(order.script),
      maxCostUnits: order.maxCostWei,
      minBountyWei: order.minBountyWei,
      deadline: order.deadline,
    },
  ]);
}

/** Books the bounties of redeemed deposits to their providers; `encodeCollect` pays out. */
export function encodeClaim(deposits: readonly string[]): string {
  return rescueBountyAbi.encodeFunctionData("claim", [[...deposits]]);
}

export function encodeCollect(to: string): string {
  return rescueBountyAbi.encodeFunctionData("collect", [to]);
}

export function encodeRelease(release: BountyRelease, signature: string): string {
  return rescueBountyAbi.encodeFunctionData("release", [release, signature]);
}

/** What the operator signs. */
export function releaseTypedData(
  chainId: bigint,
  escrow: string,
  release: BountyRelease,
): { readonly domain: TypedDataDomain; readonly types: typeof RELEASE_TYPES; readonly value: BountyRelease } {
  const domain = { name: "Cantilever RescueBounty", version: "1", chainId, verifyingContract: escrow };
  return { domain, types: RELEASE_TYPES, value: release };
}

/** Its digest, as the escrow computes it. */
export function releaseDigest(chainId: bigint, escrow: string, release: BountyRelease): string {
  const { domain, types, value } = releaseTypedData(chainId, escrow, release);
  return TypedDataEncoder.hash(domain, types, value);
}
