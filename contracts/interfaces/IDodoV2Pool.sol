// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title The DODO V2 pool interface as far as Cantilever uses or offers it (DSP and DPP)
/// @dev Written from DODO's published selectors and events. Tokens are transferred first; `sell*` counts what the pool holds beyond
/// its recorded reserves. DVM pools return two words instead of four from `querySell*`: decode the first two to stay generic.
interface IDodoV2Pool {
    /// @dev No argument is indexed, `toAmount` is net of fees: DODO's own event.
    event DODOSwap(
        address fromToken,
        address toToken,
        uint256 fromAmount,
        uint256 toAmount,
        address trader,
        address receiver
    );
    event DODOFlashLoan(address borrower, address assetTo, uint256 baseAmount, uint256 quoteAmount);
    /// @dev 0 ONE, 1 ABOVE_ONE, 2 BELOW_ONE.
    event RChange(uint8 newRState);

    /// @notice The seven numbers of a pool; targets adjusted for fees left in the reserves.
    struct PMMState {
        uint256 i;
        uint256 K;
        uint256 B;
        uint256 Q;
        uint256 B0;
        uint256 Q0;
        uint8 R;
    }

    function sellBase(address to) external returns (uint256 receiveQuoteAmount);

    function sellQuote(address to) external returns (uint256 receiveBaseAmount);

    function querySellBase(
        address trader,
        uint256 payBaseAmount
    ) external view returns (uint256 receiveQuoteAmount, uint256 mtFee, uint8 newRState, uint256 newBaseTarget);

    function querySellQuote(
        address trader,
        uint256 payQuoteAmount
    ) external view returns (uint256 receiveBaseAmount, uint256 mtFee, uint8 newRState, uint256 newQuoteTarget);

    function flashLoan(uint256 baseAmount, uint256 quoteAmount, address assetTo, bytes calldata data) external;

    function getPMMState() external view returns (PMMState memory state);

    function getPMMStateForCall()
        external
        view
        returns (uint256 i, uint256 K, uint256 B, uint256 Q, uint256 B0, uint256 Q0, uint256 R);

    function getMidPrice() external view returns (uint256 midPrice);

    function getVaultReserve() external view returns (uint256 baseReserve, uint256 quoteReserve);

    function getBaseInput() external view returns (uint256 input);

    function getQuoteInput() external view returns (uint256 input);

    function getUserFeeRate(address user) external view returns (uint256 lpFeeRate, uint256 mtFeeRate);

    function version() external pure returns (string memory);

    function _BASE_TOKEN_() external view returns (address);

    function _QUOTE_TOKEN_() external view returns (address);

    function _BASE_RESERVE_() external view returns (uint112);

    function _QUOTE_RESERVE_() external view returns (uint112);

    function _BASE_TARGET_() external view returns (uint112);

    function _QUOTE_TARGET_() external view returns (uint112);

    function _RState_() external view returns (uint32);

    function _BASE_PRICE_CUMULATIVE_LAST_() external view returns (uint256);

    function _BLOCK_TIMESTAMP_LAST_() external view returns (uint32);

    function _IS_OPEN_TWAP_() external view returns (bool);

    function _MAINTAINER_() external view returns (address);

    function _MT_FEE_RATE_MODEL_() external view returns (address);

    function _I_() external view returns (uint256);

    function _K_() external view returns (uint256);

    function _LP_FEE_RATE_() external view returns (uint256);
}

/// @title Liquidity functions of DODO's public (DSP) pools
interface IDodoV2PublicPool is IDodoV2Pool {
    event BuyShares(address to, uint256 increaseShares, uint256 totalShares);
    event SellShares(address payer, address to, uint256 decreaseShares, uint256 totalShares);
    event Mint(address indexed user, uint256 value);
    event Burn(address indexed user, uint256 value);

    function buyShares(address to) external returns (uint256 shares, uint256 baseInput, uint256 quoteInput);

    function sellShares(
        uint256 shareAmount,
        address to,
        uint256 baseMinAmount,
        uint256 quoteMinAmount,
        bytes calldata data,
        uint256 deadline
    ) external returns (uint256 baseAmount, uint256 quoteAmount);

    function sync() external;
}

/// @title Callbacks of DODO V2 borrowers and sellers of shares
interface IDodoV2Callee {
    function DSPFlashLoanCall(address sender, uint256 baseAmount, uint256 quoteAmount, bytes calldata data) external;

    function DPPFlashLoanCall(address sender, uint256 baseAmount, uint256 quoteAmount, bytes calldata data) external;

    function DVMSellShareCall(
        address sender,
        uint256 burnShareAmount,
        uint256 baseAmount,
        uint256 quoteAmount,
        bytes calldata data
    ) external;
}
