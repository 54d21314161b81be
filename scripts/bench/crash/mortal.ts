/** A worker's side of the benchmark: it dies at the place it was told, and lives only as long as the benchmark. */
import type { FaultPoint } from "../../../keepers/kit/outbox/faultPoints.js";
import { SETTINGS_VARIABLE, type Arm, type WorkerNews, type WorkerSettings } from "./messages.js";

export interface Mortal {
  readonly settings: WorkerSettings;
  /** To be called at every place; does not return at the one where it dies. */
  readonly at: (point: FaultPoint) => void;
  readonly tell: (news: WorkerNews) => void;
}

/** `onArm`: what else an order changes, such as where the signer is. */
export function beMortal(onArm: (arm: Arm) => void): Mortal {
  let armed: Arm | undefined;
  let passed = 0;
  process.on("message", (message: Arm) => {
    armed = message;
    passed = 0;
    onArm(message);
  });
  // Without the benchmark there is nobody left to work for.
  process.on("disconnect", () => process.exit(0));
  return {
    settings: JSON.parse(process.env[SETTINGS_VARIABLE] ?? "{}") as WorkerSettings,
    at: (point) => {
      if (armed?.arm !== point) return;
      passed += 1;
      if (passed >= armed.nth) process.kill(process.pid, "SIGKILL");
    },
    tell: (news) => {
      process.send?.(news);
    },
  };
}
