/** Minting on the real tBTC v1, a Bitcoin chain with Electrum servers and a real database, so that a test can kill between any two lines. */
import { concat, getBytes, id, SigningKey } from "ethers";

import type { Database } from "../../../../../db/database.js";
import { tbtcSigning } from "../../../../../keepers/courtesy-call-redeemer/adapters/tbtc/signing.js";
import type { OpeningPolicy } from "../../../../../keepers/courtesy-call-redeemer/adapters/tbtc/minting/opening.js";
import { MintReader } from "../../../../../keepers/courtesy-call-redeemer/adapters/tbtc/minting/read.js";
import {
  MintRoutine,
  type MintPoint,
} from "../../../../../keepers/courtesy-call-redeemer/adapters/tbtc/minting/routine.js";
import { withMinting } from "../../../../../keepers/courtesy-call-redeemer/adapters/tbtc/minting/signing.js";
import {
  MintStore,
  type MintStorePoint,
} from "../../../../../keepers/courtesy-call-redeemer/adapters/tbtc/minting/store.js";
import { MINTS, type MintPolicy } from "../../../../../keepers/courtesy-call-redeemer/adapters/tbtc/minting/types.js";
import { redeemerEncoder } from "../../../../../keepers/courtesy-call-redeemer/encode.js";
import { redeemerGuard } from "../../../../../keepers/courtesy-call-redeemer/guard.js";
import { KEEPER_NAME, redeemerPolicy } from "../../../../../keepers/courtesy-call-redeemer/policy.js";
import { alertingLog } from "../../../../../keepers/kit/alerts/rules.js";
import { PublicBroadcaster } from "../../../../../keepers/kit/broadcast/public.js";
import { Counters } from "../../../../../keepers/kit/counters.js";
import { Lease } from "../../../../../keepers/kit/lease.js";
import { EvmOutbox } from "../../../../../keepers/kit/outbox/evmOutbox.js";
import type { FaultPoint } from "../../../../../keepers/kit/outbox/faultPoints.js";
import { OutboxStore } from "../../../../../keepers/kit/outbox/store.js";
import { PolicyGate } from "../../../../../keepers/kit/policy/gate.js";
import { MemoryRecord } from "../../../../../keepers/kit/record.js";
import { OUTBOX_WINDOW } from "../../../../../keepers/kit/runtime.js";
import { signerOf } from "../../../../../keepers/kit/signer.js";
import { developmentAccounts } from "../../../../../protocol/params/rules.js";
import { tbtcAbi } from "../../../../../protocol/tbtc/contracts.js";
import { prefixedOutputScript } from "../../../../../protocol/tbtc/units.js";
import { keyScript, payment, rawTransaction } from "../../../../../scripts/tbtc/bitcoin.js";
import type { BitcoinRig } from "../../../../helpers/bitcoinRig.js";
import { capturedLog } from "../../../../helpers/capturedLog.js";
import { expireLeases } from "../../../../helpers/outboxParts.js";
import { keySigner } from "../../../../helpers/psbtSigner.js";
import type { TbtcNode } from "../../../../helpers/tbtcNode.js";
import { GWEI, WAD } from "../../fixtures.js";

export const MINT_CONFIRMATIONS = 2;
/** Holds what redemptions have brought. */
export const WALLET_KEY = new SigningKey(id("wallet"));
export const WALLET_SCRIPT = keyScript(WALLET_KEY);
const FEES = { maxFeePerGasWei: 500n * GWEI, priorityFeeWei: GWEI };
const MAX_BITCOIN_FEE_SAT = 50_000n;

export type Point = FaultPoint | MintStorePoint | MintPoint;

export class Killed extends Error {}

export interface MinterOptions {
  readonly at?: (point: Point) => void | Promise<void>;
  readonly opening?: Partial<OpeningPolicy>;
  readonly policy?: Partial<MintPolicy>;
}

