import { timelockStep } from "./010_timelock.js";
import { tokensStep } from "./020_tokens.js";
import { feedsStep } from "./030_feeds.js";
import { oracleStep } from "./040_oracle.js";
import type { Step } from "./types.js";

/** All steps in order. */
export const steps: readonly Step[] = [timelockStep, tokensStep, feedsStep, oracleStep];
