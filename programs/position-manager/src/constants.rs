//! Seeds, units, limits and delays: the one home of each number. Times in seconds.

pub const SEED_MARKET: &[u8] = b"market";
pub const SEED_PRICE: &[u8] = b"price";
pub const SEED_POSITION: &[u8] = b"position";

/// Prices and values count billionths of one whole collateral token ("nano"), whatever the mint's decimals: one price serves every
/// accepted mint, and a mint is accepted only with at most this many decimals, so base units convert to nano exactly.
pub const PRICE_DECIMALS: u8 = 9;
pub const BPS: u16 = 10_000;

/// Bounds under which no product of this program leaves an i128: 10^15 contracts * 10^18 nano * 10^4 bps < 2^127.
pub const MAX_OPEN_INTEREST: u64 = 1_000_000_000_000_000;
pub const MAX_PRICE: u64 = 1_000_000_000_000_000_000;
/// Of a smaller price the smallest step, 1 bps, would be less than a nano: it could never move again. Rounding the step up instead would
/// let a tiny price double at once, against which no maintenance margin holds.
pub const MIN_PRICE: u64 = BPS as u64;

/// Collateral mints of the market.
pub const MAX_COLLATERALS: usize = 8;

pub const MAX_LIQUIDATION_REWARD_BPS: u16 = 500; // 5 %
pub const MAX_ENTRY_SPREAD_BPS: u16 = 500; // 5 %
pub const MAX_PRICE_STEP_BPS: u16 = 2_000; // 20 %
pub const MAX_PRICE_AGE_SECONDS: u32 = 3_600;
/// The time between two prices that is counted for the rate of change; 1 bps a minute reaches every allowed step in it.
pub const MAX_STEP_SECONDS: i64 = 60 * MAX_PRICE_STEP_BPS as i64;

/// Wait of everything that loosens: parameters, roles, a mint's opening, the end of a pause, the house taking collateral back.
pub const LOOSENING_SECONDS: i64 = 86_400;
