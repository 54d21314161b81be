import { PermanentError } from "../../../protocol/errors.js";
import type { EngineOptions, RunningValidator } from "./engine.js";

export function startSurfpool(_options: EngineOptions): Promise<RunningValidator> {
  return Promise.reject(new PermanentError("PART_NOT_BUILT", "surfpool"));
}
