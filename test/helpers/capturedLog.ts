import { createLog, type KeeperLog } from "../../keepers/kit/logger.js";

/** A log whose events a test can look at. */
export function capturedLog(): {
  readonly log: KeeperLog;
  readonly events: () => Record<string, unknown>[];
  names: () => string[];
  /** Forgets what was logged so far. */
  clear: () => void;
} {
  const lines: string[] = [];
  const log = createLog({
    format: "json",
    level: "debug",
    keeper: "test",
    network: "test",
    write: (line) => void lines.push(line),
  });
  const events = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const clear = (): void => void lines.splice(0);
  return { log, events, clear, names: () => events().map((entry) => String(entry["event"])) };
}
