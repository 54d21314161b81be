import { timelockStep } from "./010_timelock.js";
import { tokensStep } from "./020_tokens.js";
import { feedsStep } from "./030_feeds.js";
import { oracleStep } from "./040_oracle.js";
import { limitsStep, poolCodeStep, stabilizerStep } from "./050_code.js";
import { wiringStep } from "./080_wiring.js";
import { fundsStep, poolsStep } from "./090_pools.js";
import { capitalStep, registrationStep } from "./110_registration.js";
import { pegStep } from "./115_peg.js";
import { reservePricesStep } from "./116_reserve_prices.js";
import { reservesStep } from "./117_reserves.js";
import { reserveCapitalStep } from "./121_reserve_capital.js";
import { dodoRegistryStep, dodoStep } from "./125_dodo.js";
import { gruCodeStep, gruStep } from "./127_gru.js";
import { routerStep } from "./128_router.js";
import { bridgeCodeStep, bridgeStep } from "./129_bridge.js";
import { ccipStep } from "./129_ccip.js";
import { handoverStep, mintersStep } from "./130_handover.js";
import { auditStep } from "./150_audit.js";
import type { Step } from "./types.js";

/** All steps in order. */
export const steps: readonly Step[] = [
  timelockStep,
  tokensStep,
  feedsStep,
  oracleStep,
  limitsStep,
  stabilizerStep,
  poolCodeStep,
  wiringStep,
  fundsStep,
  poolsStep,
  registrationStep,
  pegStep,
  reservePricesStep,
  reservesStep,
  capitalStep,
  reserveCapitalStep,
  dodoStep,
  dodoRegistryStep,
  gruCodeStep,
  gruStep,
  routerStep,
  bridgeCodeStep,
  bridgeStep,
  ccipStep,
  mintersStep,
  handoverStep,
  auditStep,
];