/** One process. */
export async function startMinter(node: TbtcNode, bitcoin: BitcoinRig, db: Database, options: MinterOptions = {}) {
  const { at } = options;
  const client = node.client({ timeoutMs: 20_000 });
  const captured = capturedLog();
  const alerts: string[] = [];
  const log = alertingLog(captured.log, {
    raise: ({ kind }) => void alerts.push(`${captured.names().at(-1) ?? ""} ${kind}`),
    resolve: () => undefined,
  });
  const counters = new Counters();
  const record = new MemoryRecord();
  const account = node.roles.redeemer;
  const wallet = developmentAccounts().find(({ address }) => address === account);
  if (wallet === undefined) throw new Error("the redeemer is no development account");

  const { addresses } = node.world;
  const returnScript = prefixedOutputScript(WALLET_SCRIPT);
  const bounds = { maxLotSat: 100_000_000n, maxCreationFeeWei: WAD / 20n, returnScript };
  const site = {
    signing: withMinting(tbtcSigning(addresses, returnScript, 100_000n), addresses, bounds),
    token: { address: addresses.token.toLowerCase(), symbol: "TBTC", decimals: 18 },
  };
  const policy = redeemerPolicy(
    site,
    {
      ...{ chainId: client.chainId, mode: "courtesy", maxFeePerGasWei: FEES.maxFeePerGasWei, callGasLimit: 1_200_000n },
      ...{ perHour: 1_000, tokenUnitsPerDay: 1_000n * WAD, nativeWeiPerDay: 1_000n * WAD },
    },
    account,
  );
  const encode = redeemerEncoder(site);

  await expireLeases(db);
  const lease = new Lease(db, { name: `rig:${account}`, ttlMs: 600_000, renewMs: 60_000 }, log);
  await lease.step();
  const known: { routine?: MintRoutine } = {};
  const gate = new PolicyGate(
    policy,
    encode,
    (kind, address) => kind === MINTS && known.routine?.has(address) === true,
  );
  const hook = at === undefined ? {} : { at };
  const pointOf = at === undefined ? {} : { at: async (point: Point) => at(point) };
  const outbox = new EvmOutbox({
    store: new OutboxStore({
      ...{ db, lease, role: KEEPER_NAME, chainId: String(client.chainId), address: account, gate },
      ...hook,
    }),
    ...{ client, signer: signerOf(wallet), broadcaster: new PublicBroadcaster(client, log), log },
    guard: redeemerGuard({ client, account, site }),
    options: {
      ...{ fees: FEES, replaceAfterBlocks: 3, window: OUTBOX_WINDOW },
      confirmations: () => MINT_CONFIRMATIONS,
    },
    ...hook,
  });
  const routine = new MintRoutine({
    ...{ addresses, account, client, encode, submitter: outbox, counters, record, log, servers: bitcoin.servers },
    store: new MintStore({ db, role: KEEPER_NAME, chainId: String(client.chainId), account, lease, ...pointOf }),
    reader: new MintReader({ client, addresses, account, depth: MINT_CONFIRMATIONS }),
    signer: keySigner(WALLET_KEY),
    policy: {
      ...{ account: account.toLowerCase(), vendingMachine: addresses.vendingMachine.toLowerCase() },
      ...{ leastFundingSeconds: 7_200n, lostAfterSeconds: 86_400n, minCollateralPercent: 140n, script: WALLET_SCRIPT },
      fees: { rateMultipleBps: 20_000n, maxFeeSat: MAX_BITCOIN_FEE_SAT },
      ...options.policy,
    },
    opening: {
      ...{ targetUnits: WAD / 20n, maxOpen: 1, maxSatPerDay: 100_000_000n, maxCreationFeeWei: WAD / 20n },
      ...{ reserveWei: WAD, gasWei: WAD },
      ...options.opening,
    },
    ...{ maxFeePerGasWei: FEES.maxFeePerGasWei, validBlocks: 300, coinDepth: 6 },
    ...pointOf,
  });
  known.routine = routine;
  await routine.load();
  return {
    ...{ client, outbox, routine, counters, record, lease, alerts, logged: captured },
    /** One head's work, as the runner does it. */
    async step(acts = true): Promise<void> {
      const head = await client.head();
      await outbox.upkeep(head);
      await routine.run(head, acts);
    },
  };
}

export type Minter = Awaited<ReturnType<typeof startMinter>>;

/** Coins of the wallet, deep enough to be spent. */
export function giveCoins(bitcoin: BitcoinRig, amountsSat: readonly bigint[]): void {
  const place = amountsSat.map((amountSat, index) =>
    rawTransaction(payment(concat([id(`brought ${String(index)}`), "0x00000000"]), WALLET_SCRIPT, amountSat)),
  );
  bitcoin.chain.mine(1, { place });
  bitcoin.chain.mine(5);
}

/** Deposits that were ever opened by this account on the chain as it is. */
export async function openedBy(node: TbtcNode): Promise<readonly string[]> {
  const { system } = node.scenario.contracts;
  const events = await system.queryFilter(system.filters.Created());
  const transactions = await Promise.all(
    events.map((event) => node.scenario.chain.provider.getTransaction(event.transactionHash)),
  );
  return events.filter((_, index) => transactions[index]?.from === node.roles.redeemer).map(({ args }) => args.deposit);
}

/** All members of a deposit's keep publish its key; the deposit does not know it yet. */
export async function publishKey(node: TbtcNode, deposit: string): Promise<void> {
  const { scenario } = node;
  const keep = await scenario.contracts.deposit(deposit).keepAddress();
  const data = tbtcAbi.keep.encodeFunctionData("submitPublicKey", [`0x${scenario.signerKey(keep).publicKey.slice(4)}`]);
  for (const member of await scenario.contracts.keep(keep).getMembers()) await scenario.send(member, keep, data);
}

/** Payments that pay to a deposit's keep, in blocks and waiting. */
export function paymentsTo(node: TbtcNode, bitcoin: BitcoinRig, keep: string): readonly string[] {
  const script = Buffer.from(keyScript(node.scenario.signerKey(keep)));
  return bitcoin.chain
    .all()
    .filter(({ outputs }) => outputs.some((output) => script.equals(getBytes(output.script))))
    .map(({ txid }) => txid);
}
