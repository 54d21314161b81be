/** The thread behind syncRpc.ts: asks, puts the answer into the channel, then wakes the thread that waits. */
import { parentPort, workerData, type MessagePort } from "node:worker_threads";

export interface Question {
  readonly id: number;
  readonly url: string;
  readonly body: string;
}

/** Either a text or why there is none. */
export interface Answer {
  readonly id: number;
  readonly text?: string;
  readonly failure?: string;
}

export interface Wiring {
  readonly answers: MessagePort;
  /** Counts answers. */
  readonly awake: Int32Array<SharedArrayBuffer>;
}

async function answer({ id, url, body }: Question): Promise<Answer> {
  try {
    const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
    return { id, text: await response.text() };
  } catch (error) {
    return { id, failure: String(error instanceof Error ? (error.cause ?? error) : error) };
  }
}

const { answers, awake } = workerData as Wiring;
parentPort?.on("message", (question: Question) => {
  void answer(question).then((found) => {
    answers.postMessage(found);
    Atomics.add(awake, 0, 1);
    Atomics.notify(awake, 0);
  });
});
