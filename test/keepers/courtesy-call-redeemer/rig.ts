/** The keeper's own parts on the real tBTC v1 and a real database, so that a test can kill between any two lines of them. */
import type { Database } from "../../../db/database.js";
import type { BitcoinSide } from "../../../keepers/courtesy-call-redeemer/adapters/tbtc/settle.js";
import { bountySigning } from "../../../keepers/courtesy-call-redeemer/adapters/tbtc/bountySigning.js";
import { tbtcSigning } from "../../../keepers/courtesy-call-redeemer/adapters/tbtc/signing.js";
import { EarningDesk } from "../../../keepers/courtesy-call-redeemer/earningDesk.js";
import { EarningStore, type EarningPoint } from "../../../keepers/courtesy-call-redeemer/earningStore.js";
import { withEtherSupply } from "../../../keepers/courtesy-call-redeemer/etherSupply/open.js";
import type { SwapConfig } from "../../../keepers/courtesy-call-redeemer/etherSupply/settings.js";
import type { SwapStorePoint } from "../../../keepers/courtesy-call-redeemer/etherSupply/store.js";
import { actionOf, APPROVAL_GAS, redeemerEncoder } from "../../../keepers/courtesy-call-redeemer/encode.js";
import { redeemerGuard } from "../../../keepers/courtesy-call-redeemer/guard.js";
import { Notices } from "../../../keepers/courtesy-call-redeemer/notices.js";
import { KEEPER_NAME, redeemerPolicy } from "../../../keepers/courtesy-call-redeemer/policy.js";
import { POSITIONS, type EtherSupply, type RescueSite } from "../../../keepers/courtesy-call-redeemer/site.js";
import { RescueStore, type StorePoint } from "../../../keepers/courtesy-call-redeemer/store.js";
import { parseOperators } from "../../../keepers/courtesy-call-redeemer/strategies/modes.js";
import { RescueTick } from "../../../keepers/courtesy-call-redeemer/tick.js";
import type { Call, Mode } from "../../../keepers/courtesy-call-redeemer/types.js";
import { Watchlist } from "../../../keepers/courtesy-call-redeemer/watchlist.js";
import { PublicBroadcaster } from "../../../keepers/kit/broadcast/public.js";
import { Counters } from "../../../keepers/kit/counters.js";
import { Lease } from "../../../keepers/kit/lease.js";
import { EvmOutbox } from "../../../keepers/kit/outbox/evmOutbox.js";
import type { FaultPoint } from "../../../keepers/kit/outbox/faultPoints.js";
import { OutboxStore } from "../../../keepers/kit/outbox/store.js";
import type { Action } from "../../../keepers/kit/policy/action.js";
import { PolicyGate } from "../../../keepers/kit/policy/gate.js";
import type { ChainClient } from "../../../keepers/kit/provider.js";
import { MemoryRecord } from "../../../keepers/kit/record.js";
import { OUTBOX_WINDOW } from "../../../keepers/kit/runtime.js";
import { signerOf } from "../../../keepers/kit/signer.js";
import { developmentAccounts } from "../../../protocol/params/rules.js";
import { prefixedOutputScript } from "../../../protocol/tbtc/units.js";
import { capturedLog } from "../../helpers/capturedLog.js";
import { expireLeases } from "../../helpers/outboxParts.js";
import { DESTINATION, FEE_SAT, type TbtcNode } from "../../helpers/tbtcNode.js";
import { GWEI, URGENCY, WAD } from "./fixtures.js";

export const RIG_CONFIRMATIONS = 2;
const REPLACE_AFTER_BLOCKS = 3;
const BLOCK_MS = 12_000;
export const FEES = { maxFeePerGasWei: 500n * GWEI, priorityFeeWei: GWEI };
export const MAX_FEE_SAT = 100_000n;

/** What a provider wants above his cost at least, and has paid out at least. */
export const RIG_MARGIN_WEI = WAD / 100n;

export type Point = FaultPoint | StorePoint | EarningPoint | SwapStorePoint;

