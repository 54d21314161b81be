/** Compares the market of the position manager with the parameters: who runs it, every rule, its mints. */
import type { Address } from "@solana/kit";

import { VaultAddresses } from "../../../protocol/solana/addresses.js";
import { ZERO_ADDRESS } from "../../../protocol/solana/instructions.js";
import type { MarketParams } from "../../../protocol/solana/marketInstructions.js";
import type { MarketIntent } from "../../../protocol/solana/marketParams.js";
import { builtThere, type BuiltProgram } from "./built.js";
import { holderFindings, type Finding, type Hands } from "./finding.js";
import type { Seen } from "./inspect.js";
import { CLOSED, clockOf, paramsAt, type FoundMarket } from "./state.js";

/** There is a market where one is meant, and only there. It is made while the deployer can still sign as the upgrade authority. */
export function marketCreation(seen: Seen, built: readonly BuiltProgram[], found: FoundMarket | undefined): Finding[] {
  const { deployer, work } = seen;
  const { market, programs } = seen.loaded.params;
  const common = { id: "market" } as const;
  if (market === null && found !== undefined) {
    const fix = "the parameters name it: a market stays";
    return [{ ...common, code: "MARKET_EXTRA", found: "a market", expected: "none", by: null, fix }];
  }
  if (market === null || found !== undefined) return [];
  const state = seen.programs.get(programs["position-manager"]) ?? { kind: "missing" };
  const by = state.kind === "deployed" ? state.upgradeAuthority : deployer;
  const { admin, priceAuthority, houseOwner } = market;
  const expected = `admin ${admin}, price authority ${priceAuthority}, house of ${houseOwner}`;
  const difference = { ...common, code: "MARKET_MISSING", found: "no market", expected, by } as const;
  const fix = "upgrade authority and house's owner call initialize_market";
  const canAct = by === deployer && builtThere(built, programs["position-manager"], state) !== undefined;
  return [canAct ? { ...difference, fix, act: (hands) => work.openMarket(market, hands) } : { ...difference, fix }];
}

export async function marketFindings(seen: Seen, found: FoundMarket): Promise<Finding[]> {
  const intent = seen.loaded.params.market;
  if (intent === null) return [];
  return [
    ...marketRoles(found, intent),
    ...(await houseFinding(seen, found, intent)),
    ...paramFindings(seen, found, intent, await clockOf(seen.chain)),
    ...(await collateralFindings(seen, found, intent)),
  ];
}

function marketRoles({ market, price }: FoundMarket, { admin, priceAuthority }: MarketIntent): Finding[] {
  return holderFindings(
    [
      {
        ...{ id: "market.admin", code: "ADMIN_CHANGED", found: market.admin, expected: admin },
        pending: market.pendingAdmin,
      },
      {
        ...{ id: "market.price_authority", code: "PRICE_AUTHORITY_CHANGED", found: price.authority },
        ...{ expected: priceAuthority, pending: price.pendingAuthority },
      },
    ],
    market.admin,
    {
      change: "the admin proposes the holder (propose_role), who accepts a day later",
      cancel: "the admin takes it back (propose_role with another holder, or with none)",
    },
  );
}

async function houseFinding({ loaded }: Seen, { market }: FoundMarket, intent: MarketIntent): Promise<Finding[]> {
  const expected = await new VaultAddresses(loaded.params.programs["collateral-vault"]).vault(intent.houseOwner);
  if (market.houseVault === expected) return [];
  const fix = "a market keeps its house: another one needs another program";
  return [
    { code: "MARKET_HOUSE_CHANGED", id: "market.house_vault", found: market.houseVault, expected, by: null, fix },
  ];
}

/** One finding for each rule. What waits already and agrees is left to wait. */
function paramFindings(seen: Seen, { market }: FoundMarket, intent: MarketIntent, now: bigint): Finding[] {
  const { current, next } = paramsAt(market, now);
  const by = market.admin;
  const canAct = by === seen.deployer;
  const act = (hands: Hands): Promise<void> => seen.work.setMarketParams(intent.params, hands);
  return (Object.keys(intent.params) as (keyof MarketParams)[]).flatMap((name): Finding[] => {
    const [is, willBe, wanted] = [current, next, intent.params].map((params) => String(params[name])) as Three;
    if (is === wanted && willBe === wanted) return [];
    const found = is === willBe ? is : `${is}, and ${willBe} from ${timeOf(market.pendingParamsAt)} on`;
    const common = { id: `market.${name}`, found, expected: wanted, by } as const;
    if (willBe === wanted) return [{ ...common, code: "MARKET_PARAM_PENDING", fix: "it counts then" }];
    const fix = "the admin sets it (set_params): what loosens counts a day later";
    return [{ ...common, code: "MARKET_PARAM_CHANGED", fix, ...(canAct ? { act } : {}) }];
  });
}
type Three = [string, string, string];

async function collateralFindings(seen: Seen, { market }: FoundMarket, intent: MarketIntent): Promise<Finding[]> {
  const by = market.admin;
  const listed = new Map(market.collaterals.map(({ mint, activeAt }) => [mint, activeAt]));
  const wanted = await Promise.all(
    intent.collaterals.map(async (mint): Promise<Finding[]> => {
      const activeAt = listed.get(mint);
      const common = { id: `market.${mint}`, expected: "open for positions", by } as const;
      if (activeAt === CLOSED) {
        // Somebody had a reason: only people take it back.
        const fix = "the admin opens it (set_collateral_open), and it counts a day later";
        return [{ ...common, code: "COLLATERAL_CLOSED", found: "closed", fix }];
      }
      if (activeAt !== undefined) return [];
      const difference = { ...common, code: "COLLATERAL_MISSING", found: "not listed" } as const;
      if (!(await isFunded(seen, market.houseVault, mint))) {
        const fix = "the house's owner opens a balance of it and gives the program a lock; then the admin lists it";
        return [{ ...difference, fix }];
      }
      const fix = "the admin lists it (add_collateral), and it counts a day later";
      if (by !== seen.deployer) return [{ ...difference, fix }];
      return [{ ...difference, fix, act: (hands) => seen.work.addCollateral(market.houseVault, mint, hands) }];
    }),
  );
  const extra = market.collaterals.flatMap(({ mint, activeAt }): Finding[] => {
    if (mint === ZERO_ADDRESS || activeAt === CLOSED || intent.collaterals.includes(mint)) return [];
    const fix = "the admin closes it (set_collateral_open), or the parameters name it";
    return [{ code: "COLLATERAL_EXTRA", id: `market.${mint}`, found: "open", expected: "not listed", by, fix }];
  });
  return [...wanted.flat(), ...extra];
}

/** Whether the house has a balance of the mint, with a lock for the position manager. */
async function isFunded({ chain, loaded }: Seen, houseVault: Address, mint: Address): Promise<boolean> {
  const { "collateral-vault": vaultId, "position-manager": managerId } = loaded.params.programs;
  const addresses = new VaultAddresses(vaultId);
  const balance = await addresses.balance(houseVault, mint);
  const lock = await addresses.programLock(balance, managerId);
  const accounts = await Promise.all([balance, lock].map((address) => chain.account(address)));
  return accounts.every((account) => account?.owner === vaultId);
}

const timeOf = (seconds: bigint): string => new Date(Number(seconds) * 1000).toISOString();
