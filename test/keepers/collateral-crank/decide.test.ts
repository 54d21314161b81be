import type { Address } from "@solana/kit";
import { expect } from "chai";

import { decide, type DecideOptions, type Memory } from "../../../keepers/collateral-crank/decide.js";
import { rolesOf } from "../../../keepers/collateral-crank/keyRoles.js";
import { Rests } from "../../../keepers/collateral-crank/rests.js";
import { ACTION_KINDS, type Observation, type SkipReason } from "../../../keepers/collateral-crank/types.js";

const NOW = 1_800_000_000n;
const HOUR = 3_600n;
const key = (name: string): Address => name as Address;
const CRANK = key("crank");
const VAULT = key("vault");
const MINT = key("mint");

const UNSET = key("11111111111111111111111111111111");

const OPTIONS: DecideOptions = {
  signer: CRANK,
  kinds: new Set(ACTION_KINDS),
  minRewardUnits: 0n,
  maxActions: 16,
};
const NO_MEMORY: Memory = { inFlight: new Set(), rests: new Map(), failing: new Set() };

const authority = {
  ...{ admin: key("admin"), pendingAdmin: key("next admin"), guardian: key("guardian"), pendingGuardian: UNSET },
  ...{ freezeMultiSig: key("freezers"), pendingFreezeMultiSig: UNSET },
  ...{ pendingAdminAt: 0n, pendingGuardianAt: 0n, pendingFreezeMultiSigAt: 0n, pauseRowStartedAt: 0n },
  ...{ pausedUntil: 0n, recentPauses: [0n, 0n, 0n], unpauseAt: 0n, frozenAt: 0n, frozenUntil: 0n, seqNum: 0n },
  ...{ pausesInRow: 0, isPauseOpen: 0, bump: 0, padding: [] },
} as unknown as NonNullable<Observation["authority"]>;

/** Only what is decided by; the casts leave the rest out. */
function account(parts: object): never {
  return parts as never;
}

const vault = (parts: object = {}): never =>
  account({ owner: key("owner"), configVersion: 1n, frozenUntilSeconds: undefined, ...parts });
const balance = (parts: object = {}): never =>
  account({ vault: VAULT, mint: MINT, vaultTokens: key("vault tokens"), availableUnits: 100n, ...parts });
const withdrawal = (parts: object = {}): never =>
  account({
    ...{ vault: VAULT, balance: key("balance"), destination: key("owner"), destinationTokens: key("to") },
    ...{ amountUnits: 100n, maturesAtSeconds: NOW, configVersion: 1n, ...parts },
  });
const tokens = (owner: string, parts: object = {}): never =>
  account({ mint: MINT, owner: key(owner), amountUnits: 100n, isFrozen: false, ...parts });
const multiSig = (parts: object = {}): never =>
  account({
    vault: VAULT,
    owners: [key("one")],
    epoch: 7n,
    pendingOwners: { value: { owners: [key("two")] }, countsFromSeconds: NOW },
    ...parts,
  });
const proposal = (parts: object = {}): never =>
  account({
    multiSig: key("multi-sig"),
    epoch: 7n,
    state: "executed",
    expiresAtSeconds: NOW + HOUR,
    createdAtSeconds: 1n,
    ...parts,
  });

const params = { priceMaxAgeSeconds: 60, maintenanceMarginBps: 1_000, liquidationRewardBps: 100 };
const market = (parts: object = {}): never =>
  account({
    ...{ admin: key("market admin"), pendingAdmin: key(""), houseVault: key("house"), params, pendingParamsAt: 0n },
    collaterals: [{ mint: MINT, nanoPerUnit: 1_000n }],
    ...parts,
  });
const price = (parts: object = {}): never =>
  account({
    market: key("market"),
    authority: key("pricer"),
    pendingAuthority: key(""),
    price: 90n,
    publishedAt: NOW,
    ...parts,
  });
/** Bought 1,000,000 contracts at 100 with a margin of 10,000,000 nano: at 90 its equity is nothing. */
const position = (parts: object = {}): never =>
  account({
    ...{ market: key("market"), owner: key("trader"), vault: VAULT, programLock: key("lock"), mint: MINT },
    ...{ size: 1_000_000n, entryValue: 100_000_000n, margin: 10_000n, openedAt: 5n, isLong: 1, ...parts },
  });

function seen(parts: Partial<Observation> = {}): Observation {
  return {
    ...{ slot: 50n, nowSeconds: NOW, authority, lamports: 0n },
    vaults: new Map([[VAULT, vault()]]),
    balances: new Map([[key("balance"), balance()]]),
    locks: new Map(),
    securityConfigs: new Map(),
    withdrawals: new Map(),
    multiSigs: new Map(),
    proposals: new Map(),
    tokens: new Map([
      [key("vault tokens"), tokens(VAULT)],
      [key("to"), tokens("owner")],
    ]),
    listed: new Map(),
    programData: new Map(),
    markets: new Map(),
    prices: new Map(),
    positions: new Map(),
    ...parts,
  };
}