export interface RigOptions {
  readonly mode?: Mode;
  /** Default: those of the node, or everybody where there is an escrow. */
  readonly operators?: string;
  readonly tokenUnitsPerDay?: bigint;
  readonly at?: (point: Point) => void | Promise<void>;
  readonly client?: ChainClient;
  /** Left out: nothing of Bitcoin can be seen. */
  readonly bitcoin?: BitcoinSide;
  /** Where it redeems to, without its length. */
  readonly script?: Uint8Array;
  /** Between two looks while nobody is in danger; default none. */
  readonly cooldownMs?: number;
  /** How long a block waits for looks at what is being settled. */
  readonly patienceMs?: number;
  /** For mode service-provider: where bounties are paid. */
  readonly escrow?: string;
  /** Default: the redeemer. */
  readonly account?: string;
  readonly maxFeePerGasWei?: bigint;
  /** Left out: ether comes from elsewhere. */
  readonly swap?: SwapConfig;
}

/** A process is dead from here on. */
export class Killed extends Error {}

/** One process: opens its lease and outbox, and works at heads that it is given. */
export async function startRedeemer(node: TbtcNode, db: Database, options: RigOptions = {}) {
  const { mode = "courtesy", at, tokenUnitsPerDay = 1_000n * WAD, bitcoin, script = DESTINATION, escrow } = options;
  const fees = { ...FEES, maxFeePerGasWei: options.maxFeePerGasWei ?? FEES.maxFeePerGasWei };
  const client = options.client ?? node.client({ timeoutMs: 20_000 });
  const captured = capturedLog();
  const { log } = captured;
  const counters = new Counters();
  const record = new MemoryRecord();
  const account = options.account ?? node.roles.redeemer;
  const wallet = developmentAccounts().find(({ address }) => address === account);
  if (wallet === undefined) throw new Error("the redeemer is no development account");

  const outputScript = prefixedOutputScript(script);
  const { rescue } = node.rescue({
    ...{ client, discovery: { confirmations: 0 }, counters, log },
    payout: { outputScript, initialFeeSat: () => FEE_SAT },
    ...(bitcoin === undefined ? {} : { bitcoin }),
    ...(escrow === undefined ? {} : { escrow }),
  });
  const { addresses } = node.world;
  const { earnings } = rescue;
  const rescues: RescueSite = {
    name: "tbtc",
    protocol: rescue,
    signing:
      escrow === undefined
        ? tbtcSigning(addresses, outputScript, MAX_FEE_SAT)
        : bountySigning(tbtcSigning(addresses, outputScript, MAX_FEE_SAT), {
            ...{ addresses, escrow, outputScript, maxFeeSat: MAX_FEE_SAT },
            ...{ leastBountyWei: RIG_MARGIN_WEI, mostCostUnits: 100n * WAD },
          }),
    token: { address: addresses.token.toLowerCase(), symbol: "TBTC", decimals: 18 },
    contracts: {},
    ...(earnings === undefined ? {} : { earnings }),
    otherChain: {
      agreeing: bitcoin?.servers?.agreeing ?? 0,
      standings: () => bitcoin?.servers?.standings() ?? [],
      probe: () => Promise.resolve(),
      close: () => undefined,
    },
  };
  const { swap } = options;
  const site =
    swap === undefined ? rescues : withEtherSupply(rescues, { client, swap, fees, blockMs: BLOCK_MS, counters, log });
  const bounds = {
    ...{ chainId: client.chainId, mode, maxFeePerGasWei: fees.maxFeePerGasWei, callGasLimit: 1_200_000n },
    ...{ perHour: 1_000, tokenUnitsPerDay, nativeWeiPerDay: 1_000n * WAD },
  };
  const policy = redeemerPolicy(site, bounds, account);
  const encode = redeemerEncoder(site);
  const usual = escrow === undefined ? node.roles.operators.join(",") : "*";
  const operators = parseOperators(options.operators ?? usual, RIG_MARGIN_WEI);

  await expireLeases(db);
  const lease = new Lease(db, { name: `rig:${account}`, ttlMs: 600_000, renewMs: 60_000 }, log);
  await lease.step();
  const books = {
    ...{ db, role: KEEPER_NAME, chainId: String(client.chainId), account, protocol: site.name, lease },
    ...(at === undefined ? {} : { at: async (point: StorePoint | EarningPoint) => at(point) }),
  };
  const store = new RescueStore(books);
  const earningStore = new EarningStore(books);
  const watchlist = new Watchlist({
    ...{ protocol: site.protocol, operators, store, counters, log },
    depth: BigInt(RIG_CONFIRMATIONS),
  });
  const gate = new PolicyGate(policy, encode, (kind, address) =>
    kind === POSITIONS ? watchlist.has(address) : (earnings?.isMember(kind, address) ?? false),
  );
  const outbox = new EvmOutbox({
    store: new OutboxStore({
      ...{ db, lease, role: KEEPER_NAME, chainId: String(client.chainId), address: account, gate },
      ...(at === undefined ? {} : { at }),
    }),
    ...{ client, signer: signerOf(wallet), broadcaster: new PublicBroadcaster(client, log), log },
    guard: redeemerGuard({ client, account, site }),
    options: {
      ...{ fees, replaceAfterBlocks: REPLACE_AFTER_BLOCKS, window: OUTBOX_WINDOW },
      confirmations: () => RIG_CONFIRMATIONS,
    },
    ...(at === undefined ? {} : { at }),
  });
  const ether: EtherSupply | undefined = site.etherSupply?.open({
    ...{ db, role: KEEPER_NAME, account, lease, encode, submitter: outbox, record, env: {} },
    ...(at === undefined ? {} : { at: async (point) => at(point as Point) }),
  });
  const typed = (call: Call): Action | undefined => actionOf(policy, call);
  const window = OUTBOX_WINDOW;
  const desk =
    earnings === undefined
      ? undefined
      : new EarningDesk({
          ...{
            earnings,
            account,
            store: earningStore,
            window,
            encode,
            typed,
            submitter: outbox,
            counters,
            record,
            log,
          },
          config: {
            ...{ maxFeePerGasWei: fees.maxFeePerGasWei, stakeShareBps: 1_000n, validBlocks: 300 },
            leastPayoutWei: RIG_MARGIN_WEI,
          },
        });
  const tick = new RescueTick({
    ...(desk === undefined ? {} : { desk }),
    heldUnits: async () => (await ether?.heldUnits()) ?? 0n,
    ...{ site, account, fees, watchlist, store, client, encode, submitter: outbox, counters, record, log },
    decide: {
      ...{ mode, operators, urgency: URGENCY, token: site.token.address, maxFeePerGasWei: fees.maxFeePerGasWei },
      ...{ batchGasLimit: APPROVAL_GAS, sumLimit: 100_000, reserve: { tokenUnits: 0n, nativeWei: WAD } },
    },
    config: {
      ...{ maxFeePerGasWei: fees.maxFeePerGasWei, stakeShareBps: 1_000n, validBlocks: 300 },
      cooldownMs: options.cooldownMs ?? 0,
      ...{ secondsPerAttempt: 6n, settleEveryMs: 0, settlePatienceMs: options.patienceMs ?? 60_000 },
    },
    notices: new Notices({ urgency: URGENCY, counters, record, log }),
    ...{ window, typed },
  });
  return {
    ...{ client, outbox, store, watchlist, tick, ether, counters, record, lease, site },
    logged: captured,
    /** One head's work, as the runner does it. */
    async step(): Promise<void> {
      const head = await client.head();
      await tick.upkeep(head);
      if (lease.held === undefined) {
        tick.forget();
        return;
      }
      await tick.run(head, true);
      await ether?.run(head, true, tick.needs);
    },
  };
}

export type Redeemer = Awaited<ReturnType<typeof startRedeemer>>;

/** Redemptions of a deposit that were ever requested on the chain as it is, by whom. */
export async function requestersOf(node: TbtcNode, deposit: string): Promise<readonly string[]> {
  const { system } = node.scenario.contracts;
  const events = await system.queryFilter(system.filters.RedemptionRequested(deposit));
  return events.map(({ args }) => args.requester);
}
