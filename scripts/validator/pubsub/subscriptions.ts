/** Who wants to be told of what. */
import type { Commitment } from "../blocks.js";

export interface Subscription {
  readonly id: bigint;
  /** Of the notifications, for example `accountNotification`. */
  readonly method: string;
  /** What it is about; see the functions below. */
  readonly topic: string;
  /** Shapes a value for this subscriber; undefined keeps it from him. */
  readonly shape: (value: unknown) => unknown;
  readonly send: (text: string) => void;
}

export const TOPIC = {
  slot: "slot",
  root: "root",
  account: (commitment: Commitment, address: string) => `account/${commitment}/${address}`,
  program: (commitment: Commitment, address: string) => `program/${commitment}/${address}`,
  signature: (commitment: Commitment, signature: string) => `signature/${commitment}/${signature}`,
  /** `all`, or the transactions that mention an address. */
  logs: (commitment: Commitment, of: string) => `logs/${commitment}/${of}`,
} as const;

/** Subscriptions of all connections, found by what they are about. */
export class Subscriptions {
  private readonly topics = new Map<string, Set<Subscription>>();

  add(subscription: Subscription): void {
    const others = this.topics.get(subscription.topic);
    if (others === undefined) this.topics.set(subscription.topic, new Set([subscription]));
    else others.add(subscription);
  }

  remove(subscription: Subscription): void {
    const others = this.topics.get(subscription.topic);
    others?.delete(subscription);
    if (others?.size === 0) this.topics.delete(subscription.topic);
  }

  of(topic: string): readonly Subscription[] {
    return [...(this.topics.get(topic) ?? [])];
  }

  get size(): number {
    return [...this.topics.values()].reduce((total, { size }) => total + size, 0);
  }

  /** Whether anybody listens to a kind of topic, such as `account/confirmed/`. */
  hasAny(prefix: string): boolean {
    for (const topic of this.topics.keys()) if (topic.startsWith(prefix)) return true;
    return false;
  }
}
