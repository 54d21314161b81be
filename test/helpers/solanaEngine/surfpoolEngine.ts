/**
 * The surfpool validator as a cluster of one's own: a process for each, its slots stopped, its time and accounts set by its cheatcodes.
 * What is not named `surfnet_` is asked and sent as to any node.
 */
import {
  getBase58Decoder,
  getBase58Encoder,
  getBase64EncodedWireTransaction,
  getCompiledTransactionMessageDecoder,
  lamports,
  type Address,
  type Blockhash,
  type EncodedAccount,
  type MaybeEncodedAccount,
  type SignatureBytes,
  type Transaction,
} from "@solana/kit";

import { absentAccount } from "../../../scripts/validator/absentAccount.js";
import type { RunningValidator } from "../../../scripts/validator/engines/engine.js";
import { startSurfpool } from "../../../scripts/validator/engines/surfpool.js";
import { genesisHashOf, LOCAL_GENESIS_SEED } from "../../../scripts/validator/genesis.js";
import { RpcError } from "../../../scripts/validator/jsonRpc.js";
import { UPGRADEABLE_LOADER } from "../../../scripts/validator/programs.js";
import type { EngineClock, EngineNode, Executed, SvmEngine } from "./engine.js";
import { askNow } from "./syncRpc.js";

const CLOCK = "SysvarC1ock11111111111111111111111111111111" as Address;
/** Short: stopping the clock takes two slots. */
const SLOT_MS = 20;
/** Tests hold on to the last one or two; an older one that is still asked says that it is gone. */
const MOST_RUNNING = 3;
/** Accounts of one request, as nodes take them. */
const MOST_AT_ONCE = 100;
const RUNNING_AHEAD = 10n;
const PROCESSED = { commitment: "processed" } as const;

interface Mark {
  readonly clock: EngineClock;
  /** What transactions and tests have changed since, as it was before. */
  readonly before: Map<Address, MaybeEncodedAccount>;
}

interface AccountJson {
  readonly data: readonly [string, string];
  readonly executable: boolean;
  readonly lamports: bigint;
  readonly owner: Address;
}

const running: RunningValidator[] = [];

/** Ends what is still running; a root hook of every test process that starts one. */
export async function stopSurfpools(): Promise<void> {
  await Promise.all(running.splice(0).map((validator) => validator.stop()));
}

export class SurfpoolEngine implements SvmEngine {
  private readonly marks: Mark[] = [];
  private readonly programs = new Set<Address>();
  private clock: EngineClock | undefined;
  private blockhash: Blockhash | undefined;
  private sent = 0n;
  private isRunning = false;

  private constructor(private readonly validator: RunningValidator) {}

  /** @param seed of a genesis hash of its own. */
  static async start(seed = LOCAL_GENESIS_SEED): Promise<SurfpoolEngine> {
    const { signal } = new AbortController();
    while (running.length >= MOST_RUNNING) await running.shift()?.stop();
    const options = { port: 0, slotMs: SLOT_MS, programs: [], signal, say: () => undefined };
    const validator = await startSurfpool(options, genesisHashOf(seed));
    running.push(validator);
    const engine = new SurfpoolEngine(validator);
    engine.ask("surfnet_pauseClock");
    return engine;
  }

  getAccount(address: Address): MaybeEncodedAccount {
    const { value } = this.ask("getAccountInfo", address, { ...PROCESSED, encoding: "base64" }) as {
      value: AccountJson | null;
    };
    return accountOf(address, value);
  }

  private getAccounts(addresses: readonly Address[]): MaybeEncodedAccount[] {
    const found: MaybeEncodedAccount[] = [];
    for (let at = 0; at < addresses.length; at += MOST_AT_ONCE) {
      const some = addresses.slice(at, at + MOST_AT_ONCE);
      const { value } = this.ask("getMultipleAccounts", some, { ...PROCESSED, encoding: "base64" }) as {
        value: (AccountJson | null)[];
      };
      found.push(...some.map((address, index) => accountOf(address, value[index] ?? null)));
    }
    return found;
  }

  getBalance(address: Address): bigint | null {
    const { value } = this.ask("getBalance", address, PROCESSED) as { value: bigint };
    return value === 0n ? null : value;
  }

  setAccount(account: EncodedAccount): void {
    this.keep([account.address]);
    this.write(account);
  }

