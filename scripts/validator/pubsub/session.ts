/** One subscriber: what a connection may ask for, and how much of it. */
import type { EncodedAccount } from "@solana/kit";
import { z } from "zod";

import { accountNotice } from "../accountJson.js";
import type { Commitment } from "../blocks.js";
import type { Cluster } from "../cluster.js";
import { filters, matcher } from "../filters.js";
import { answerBody, invalidParams, RPC_CODE, RpcError, type RpcCall } from "../jsonRpc.js";
import {
  accountConfig,
  accountFields,
  address,
  commitment,
  read,
  signatureText,
  type AccountConfig,
} from "../params.js";
import { Notifier } from "./notifier.js";
import { Subscriptions, TOPIC, type Subscription } from "./subscriptions.js";

/** Of one connection. */
const MAX_SUBSCRIPTIONS = 1_000;

const commitmentConfig = z.object({ commitment: commitment.optional() }).nullish();
const programConfig = z.object({ ...accountFields, filters }).nullish();
const logsFilter = z.union([
  z.enum(["all", "allWithVotes"]).transform(() => "all"),
  z.object({ mentions: z.array(address).length(1) }).transform(({ mentions }) => mentions[0] ?? ""),
]);

/** What a subscription is about and how its values look; `begin` runs once the subscriber knows its number. */
interface Wanted {
  readonly method: string;
  readonly topic: string;
  readonly shape?: (value: unknown) => unknown;
  readonly begin?: (subscription: Subscription) => void;
}

/** All subscriptions of a cluster. */
export class PubSub {
  private readonly subscriptions = new Subscriptions();
  private readonly sessions = new Map<Subscription, Session>();
  private nextId = 0n;
  readonly notifier: Notifier;

  constructor(readonly cluster: Cluster) {
    this.notifier = new Notifier(cluster.bank, this.subscriptions, (subscription) => {
      this.sessions.get(subscription)?.drop(subscription);
    });
    cluster.bank.observers.add(this.notifier);
  }

  get size(): number {
    return this.subscriptions.size;
  }

  connect(send: (text: string) => void): Session {
    return new Session(this, send);
  }

  make({ method, topic, shape = (value) => value }: Wanted, send: (text: string) => void): Subscription {
    this.nextId += 1n;
    return { id: this.nextId, method, topic, shape, send };
  }

  add(session: Session, subscription: Subscription): void {
    this.subscriptions.add(subscription);
    this.sessions.set(subscription, session);
  }

  remove(subscription: Subscription): void {
    this.subscriptions.remove(subscription);
    this.sessions.delete(subscription);
  }
}

export class Session {
  private readonly mine = new Map<bigint, Subscription>();

  constructor(
    private readonly pubSub: PubSub,
    private readonly send: (text: string) => void,
  ) {}

  /** Answers one message. Subscriptions begin after it: a client cannot place a notification whose number it does not know yet. */
  async handle(text: string): Promise<void> {
    const begun: (() => void)[] = [];
    const answer = await answerBody(text, (call) => Promise.resolve(this.answer(call, begun)));
    if (answer !== undefined) this.send(answer);
    for (const begin of begun) begin();
  }

  /** The connection is gone. */
  close(): void {
    for (const subscription of this.mine.values()) this.drop(subscription);
  }

  drop(subscription: Subscription): void {
    this.mine.delete(subscription.id);
    this.pubSub.remove(subscription);
  }

  private answer({ method, params }: RpcCall, begun: (() => void)[]): unknown {
    // What clients send to keep a connection open.
    if (method === "ping") return "pong";
    if (UNSUBSCRIBE.has(method)) return this.unsubscribe(params);
    const wanted = wantedOf(this.pubSub, method, params);
    if (wanted === undefined) throw new RpcError(RPC_CODE.methodNotFound, `Method not found: ${method}`);
    if (this.mine.size >= MAX_SUBSCRIPTIONS) {
      throw new RpcError(RPC_CODE.internal, `too many subscriptions: ${String(MAX_SUBSCRIPTIONS)} on one connection`);
    }
    const subscription = this.pubSub.make(wanted, this.send);
    this.mine.set(subscription.id, subscription);
    begun.push(() => {
      if (!this.mine.has(subscription.id)) return;
      this.pubSub.add(this, subscription);
      wanted.begin?.(subscription);
    });
    return subscription.id;
  }

  private unsubscribe(params: readonly unknown[]): boolean {
    const [id] = read(params, z.bigint());
    const subscription = this.mine.get(id);
    if (subscription === undefined) throw invalidParams("Invalid subscription id.");
    this.drop(subscription);
    return true;
  }
}

const UNSUBSCRIBE = new Set(
  ["account", "program", "logs", "signature", "slot", "root"].map((kind) => `${kind}Unsubscribe`),
);

/** Undefined for a method that is no subscription. @throws RpcError -32602. */
function wantedOf({ cluster, notifier }: PubSub, method: string, params: readonly unknown[]): Wanted | undefined {
  const { bank } = cluster;
  const shown = (account: EncodedAccount, config: AccountConfig): unknown =>
    accountNotice(account, config, (mint) => bank.account(mint));
  switch (method) {
    case "accountSubscribe": {
      const [of, config] = read(params, address, accountConfig);
      return {
        method: "accountNotification",
        topic: TOPIC.account(levelOf(config), of),
        shape: (value) => shown(value as EncodedAccount, config),
      };
    }
    case "programSubscribe": {
      const [of, config] = read(params, address, programConfig);
      const matches = matcher(config?.filters);
      return {
        method: "programNotification",
        topic: TOPIC.program(levelOf(config), of),
        shape: (value) => {
          const account = value as EncodedAccount;
          if (!matches(account)) return undefined;
          return { pubkey: account.address, account: shown(account, config) };
        },
      };
    }
    case "logsSubscribe": {
      const [of, config] = read(params, logsFilter, commitmentConfig);
      return { method: "logsNotification", topic: TOPIC.logs(levelOf(config), of) };
    }
    case "signatureSubscribe": {
      const [of, config] = read(params, signatureText, commitmentConfig);
      const level = levelOf(config);
      return {
        method: "signatureNotification",
        topic: TOPIC.signature(level, of),
        begin: (subscription) => {
          const executed = bank.history.get(of);
          if (executed !== undefined && executed.slot <= bank.blocks.newest(level).slot)
            notifier.signature(subscription, executed);
        },
      };
    }
    case "slotSubscribe":
      return { method: "slotNotification", topic: TOPIC.slot };
    case "rootSubscribe":
      return { method: "rootNotification", topic: TOPIC.root };
    default:
      return undefined;
  }
}

function levelOf(config: { readonly commitment?: Commitment | undefined } | null | undefined): Commitment {
  return config?.commitment ?? "finalized";
}
