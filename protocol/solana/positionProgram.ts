/** The position manager on a cluster where it has its local address; `at` gives it another. */
import idl from "../../programs/prebuilt/position_manager.json" with { type: "json" };

import type { PositionManager } from "./idl/position_manager.js";
import { AnchorProgram, type EventOf } from "./program.js";

export type PositionProgram = AnchorProgram<PositionManager>;
export type PositionEvent = EventOf<PositionManager>;

export const positionProgram: PositionProgram = new AnchorProgram<PositionManager>(idl);
