/** Every message between the two chains of the local world, as the logs of both bridges tell it. Each block of each chain is read once. */
import { bridgeAbi, readMessage, type BridgeMessage } from "../../../protocol/bridgeMessage.js";
import { IM1Token__factory } from "../../../protocol/generated/contracts/index.js";
import { tokenNames, type TokenName } from "../../../protocol/params/schema.js";
import type { ChainName, WorldChain } from "../chain.js";
import type { CrossingFacts, TokenFacts } from "./conservation.js";

const erc20 = IM1Token__factory.createInterface();
const TRANSFER = erc20.getEvent("Transfer").topicHash;
const NOBODY = 0n;

/** A message and what has become of it. Times in seconds of the chain where it happened. */
export class Crossing implements CrossingFacts {
  sent = 0;
  delivered = 0;
  refunded = 0;
  sentAt: number | undefined;
  deliveredAt: number | undefined;
  cancelledAt: number | undefined;
  message: BridgeMessage | undefined;
  token: TokenName;
  amountUnits = 0n;

  constructor(
    readonly id: string,
    /** Where it was sent, or must have been. */
    readonly from: ChainName,
    readonly to: ChainName,
    token: TokenName,
  ) {
    this.token = token;
  }
}

export type CrossingKind = "sent" | "accepted" | "delivered" | "cancelled" | "refunded";

const KINDS: Readonly<Record<string, CrossingKind>> = {
  Sent: "sent",
  Accepted: "accepted",
  Delivered: "delivered",
  Cancelled: "cancelled",
  Refunded: "refunded",
};

/** Something happened to a message. */
export interface CrossingEvent {
  readonly kind: CrossingKind;
  readonly crossing: Crossing;
  readonly chain: ChainName;
  readonly block: number;
  readonly transactionHash: string;
}

/** What a log says of the message that it is about. */
interface ReadCrossing {
  readonly id: string;
  readonly token: TokenName | undefined;
  /** Of `sent`. */
  readonly message: BridgeMessage | undefined;
}

export class Crossings {
  readonly #byId = new Map<string, Crossing>();
  /** Minted less burned abroad, in transactions of the bridge. */
  readonly #issued = new Map<TokenName, bigint>();
  readonly #seconds = new Map<ChainName, number>();
  readonly #lastBlock: Map<ChainName, number>;

  constructor(
    /** Locks; the other one mints. */
    private readonly home: WorldChain,
    private readonly abroad: WorldChain,
  ) {
    this.#lastBlock = new Map([home, abroad].map(({ name, deployedBlock }) => [name, deployedBlock]));
  }

