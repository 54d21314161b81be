import { ZeroAddress, ZeroHash } from "ethers";

import {
  DODOPMMIntegration__factory,
  DODOPMMProvider__factory,
  DodoObserver__factory,
  EnhancedSwapRouter__factory,
  IPegBoard__factory,
  IPegManager__factory,
  Ledger__factory,
  PrivatePmmPool__factory,
  SignedPriceFeed__factory,
  Stabilizer__factory,
  StabilizerLimits__factory,
  XAUOracle__factory,
  XauMesh__factory,
  M1Token__factory,
} from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import { tokenNames } from "../../protocol/params/schema.js";
import { managerOf } from "./115_peg.js";
import { allFeeds } from "./blueprint.js";
import { lanesOf } from "./bridge.js";
import { ccipLanesOf } from "./ccip.js";
import { accountIn, holderList, holdersAmong, LogBook, namedAccounts, type HolderList } from "./holders.js";
import type { Setting, StepContext } from "./types.js";

/** A list that the contract keeps as a mapping: found through its events and by asking. */
interface Mapping {
  readonly id: string;
  readonly at: string;
  readonly expected: readonly string[];
  /** Topic of the event whose first indexed argument is the member. */
  readonly event: string;
  holds(account: string): Promise<boolean>;
  readonly code?: "ROLE" | "POOL";
}

/** Every list of members outside AccessControl: keepers, operators, writers, signers, accepted factories, registered pools and tokens. */
export function membership(context: StepContext): Setting[] {
  const mappings = [...roleMappings(context), ...feedSigners(context), ...poolMappings(context)];
  const book = new LogBook(
    context,
    mappings.map((mapping) => mapping.at),
    mappings.map((mapping) => mapping.event),
  );
  return [
    ...mappings.map((mapping) => mappingSetting(context, book, mapping)),
    ...lists(context).map((list) => holderList(context.plan, list)),
  ];
}

function mappingSetting({ plan }: StepContext, book: LogBook, mapping: Mapping): Setting {
  const { id, at, expected, event, code = "ROLE" } = mapping;
  return holderList(plan, {
    id,
    at,
    expected,
    read: async () => {
      const logs = (await book.of(at)).filter((log) => log.topics[0] === event);
      const candidates = logs.map((log) => accountIn(log.topics[1] ?? ZeroHash));
      const accounts = [...candidates, ...expected, ...namedAccounts(plan)];
      return holdersAmong(accounts, (account) => mapping.holds(account));
    },
    extra: `${code}_EXTRA`,
    missing: `${code}_MISSING`,
  });
}

function roleMappings({ plan, provider }: StepContext): Mapping[] {
  const { keeper } = plan.roles;
  const factory = plan.pmmFactory.address;
  const stabilizer = contractAt(Stabilizer__factory, plan.stabilizer.address, provider);
  const limits = contractAt(StabilizerLimits__factory, plan.limits.address, provider);
  const mesh = contractAt(XauMesh__factory, plan.mesh.address, provider);
  const observer = contractAt(DodoObserver__factory, plan.dodoObserver.address, provider);
  const integration = contractAt(DODOPMMIntegration__factory, plan.dodoIntegration.address, provider);
  const ledger = contractAt(Ledger__factory, plan.ledger.address, provider);
  return [
    {
      id: "Stabilizer.keepers",
      at: plan.stabilizer.address,
      expected: [keeper],
      event: stabilizer.interface.getEvent("SetKeeper").topicHash,
      holds: (account) => stabilizer.isKeeper(account),
    },
    {
      id: "StabilizerLimits.factories",
      at: plan.limits.address,
      expected: [factory],
      event: limits.interface.getEvent("SetFactory").topicHash,
      holds: (account) => limits.isFactory(account),
    },
    {
      id: "XauMesh.factories",
      at: plan.mesh.address,
      expected: [factory],
      event: mesh.interface.getEvent("SetFactory").topicHash,
      holds: (account) => mesh.isFactory(account),
    },
    {
      id: "XauMesh.operators",
      at: plan.mesh.address,
      expected: [plan.stabilizer.address],
      event: mesh.interface.getEvent("SetOperator").topicHash,
      holds: (account) => mesh.isOperator(account),
    },
    {
      id: "DodoObserver.keepers",
      at: plan.dodoObserver.address,
      expected: [keeper],
      event: observer.interface.getEvent("SetKeeper").topicHash,
      holds: (account) => observer.isKeeper(account),
    },
    {
      id: "DODOPMMIntegration.managers",
      at: plan.dodoIntegration.address,
      expected: [],
      event: integration.interface.getEvent("SetManager").topicHash,
      holds: (account) => integration.isManager(account),
    },
    {
      id: "Ledger.writers",
      at: plan.ledger.address,
      expected: [],
      event: ledger.interface.getEvent("SetWriter").topicHash,
      holds: (account) => ledger.isWriter(account),
    },
  ];
}

