import { getCreateAddress, id, ZeroHash, zeroPadValue } from "ethers";

import {
  GruDiamond__factory,
  LoupeFacet__factory,
  OwnershipFacet__factory,
  WrappedEther__factory,
} from "../../protocol/generated/contracts/index.js";
import { creationCode } from "../../protocol/handles.js";
import { mulDivUp } from "../../protocol/math.js";
import type { NetworkParams, TokenName } from "../../protocol/params/schema.js";
import { parseTokenUnits, parseWad } from "../../protocol/units.js";
import type { PlannedToken } from "./blueprint.js";
import { argumentText } from "./text.js";
import type { MakeContract, PlannedContract } from "./types.js";

const WAD = 10n ** 18n;
/** A contract's first creation has nonce 1 (EIP-161). */
const FIRST_CREATION_NONCE = 1;

/** What one M00 costs of a token at the first issue. */
interface BasketPart {
  readonly token: TokenName;
  readonly unitsPerShare: bigint;
  /** What the first issue takes of it, rounded up as the vault does. */
  readonly firstUnits: bigint;
}

/** M0, M00 and the vault that M00 makes in its constructor. */
export interface PlannedGru {
  readonly wrappedEther: PlannedContract;
  readonly loupeFacet: PlannedContract;
  readonly ownershipFacet: PlannedContract;
  readonly diamond: PlannedContract;
  readonly vault: PlannedContract;
  readonly basket: readonly BasketPart[];
  readonly firstIssueShares: bigint;
}

/** Computes the addresses of the GRU contracts. Owner of M00 is the timelock from its first block. */
export function planGru(
  params: NetworkParams,
  tokens: Readonly<Record<TokenName, PlannedToken>>,
  governance: { readonly timelock: string; readonly guardian: string },
  make: MakeContract,
): PlannedGru {
  const wrappedEther = make("WrappedEther", "gru/WrappedEther", creationCode(WrappedEther__factory), []);
  const loupeFacet = make("LoupeFacet", "gru/facets/LoupeFacet", creationCode(LoupeFacet__factory), []);
  const ownershipFacet = make("OwnershipFacet", "gru/facets/OwnershipFacet", creationCode(OwnershipFacet__factory), []);
  const basket = basketOf(params, tokens);
  const setup = {
    owner: governance.timelock,
    guardian: governance.guardian,
    minCutDelaySeconds: params.gru.minCutDelaySeconds,
    loupeFacet: loupeFacet.address,
    ownershipFacet: ownershipFacet.address,
    basketTokens: basket.map(({ token }) => tokens[token].address),
    initialUnitsPerShare: basket.map(({ unitsPerShare }) => unitsPerShare),
  };
  const diamond = make("GruDiamond", "gru/GruDiamond", creationCode(GruDiamond__factory, setup), [setup]);
  const vault: PlannedContract = {
    name: "BasketVault",
    address: getCreateAddress({ from: diamond.address, nonce: FIRST_CREATION_NONCE }),
    source: "gru/BasketVault",
    constructorArgs: [diamond.address, setup.basketTokens, setup.initialUnitsPerShare].map(argumentText),
    make: {
      by: "constructor",
      event: {
        at: diamond.address,
        topics: [id("OwnershipTransferred(address,address)"), ZeroHash, zeroPadValue(governance.timelock, 32)],
      },
    },
  };
  const firstIssueShares = parseWad(params.gru.firstIssueShares);
  return { wrappedEther, loupeFacet, ownershipFacet, diamond, vault, basket, firstIssueShares };
}

function basketOf(params: NetworkParams, tokens: Readonly<Record<TokenName, PlannedToken>>): BasketPart[] {
  const shares = parseWad(params.gru.firstIssueShares);
  return params.gru.basket.map(({ token, tokensPerShare }) => {
    const unitsPerShare: bigint = parseTokenUnits(tokensPerShare, tokens[token].decimals);
    return { token, unitsPerShare, firstUnits: mulDivUp(shares, unitsPerShare, WAD) };
  });
}
