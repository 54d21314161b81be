/** Numbers of tBTC v1 that no deposit can change. Thresholds and the fee divisor are frozen per deposit: a keeper reads them from it. */

const MINUTE_SECONDS = 60n;
const HOUR_SECONDS = 60n * MINUTE_SECONDS;
const DAY_SECONDS = 24n * HOUR_SECONDS;

/** From the courtesy call until anyone may start the liquidation. */
export const COURTESY_PERIOD_SECONDS = 6n * HOUR_SECONDS;
/** From a redemption request or fee bump until the missing signature may be reported. */
export const SIGNATURE_TIMEOUT_SECONDS = 2n * HOUR_SECONDS;
/** From a redemption request or fee bump until the missing proof may be reported. */
export const PROOF_TIMEOUT_SECONDS = 6n * HOUR_SECONDS;
/** From a redemption request or fee bump until the fee may be raised. */
export const FEE_BUMP_SECONDS = 4n * HOUR_SECONDS;
/** From opening a deposit until the missing key may be reported. */
export const SIGNER_SETUP_TIMEOUT_SECONDS = 3n * HOUR_SECONDS;
/** From the key until the missing funding may be reported. */
export const FUNDING_TIMEOUT_SECONDS = 3n * HOUR_SECONDS;
export const AUCTION_SECONDS = DAY_SECONDS;
export const DEPOSIT_TERM_SECONDS = 180n * DAY_SECONDS;
export const LOT_SIZES_DELAY_SECONDS = 2n * DAY_SECONDS;
/** Age of the vending machine from which nothing caps the supply. */
export const SUPPLY_CAP_ENDS_SECONDS = 63n * DAY_SECONDS;

/** Of its debt, the collateral below which a deposit may be called and liquidated, as the published system starts deposits. */
export const CALL_BELOW_BPS = 12_500n;
export const LIQUIDATE_BELOW_BPS = 11_000n;

export const MIN_REDEMPTION_FEE_SAT = 2_000n;
/** Least that a redemption may pay out; a fee bump below it is signed for another value than it is recorded with. */
export const MIN_UTXO_SAT = 2_000n;
/** Proofs need so many times the difficulty of a block: six headers. */
export const TX_PROOF_DIFFICULTY_FACTOR = 6n;