/** Reporters, those included whose delay is not over. */
function feedSigners({ plan, provider }: StepContext): Mapping[] {
  const feeds = allFeeds(plan).flatMap((feed) => feed.contract ?? []);
  return feeds.map(({ name, address }) => {
    const feed = contractAt(SignedPriceFeed__factory, address, provider);
    return {
      id: `${name}.signers`,
      at: address,
      expected: plan.params.reporters.addresses,
      event: feed.interface.getEvent("ScheduleSigner").topicHash,
      holds: async (account) => (await feed.activeFrom(account)) !== 0n,
    };
  });
}

/** Traders of private pools, foreign pools under observation, pools that the provider offers and that the router calls. */
function poolMappings({ plan, provider }: StepContext): Mapping[] {
  const observer = contractAt(DodoObserver__factory, plan.dodoObserver.address, provider);
  const listing = contractAt(DODOPMMProvider__factory, plan.dodoProvider.address, provider);
  const router = contractAt(EnhancedSwapRouter__factory, plan.router.address, provider);
  const registered = listing.interface.getEvent("PoolRegistered").topicHash;
  const offered = async (pool: string): Promise<boolean> => {
    // A pool is listed under its pair, and only the event that listed it says which pair that was.
    const events = await listing.queryFilter(listing.filters.PoolRegistered(pool));
    const lists = await Promise.all(events.map(({ args }) => listing.poolsFor(args.baseToken, args.quoteToken)));
    return lists.some((pools) => pools.includes(pool));
  };
  const traders = [...plan.meshPools, ...plan.pools.filter((pool) => pool.kind === "private")].map((pool): Mapping => {
    const handle = contractAt(PrivatePmmPool__factory, pool.address, provider);
    return {
      id: `${pool.name}.traders`,
      at: pool.address,
      expected: [pool.params.owner],
      event: handle.interface.getEvent("SetAllowed").topicHash,
      holds: (account) => handle.isAllowed(account),
    };
  });
  return [
    ...traders,
    {
      id: "DodoObserver.pools",
      at: plan.dodoObserver.address,
      expected: [],
      event: observer.interface.getEvent("PoolRegistered").topicHash,
      holds: (pool) => observer.isRegistered(pool),
      code: "POOL",
    },
    {
      id: "DODOPMMProvider.pools",
      at: plan.dodoProvider.address,
      expected: publicPools(plan.pools),
      event: registered,
      holds: offered,
      code: "POOL",
    },
    {
      id: "EnhancedSwapRouter.pools",
      at: plan.router.address,
      expected: [...publicPools(plan.pools), ...(plan.params.router.uniswapV3?.pools ?? [])],
      event: router.interface.getEvent("PoolRegistered").topicHash,
      holds: async (pool) => (await router.poolEntry(pool)).venue !== 0n,
      code: "POOL",
    },
  ];
}