  minimumBalanceForRentExemption(bytes: bigint): bigint {
    return this.ask("getMinimumBalanceForRentExemption", bytes) as bigint;
  }

  getClock(): EngineClock {
    if (this.clock !== undefined && !this.isRunning) return this.clock;
    const account = this.getAccount(CLOCK);
    if (!account.exists) throw new Error("the cluster has no clock");
    const view = new DataView(account.data.buffer, account.data.byteOffset);
    this.clock = { slot: view.getBigUint64(0, true), unixTimestamp: view.getBigInt64(32, true) };
    return this.clock;
  }

  setClock(unixSeconds: bigint, slot: bigint): void {
    const { slot: open } = this.getClock();
    // Slots that pass by themselves may overtake the request.
    const next = open + (this.isRunning ? RUNNING_AHEAD : 1n);
    const to = { slot: slot > next ? slot : next, timestamp: unixSeconds * 1_000n };
    const { absoluteSlot } = this.ask("surfnet_timeTravel", { absoluteSlotAt: to }) as { absoluteSlot: bigint };
    this.clock = { slot: absoluteSlot, unixTimestamp: unixSeconds };
    this.blockhash = undefined;
  }

  latestBlockhash(): Blockhash {
    if (this.blockhash === undefined || this.isRunning) {
      const { value } = this.ask("getLatestBlockhash", PROCESSED) as { value: { blockhash: Blockhash } };
      this.blockhash = value.blockhash;
    }
    return this.blockhash;
  }

  expireBlockhash(): void {
    const { unixTimestamp, slot } = this.getClock();
    this.setClock(unixTimestamp, slot + 1n);
  }

  execute(transaction: Transaction, isVerified: boolean): Executed {
    const message = getCompiledTransactionMessageDecoder().decode(transaction.messageBytes);
    this.keep(message.staticAccounts);
    const { signature, signed } = isVerified ? signedOf(transaction) : this.unsigned(transaction);
    const refused = this.refused(signed, isVerified, true);
    if (refused !== undefined) return refused;
    // An equal one is a copy in the same block.
    if (isVerified) this.expireBlockhash();
    const found = this.ask("getTransaction", signature, {
      ...{ encoding: "base64", commitment: "confirmed", maxSupportedTransactionVersion: 0 },
    }) as { meta: { err: unknown; logMessages: string[]; computeUnitsConsumed: bigint } } | null;
    if (found === null) {
      // Taken, and dropped without a word: the preflight says why.
      const reason = this.refused(signed, isVerified, false);
      if (reason === undefined) throw new Error(`${signature} was taken and is nowhere`);
      return reason;
    }
    const { err, logMessages: logs, computeUnitsConsumed: computeUnits } = found.meta;
    return { err: err === null ? undefined : plain(err), logs, computeUnits };
  }

  private refused(signed: Transaction, isVerified: boolean, skipPreflight: boolean): Executed | undefined {
    const options = { encoding: "base64", skipPreflight, preflightCommitment: "processed", skipSigVerify: !isVerified };
    try {
      this.ask("sendTransaction", getBase64EncodedWireTransaction(signed), options);
      return undefined;
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      return refusalOf(error);
    }
  }

  snapshot(): Uint8Array {
    this.marks.push({ clock: this.getClock(), before: new Map() });
    return new Uint8Array(Uint32Array.of(this.marks.length - 1).buffer);
  }

  restore(snapshot: Uint8Array): void {
    const mark = this.marks[new Uint32Array(snapshot.slice().buffer)[0] ?? -1];
    if (mark === undefined) throw new Error("not a snapshot of this engine");
    const wanted = [...mark.before.values()];
    const there = this.getAccounts(wanted.map(({ address }) => address));
    const changed = wanted.filter((account, index) => !isSame(account, there[index]));
    this.keep(changed.map(({ address }) => address));
    for (const account of changed) this.write(account.exists ? account : absentAccount(account.address));
    const { unixTimestamp, slot } = mark.clock;
    if (this.getClock().unixTimestamp !== unixTimestamp) this.setClock(unixTimestamp, slot);
  }

