/** M00 over four real M1 tokens on a simulated chain, its vault registered as their system contract, 1,000 and 500 M00 issued to two holders. */
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { id, keccak256, MaxUint256, toBeHex, ZeroAddress, ZeroHash, type BaseContract, type Interface } from "ethers";
import { network } from "hardhat";

import {
  BasketVault__factory,
  GruDiamond__factory,
  IDiamondLoupe__factory,
  IGruOwnership__factory,
  LoupeFacet__factory,
  M1TokenFactory__factory,
  M1Token__factory,
  OwnershipFacet__factory,
} from "../../protocol/generated/contracts/index.js";
import type { IDiamond } from "../../protocol/generated/contracts/gru/GruDiamond.js";

export const SHARE = 10n ** 18n;
export const LOCKED_SHARES = 10n ** 12n;
export const CUT_DELAY_SECONDS = 2 * 86_400;
/** Of IDiamond.FacetCutAction. */
export const ACTION = { add: 0n, replace: 1n, remove: 2n } as const;

const FUNDS_UNITS = 10n ** 24n;
/** Base units per M00: 0.30 cUSDT, 0.30 cUSDC, 0.20 cEURT, 0.0001 oz. */
export const INITIAL_UNITS = [300_000n, 300_000n, 200_000n, 10n ** 14n] as const;

export type GruSystem = Awaited<ReturnType<typeof startGru>>;
export type Cut = IDiamond.FacetCutStruct;

export async function startGru() {
  const chain = await network.create("sim138");
  const signers = await chain.ethers.getSigners();
  const [timelock, guardian, minter, holder, trader, attacker] = signers;
  if (!timelock || !guardian || !minter || !holder || !trader || !attacker)
    throw new Error("the chain has no accounts");

  const factory = await new M1TokenFactory__factory(timelock).deploy();
  const tokens = await Promise.all(
    ["cUSDT", "cUSDC", "cEURT", "XAU"].map(async (symbol) => {
      const common = { name: symbol, symbol, decimals: symbol === "XAU" ? 18 : 6, admin: timelock.address };
      const limit = { mintRefillPerSecond: 0n, burnCapacity: 0n, burnRefillPerSecond: 0n };
      await factory.createToken(common, {
        minters: [{ minter: minter.address, mintCapacity: 2n ** 100n, ...limit }],
        pausers: [guardian.address],
        freezers: [guardian.address],
        systemContracts: [],
      });
      return M1Token__factory.connect(await factory.tokenAddress(timelock.address, common), timelock);
    }),
  );
  const loupeFacet = await new LoupeFacet__factory(timelock).deploy();
  const ownershipFacet = await new OwnershipFacet__factory(timelock).deploy();
  const m00 = await new GruDiamond__factory(timelock).deploy({
    owner: timelock.address,
    guardian: guardian.address,
    minCutDelaySeconds: CUT_DELAY_SECONDS,
    loupeFacet,
    ownershipFacet,
    basketTokens: tokens,
    initialUnitsPerShare: [...INITIAL_UNITS],
  });
  const address = await m00.getAddress();
  const vault = BasketVault__factory.connect(await m00.vault(), timelock);
  const vaultAddress = await vault.getAddress();
  for (const token of tokens) {
    await token.setSystemContract(vaultAddress, true);
    for (const account of [holder, trader]) {
      await token.connect(minter).mint(account.address, FUNDS_UNITS);
      await token.connect(account).approve(vaultAddress, MaxUint256);
    }
  }

  const issue = async (account: HardhatEthersSigner, shares: bigint) =>
    m00.connect(account).issue(shares, [...(await vault.previewIssue(shares))], account.address, MaxUint256);
  await issue(holder, 1_000n * SHARE);
  await issue(trader, 500n * SHARE);

  return {
    chain,
    timelock,
    guardian,
    holder,
    trader,
    attacker,
    tokens,
    m00,
    address,
    vault,
    loupeFacet,
    ownershipFacet,
    loupe: IDiamondLoupe__factory.connect(address, timelock),
    ownership: IGruOwnership__factory.connect(address, timelock),
    issue,
    redeem: (account: HardhatEthersSigner, shares: bigint) =>
      m00.connect(account).redeem(shares, [0n, 0n, 0n, 0n], account.address, MaxUint256),
    /** Base units of each token that an account holds. */
    balancesOf: (account: string) => Promise.all(tokens.map((token) => token.balanceOf(account))),
    schedule: (cuts: Cut[], init = ZeroAddress, data = "0x") =>
      m00.scheduleCut(cuts, init, data, ZeroHash, CUT_DELAY_SECONDS),
    wait: (seconds: number) => chain.networkHelpers.time.increase(seconds),
    /** Schedules, waits and executes. */
    cut: async (cuts: Cut[]) => {
      await m00.scheduleCut(cuts, ZeroAddress, "0x", ZeroHash, CUT_DELAY_SECONDS);
      await chain.networkHelpers.time.increase(CUT_DELAY_SECONDS);
      return m00.diamondCut(cuts, ZeroAddress, "0x");
    },
  };
}

/** ERC-7201: keccak256(abi.encode(uint256(keccak256(name)) - 1)) & ~0xff, computed apart from contracts and scripts. */
export function erc7201Slot(name: string): string {
  const slot = BigInt(keccak256(toBeHex(BigInt(id(name)) - 1n, 32)));
  return toBeHex(slot - (slot % 256n), 32);
}

/** Selectors of all functions of an ABI, sorted. */
export function selectorsOf(abi: Interface): string[] {
  const selectors: string[] = [];
  abi.forEachFunction(({ selector }) => selectors.push(selector));
  return selectors.sort();
}

/** A cut of one part with all functions of a facet. */
export async function adding(facet: BaseContract): Promise<Cut> {
  return {
    facetAddress: await facet.getAddress(),
    action: ACTION.add,
    functionSelectors: selectorsOf(facet.interface),
  };
}