  get all(): readonly Crossing[] {
    return [...this.#byId.values()];
  }

  find(id: string): Crossing | undefined {
    return this.#byId.get(id);
  }

  /** Time of the newest block that was read, seconds. */
  now(chain: ChainName): number {
    return this.#seconds.get(chain) ?? 0;
  }

  /** Both chains were read up to about the same moment: no message can have arrived that was not yet seen to be sent. */
  get isLevel(): boolean {
    const [here, there] = [this.#seconds.get(this.home.name), this.#seconds.get(this.abroad.name)];
    return here !== undefined && there !== undefined && Math.abs(here - there) <= 2;
  }

  /** Reads a chain up to a block. @returns what happened, in order. */
  async look(chain: WorldChain, upTo: number): Promise<readonly CrossingEvent[]> {
    const first = (this.#lastBlock.get(chain.name) ?? upTo) + 1;
    if (first > upTo) return [];
    const logs = await chain.rpc.logs(chain.deployment.address("AlltraCustomBridge"), first, upTo);
    const events: CrossingEvent[] = [];
    for (const { topics, data, blockNumber, transactionHash } of logs) {
      const read = bridgeAbi.parseLog({ topics: [...topics], data });
      const kind = read === null ? undefined : KINDS[read.name];
      if (read === null || kind === undefined) continue;
      const about = this.#read(chain, read.args);
      const crossing = this.#byId.get(about.id) ?? this.#open(chain, kind, about);
      const block = Number(blockNumber);
      await this.#note(chain, crossing, kind, block, about);
      events.push({ kind, crossing, chain: chain.name, block, transactionHash });
    }
    if (chain === this.abroad && events.length > 0) await this.#countIssued(events, first, upTo);
    this.#seconds.set(chain.name, await chain.rpc.timestamp(upTo));
    this.#lastBlock.set(chain.name, upTo);
    return events;
  }

  /** What was minted abroad and not burned again, up to the block that was read last. */
  issuedUnits(token: TokenName): bigint {
    return this.#issued.get(token) ?? 0n;
  }

  /** What the books and the tokens say at the blocks that were read last. */
  async tokenFacts(): Promise<TokenFacts[]> {
    return Promise.all(
      tokenNames.map(async (token) => {
        const bridge = this.home.deployment.address("AlltraCustomBridge");
        const balance = erc20.encodeFunctionData("balanceOf", [bridge]);
        const balanceUnits = BigInt(
          await this.home.rpc.call(
            this.home.deployment.token(token),
            balance,
            this.#lastBlock.get(this.home.name) ?? 0,
          ),
        );
        const [lockedUnits, mintedUnits] = await Promise.all([
          this.#bookUnits(this.home, token),
          this.#bookUnits(this.abroad, token),
        ]);
        return { token, lockedUnits, balanceUnits, mintedUnits, issuedUnits: this.issuedUnits(token) };
      }),
    );
  }

  async #bookUnits({ name, rpc, deployment }: WorldChain, token: TokenName): Promise<bigint> {
    const data = bridgeAbi.encodeFunctionData("bookUnits", [deployment.token(token)]);
    return BigInt(await rpc.call(deployment.address("AlltraCustomBridge"), data, this.#lastBlock.get(name) ?? 0));
  }

  #read(chain: WorldChain, args: unknown): ReadCrossing {
    const named = args as Readonly<Record<string, unknown>>;
    const message = named["message"] === undefined ? undefined : readMessage(named["message"]);
    const token = message?.token ?? (named["token"] as string | undefined);
    return {
      id: String(named["messageId"]).toLowerCase(),
      token: token === undefined ? undefined : chain.deployment.tokenAt(token),
      message,
    };
  }

  /** A message that is heard of for the first time, at either of its ends. */
  #open(chain: WorldChain, kind: CrossingKind, { id, token }: ReadCrossing): Crossing {
    const other = chain === this.home ? this.abroad : this.home;
    const isSource = kind === "sent" || kind === "refunded";
    const [from, to] = isSource ? [chain, other] : [other, chain];
    // A tombstone names no token: the message itself does, as soon as it is seen.
    const crossing = new Crossing(id, from.name, to.name, token ?? "cUSDT");
    this.#byId.set(id, crossing);
    return crossing;
  }

  async #note(
    { rpc }: WorldChain,
    crossing: Crossing,
    kind: CrossingKind,
    block: number,
    { message, token }: Pick<ReadCrossing, "message" | "token">,
  ): Promise<void> {
    if (kind === "sent" && message !== undefined) {
      crossing.sent += 1;
      crossing.message = message;
      crossing.token = token ?? crossing.token;
      crossing.amountUnits = message.amountUnits;
      crossing.sentAt = Number(message.sentAt);
    }
    if (kind === "delivered") {
      crossing.delivered += 1;
      crossing.deliveredAt = await rpc.timestamp(block);
    }
    if (kind === "cancelled") crossing.cancelledAt = await rpc.timestamp(block);
    if (kind === "refunded") crossing.refunded += 1;
  }

  /** What the tokens themselves say: transfers from and to nobody, in transactions in which the bridge said something. */
  async #countIssued(events: readonly CrossingEvent[], first: number, upTo: number): Promise<void> {
    const { rpc, deployment } = this.abroad;
    const ours = new Set(events.map(({ transactionHash }) => transactionHash));
    for (const token of tokenNames) {
      for (const log of await rpc.logs(deployment.token(token), first, upTo, [TRANSFER])) {
        if (!ours.has(log.transactionHash)) continue;
        const [, from = "0x0", to = "0x0"] = log.topics;
        const units = BigInt(log.data);
        const change = (BigInt(from) === NOBODY ? units : 0n) - (BigInt(to) === NOBODY ? units : 0n);
        this.#issued.set(token, (this.#issued.get(token) ?? 0n) + change);
      }
    }
  }
}