  /** Itself. @param isLast the engine ends with the node, because nobody asks it any other way. */
  serve(isLast = false): Promise<EngineNode> {
    const { rpc: url, ws: wsUrl, genesisHash } = this.validator;
    const clock = (): EngineClock => this.getClock();
    const advance = (blocks: number): void => {
      for (let block = 0; block < blocks; block += 1) this.expireBlockhash();
    };
    advance(2);
    return Promise.resolve({
      ...{ url, wsUrl, genesisHash, advance },
      get slot() {
        return clock().slot;
      },
      get now() {
        return clock().unixTimestamp;
      },
      getAccount: (address) => this.getAccount(address),
      setAccount: (account) => {
        this.setAccount(account);
      },
      minimumBalanceForRentExemption: (bytes) => this.minimumBalanceForRentExemption(bytes),
      jumpTo: (unixSeconds) => {
        this.setClock(unixSeconds, this.getClock().slot);
      },
      stop: () => (isLast ? this.stop() : Promise.resolve()),
    });
  }

  /** Slots pass by themselves from now on. */
  run(): void {
    this.ask("surfnet_resumeClock");
    this.isRunning = true;
  }

  private async stop(): Promise<void> {
    const place = running.indexOf(this.validator);
    if (place >= 0) running.splice(place, 1);
    await this.validator.stop();
  }

  private ask(method: string, ...params: readonly unknown[]): unknown {
    return askNow(this.validator.rpc, method, ...params);
  }

  private write({ address, data, executable, programAddress, lamports: amount }: EncodedAccount): void {
    this.ask("surfnet_setAccount", address, {
      ...{ lamports: amount, owner: programAddress, executable, rentEpoch: 0 },
      data: Buffer.from(data).toString("hex"),
    });
  }

  /** Remembers what is about to change, for every snapshot that does not know it yet. Programs stay, as their code does. */
  private keep(addresses: readonly Address[]): void {
    const isUnknown = (address: Address): boolean =>
      !this.programs.has(address) && this.marks.some(({ before }) => !before.has(address));
    const unknown = addresses.filter(isUnknown);
    if (unknown.length === 0) return;
    for (const account of this.getAccounts(unknown)) {
      const { address } = account;
      if (account.exists && (account.executable || account.programAddress === UPGRADEABLE_LOADER)) {
        this.programs.add(address);
        continue;
      }
      for (const { before } of this.marks) if (!before.has(address)) before.set(address, account);
    }
  }

  /** With a first signature that no other transaction has: it is the name under which the cluster knows it. */
  private unsigned(transaction: Transaction): Signed {
    const name = new Uint8Array(64);
    new DataView(name.buffer).setBigUint64(0, (this.sent += 1n));
    const [payer] = Object.keys(transaction.signatures);
    const signatures = { ...transaction.signatures, [payer ?? ""]: name as SignatureBytes };
    return { signature: getBase58Decoder().decode(name), signed: { ...transaction, signatures } };
  }
}

function accountOf(address: Address, json: AccountJson | null): MaybeEncodedAccount {
  if (json === null || json.lamports === 0n) return { address, exists: false };
  const data = new Uint8Array(Buffer.from(json.data[0], "base64"));
  const { executable, owner: programAddress } = json;
  const space = BigInt(data.length);
  return { address, exists: true, data, executable, lamports: lamports(json.lamports), programAddress, space };
}

function isSame(one: MaybeEncodedAccount, other: MaybeEncodedAccount | undefined): boolean {
  if (other === undefined || !one.exists || !other.exists) return one.exists === other?.exists;
  const { lamports: amount, programAddress, executable } = one;
  return (
    amount === other.lamports &&
    programAddress === other.programAddress &&
    executable === other.executable &&
    Buffer.compare(one.data, other.data) === 0
  );
}

interface Signed {
  readonly signature: string;
  readonly signed: Transaction;
}

function signedOf(transaction: Transaction): Signed {
  const [first] = Object.values(transaction.signatures);
  return { signature: getBase58Decoder().decode(first ?? getBase58Encoder().encode("")), signed: transaction };
}

/** A transaction that is in no block. */
function refusalOf({ data, message }: RpcError): Executed {
  const { err, logs } = (data ?? {}) as { err?: unknown; logs?: readonly string[] | null };
  return { err: err === undefined || err === null ? message : plain(err), logs: logs ?? [], computeUnits: 0n };
}

/** Numbers of errors are small. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
