/** Intents of one tick go to the outbox together: one transaction assigns their nonces and stores their bytes. */
import type { Head } from "../kit/provider.js";
import type { Intent, Submission, Submitter } from "../kit/submitter.js";

/** Most intents of one batch. */
const MAX_BATCH = 24;
/** What is ready waits so long for what is still being simulated, milliseconds. */
const GATHER_MS = 25;

interface Waiting {
  readonly intent: Intent;
  readonly head: Head;
  readonly resolve: (submission: Submission) => void;
  readonly reject: (error: unknown) => void;
}

/** One batch at a time; what comes meanwhile makes the next one. */
export class IntentBatches {
  private readonly waiting: Waiting[] = [];
  private preparing = 0;
  private timer: NodeJS.Timeout | undefined;
  private sending = false;

  constructor(private readonly submitter: Submitter) {}

  /**
   * Prepares an intent and hands it over with those that are being prepared at the same time.
   * @throws what `prepare` and the submitter throw; other intents of the batch are not touched by what `prepare` throws.
   */
  async submit(prepare: () => Promise<Intent>, head: Head): Promise<Submission> {
    this.preparing += 1;
    let intent: Intent;
    try {
      intent = await prepare();
    } finally {
      this.preparing -= 1;
      if (this.preparing === 0) this.schedule(0);
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ intent, head, resolve, reject });
      this.schedule(this.preparing === 0 ? 0 : GATHER_MS);
    });
  }

  private schedule(delayMs: number): void {
    if (this.sending) return;
    if (delayMs === 0) clearTimeout(this.timer);
    else if (this.timer !== undefined) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.drain();
    }, delayMs);
  }

  private async drain(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    try {
      while (this.waiting.length > 0) await this.sendSome(this.waiting.splice(0, MAX_BATCH));
    } finally {
      this.sending = false;
    }
  }

  /** Never throws: each intent gets its own answer. */
  private async sendSome(batch: readonly Waiting[]): Promise<void> {
    const [first] = batch;
    const whole = this.submitter.submitBatch?.bind(this.submitter);
    if (first === undefined) return;
    if (batch.length > 1 && whole !== undefined) {
      try {
        const taken = await whole(
          batch.map(({ intent }) => intent),
          first.head,
        );
        if (taken.accepted) {
          batch.forEach((one, index) => {
            one.resolve(index === 0 ? taken : { ...taken, ...this.sentAs(one.intent) });
          });
          return;
        }
      } catch (error) {
        // What was stored is in the outbox; its upkeep goes on with it.
        for (const { reject } of batch) reject(error);
        return;
      }
    }
    // One that is refused shall not hold back the others.
    for (const { intent, head, resolve, reject } of batch)
      await this.submitter.submit(intent, head).then(resolve, reject);
  }

  private sentAs({ key }: Intent): { readonly hash: string; readonly nonce: number } {
    const sent = this.submitter.pending().find((one) => one.key === key);
    return { hash: sent?.hashes[0] ?? "", nonce: sent?.nonce ?? 0 };
  }
}