/** Lists that the contracts give out themselves. */
function lists({ plan, provider }: StepContext): HolderList[] {
  const limits = contractAt(StabilizerLimits__factory, plan.limits.address, provider);
  const mesh = contractAt(XauMesh__factory, plan.mesh.address, provider);
  const oracle = contractAt(XAUOracle__factory, plan.oracle.address, provider);
  const integration = contractAt(DODOPMMIntegration__factory, plan.dodoIntegration.address, provider);
  const codes = { extra: "POOL_EXTRA", missing: "POOL_MISSING" } as const;
  const pools = [...plan.pools, ...plan.meshPools];
  const system = tokenNames
    .filter((name) => !plan.tokens[name].adopted)
    .map((name): HolderList => ({
      id: `${name}.systemContracts`,
      at: plan.tokens[name].address,
      expected: [
        plan.stabilizer.address,
        plan.router.address,
        ...bucketHolders(plan),
        ...(lanesOf(plan).some((lane) => lane.name === name) ? bridgeHolders(plan) : []),
        ...(ccipLanesOf(plan).some((lane) => lane.name === name) ? [plan.ccip?.adapter.address ?? ZeroAddress] : []),
        ...pools.filter((pool) => pool.base === name || pool.quote === name).map((pool) => pool.address),
        ...(plan.gru.basket.some(({ token }) => token === name) ? [plan.gru.vault.address] : []),
      ],
      read: () => contractAt(M1Token__factory, plan.tokens[name].address, provider).systemContracts(),
      extra: "ROLE_EXTRA",
      missing: "ROLE_MISSING",
    }));
  const managed = [plan.stablecoinPegManager, plan.commodityPegManager].map((manager): HolderList => ({
    id: `${manager.name}.tokens`,
    at: manager.address,
    expected: tokenNames
      .filter((name) => managerOf(plan, name).address === manager.address)
      .map((name) => plan.tokens[name].address),
    read: () => contractAt(IPegManager__factory, manager.address, provider).tokens(),
    extra: "WIRING_CHANGED",
    missing: "WIRING_CHANGED",
  }));
  return [
    ...system,
    ...managed,
    {
      id: "PegBoard.tokens",
      at: plan.pegBoard.address,
      expected: tokenNames.map((name) => plan.tokens[name].address),
      read: () => contractAt(IPegBoard__factory, plan.pegBoard.address, provider).tokens(),
      extra: "WIRING_CHANGED",
      missing: "WIRING_CHANGED",
    },
    {
      id: "StabilizerLimits.pools",
      at: plan.limits.address,
      expected: publicPools(plan.pools),
      read: () => limits.pools(),
      ...codes,
    },
    {
      id: "XauMesh.pools",
      at: plan.mesh.address,
      expected: plan.meshPools.map((pool) => pool.address),
      read: async () => Promise.all((await mesh.tokens()).map((token) => mesh.poolOf(token))),
      ...codes,
    },
    {
      id: "DODOPMMIntegration.pools",
      at: plan.dodoIntegration.address,
      expected: publicPools(plan.pools),
      read: () => integration.pools(),
      ...codes,
    },
    {
      id: "XAUOracle.tokens",
      at: plan.oracle.address,
      expected: tokenNames.map((name) => plan.tokens[name].address),
      read: () => oracle.tokens(),
      extra: "ORACLE_FEED_CHANGED",
      missing: "ORACLE_FEED_CHANGED",
    },
  ];
}

/** Contracts of the bridge that keep tokens. */
function bridgeHolders({ bridge }: StepContext["plan"]): string[] {
  return [bridge.bridge.address, bridge.coordinator.address];
}

/** Contracts of the buckets that keep tokens. */
function bucketHolders({ reserves }: StepContext["plan"]): string[] {
  return [reserves.buckets, reserves.flashVault, reserves.publicLiquidity].map(({ address }) => address);
}

function publicPools(pools: StepContext["plan"]["pools"]): string[] {
  return pools.filter((pool) => pool.kind === "public").map((pool) => pool.address);
}