const one = <T>(name: string, value: T): ReadonlyMap<Address, T> => new Map([[key(name), value]]);
const ofWithdrawal = (parts: object = {}, others: Partial<Observation> = {}): Observation =>
  seen({ withdrawals: one("request", withdrawal(parts)), ...others });
const ofPosition = (parts: object = {}, others: Partial<Observation> = {}): Observation =>
  seen({
    vaults: new Map([
      [VAULT, vault()],
      [key("own vault"), vault({ owner: CRANK })],
    ]),
    balances: one("own balance", balance({ vault: key("own vault") })),
    locks: one("lock", account({ locked: 10_000n, revokedAt: 0n })),
    markets: one("market", market()),
    prices: one("price", price()),
    positions: one("position", position(parts)),
    ...others,
  });
const paused = (parts: object): NonNullable<Observation["authority"]> => ({ ...authority, ...parts });

describe("collateral crank: decide", () => {
  for (const [what, observation, keys] of [
    ["a matured withdrawal", ofWithdrawal(), ["withdrawal:request"]],
    [
      "an expired pause",
      seen({ authority: paused({ isPauseOpen: 1, pausedUntil: NOW, recentPauses: [9n] }) }),
      ["unpause:9"],
    ],
    [
      "owners whose wait is over",
      seen({ multiSigs: one("multi-sig", multiSig()) }),
      [`multi-sig:multi-sig:7:${String(NOW)}`],
    ],
    [
      "an executed proposal",
      seen({ multiSigs: one("multi-sig", multiSig({ pendingOwners: undefined })), proposals: one("p", proposal()) }),
      ["proposal:p:7:1"],
    ],
    [
      "a proposal of a multi-sig that is gone",
      seen({ proposals: one("p", proposal({ state: "open" })) }),
      ["proposal:p:7:1"],
    ],
    ["a position below maintenance", ofPosition(), ["liquidation:position:5"]],
    [
      "a healthy one whose lock was revoked",
      ofPosition(
        {},
        {
          prices: one("price", price({ price: 110n })),
          locks: one("lock", account({ locked: 10_000n, revokedAt: 1n })),
        },
      ),
      ["liquidation:position:5"],
    ],
    [
      "a position whose owner has frozen his vault",
      ofPosition(
        {},
        {
          vaults: new Map([
            [VAULT, vault({ frozenUntilSeconds: NOW + 1n })],
            [key("own vault"), vault({ owner: CRANK })],
          ]),
        },
      ),
      ["liquidation:position:5"],
    ],
  ] as [string, Observation, string[]][]) {
    it(`acts on ${what}`, () => {
      const { actions, skips } = decide(observation, OPTIONS, NO_MEMORY);
      expect(actions.map((action) => action.key)).to.deep.equal(keys);
      expect(skips).to.deep.equal([]);
    });
  }

  for (const [reason, observation] of [
    ["not-matured", ofWithdrawal({ maturesAtSeconds: NOW + 1n })],
    ["vault-missing", ofWithdrawal({}, { vaults: new Map() })],
    ["frozen", ofWithdrawal({}, { authority: paused({ frozenUntil: NOW + 1n }) })],
    ["vault-frozen", ofWithdrawal({}, { vaults: one("vault", vault({ frozenUntilSeconds: NOW + 1n })) })],
    ["stale-config", ofWithdrawal({ configVersion: 0n })],
    ["balance-too-low", ofWithdrawal({ amountUnits: 101n })],
    ["tokens-frozen", ofWithdrawal({}, { tokens: one("vault tokens", tokens(VAULT, { isFrozen: true })) })],
    ["destination-closed", ofWithdrawal({ destinationTokens: key("nowhere") })],
    ["destination-changed", ofWithdrawal({ destination: key("somebody else") })],
    [
      "destination-frozen",
      ofWithdrawal(
        {},
        {
          tokens: new Map([
            [key("vault tokens"), tokens(VAULT)],
            [key("to"), tokens("owner", { isFrozen: true })],
          ]),
        },
      ),
    ],
    ["paused", seen({ authority: paused({ isPauseOpen: 1, pausedUntil: NOW + 1n }) })],
    ["paused", seen({ multiSigs: one("multi-sig", multiSig()), authority: paused({ pausedUntil: NOW + 1n }) })],
    [
      "still-waiting",
      seen({
        multiSigs: one("m", multiSig({ pendingOwners: { value: { owners: [] }, countsFromSeconds: NOW + 1n } })),
      }),
    ],
    [
      "proposal-open",
      seen({
        multiSigs: one("multi-sig", multiSig({ pendingOwners: undefined })),
        proposals: one("p", proposal({ state: "open" })),
      }),
    ],
    ["healthy", ofPosition({}, { prices: one("price", price({ price: 110n })) })],
    ["price-stale", ofPosition({}, { prices: one("price", price({ publishedAt: NOW - 61n })) })],
    ["not-listed", ofPosition({ mint: key("other") })],
    ["paused", ofPosition({}, { authority: paused({ pausedUntil: NOW + 1n }) })],
    ["frozen", ofPosition({}, { authority: paused({ frozenUntil: NOW + 1n }) })],
    ["own-position", ofPosition({ owner: CRANK })],
    ["no-own-vault", ofPosition({}, { vaults: one("vault", vault()) })],
    ["no-own-balance", ofPosition({}, { balances: new Map() })],
  ] as [SkipReason, Observation][]) {
    it(`skips: ${reason}`, () => {
      const { actions, skips } = decide(observation, OPTIONS, NO_MEMORY);
      expect(actions).to.deep.equal([]);
      expect(skips.map((skip) => skip.reason)).to.deep.equal([reason]);
    });
  }

  it("leaves small rewards, what is in flight, what rests, and what is too much for one look", () => {
    const reasons = (observation: Observation, options: Partial<DecideOptions>, memory: Partial<Memory> = {}) =>
      decide(observation, { ...OPTIONS, ...options }, { ...NO_MEMORY, ...memory }).skips.map(({ reason }) => reason);
    expect(reasons(ofPosition(), { minRewardUnits: 1_000_000n })).to.deep.equal(["reward-too-small"]);
    expect(reasons(ofWithdrawal(), {}, { inFlight: new Set(["withdrawal:request"]) })).to.deep.equal(["in-flight"]);
    const rests = new Map([["withdrawal:request", { untilSlot: 51n, failures: 1 }]]);
    expect(reasons(ofWithdrawal(), {}, { rests })).to.deep.equal(["backoff"]);
    expect(reasons(seen({ ...ofWithdrawal(), slot: 51n }), {}, { rests })).to.deep.equal([]);
    expect(reasons(ofWithdrawal(), {}, { failing: new Set(["withdrawal"]) })).to.deep.equal(["too-many-failures"]);
    expect(reasons(ofWithdrawal(), {}, { failing: new Set(["liquidation"]) })).to.deep.equal([]);
    const two = new Map([
      [key("one"), withdrawal()],
      [key("two"), withdrawal()],
    ]);
    expect(reasons(seen({ withdrawals: two }), { maxActions: 1 })).to.deep.equal(["too-many"]);
    expect(reasons(ofWithdrawal(), { kinds: new Set() })).to.deep.equal([]);
  });

  it("looks at what has failed after what has not, and rests twice as long after each failure", () => {
    const withdrawals = new Map(["stuck", "fresh", "failed once"].map((name) => [key(name), withdrawal()]));
    const rests = new Rests(10n);
    for (const [name, failures] of [
      ["stuck", 9],
      ["failed once", 1],
    ] as const) {
      for (let time = 0; time < failures; time += 1) rests.failed(`withdrawal:${name}`, 0n);
    }
    const order = (slot: bigint, maxActions: number) =>
      decide(seen({ withdrawals, slot }), { ...OPTIONS, maxActions }, { ...NO_MEMORY, rests: rests.view }).actions.map(
        ({ subject }) => subject,
      );
    expect([order(9n, 3), order(10n, 3), order(640n, 3), order(640n, 1)]).to.deep.equal([
      ["fresh"],
      ["fresh", "failed once"],
      ["fresh", "failed once", "stuck"],
      ["fresh"],
    ]);
    rests.later("withdrawal:fresh", 640n);
    expect(rests.view.get("withdrawal:fresh")).to.deep.equal({ untilSlot: 650n, failures: 0 });
    rests.forget(1_280n);
    expect([...rests.view.keys()].sort()).to.deep.equal(["withdrawal:fresh"]);
  });

  it("knows every role of a key", () => {
    const observation = ofPosition(
      {},
      {
        multiSigs: new Map([
          [key("multi-sig"), multiSig()],
          [key("freezers"), multiSig({ owners: [key("freezer")], pendingOwners: undefined })],
        ]),
        programData: new Map([
          [key("ours"), { slot: 0n, upgradeAuthority: key("upgrader") }],
          [key("final"), { slot: 0n, upgradeAuthority: null }],
        ]),
        securityConfigs: one(
          "config",
          account({ vetoer: key("vetoer"), pendingVetoer: { value: key("next vetoer") } }),
        ),
      },
    );
    for (const [holder, roles] of [
      ["admin", ["admin"]],
      ["next admin", ["admin"]],
      ["guardian", ["guardian"]],
      ["freezers", ["freeze multi-sig"]],
      ["upgrader", ["upgrade authority"]],
      ["freezer", ["owner of the freeze multi-sig"]],
      ["one", ["multi-sig owner"]],
      ["two", ["multi-sig owner"]],
      ["vetoer", ["vetoer"]],
      ["next vetoer", ["vetoer"]],
      ["market admin", ["market admin"]],
      ["pricer", ["price authority"]],
      ["owner", ["vault owner"]],
      ["nobody", []],
      // Unset addresses are this one.
      ["11111111111111111111111111111111", []],
    ] as [string, string[]][]) {
      expect(rolesOf(key(holder), observation, false), holder).to.deep.equal(roles);
    }
    expect(rolesOf(CRANK, observation, false)).to.deep.equal(["vault owner"]);
    expect(rolesOf(CRANK, observation, true)).to.deep.equal([]);
    const house = { ...observation, vaults: one("house", vault({ owner: CRANK })) };
    expect(rolesOf(CRANK, house, true)).to.deep.equal(["house"]);
  });
});
