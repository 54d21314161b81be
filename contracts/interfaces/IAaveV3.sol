// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title Where a market of Aave v3 says which contracts it consists of
/// @dev What Cantilever calls of Aave v3 (npm `@aave/core-v3` 1.19.3). Rates and indexes are rays (1e27), thresholds basis points, values
/// the oracle's base currency. Contracts refuse with numbers as text (protocol/aave/reverts.ts).
interface IAavePoolAddressesProvider {
    function getPool() external view returns (address);

    function getPriceOracle() external view returns (address);
}

/// @title A market of Aave v3
interface IAavePool {
    /// @dev `configuration` is a bitmap (protocol/aave/reserves.ts).
    struct ReserveData {
        uint256 configuration;
        uint128 liquidityIndex;
        uint128 currentLiquidityRate;
        uint128 variableBorrowIndex;
        uint128 currentVariableBorrowRate;
        uint128 currentStableBorrowRate;
        uint40 lastUpdateTimestamp;
        uint16 id;
        address aTokenAddress;
        address stableDebtTokenAddress;
        address variableDebtTokenAddress;
        address interestRateStrategyAddress;
        uint128 accruedToTreasury;
        uint128 unbacked;
        uint128 isolationModeTotalDebt;
    }

    /// @dev A `priceSource` other than 0 gives one price to all assets of the category.
    struct EModeCategory {
        uint16 ltv;
        uint16 liquidationThreshold;
        uint16 liquidationBonus;
        address priceSource;
        string label;
    }

    /// @dev The debt is `onBehalfOf`'s.
    event Borrow(
        address indexed reserve,
        address user,
        address indexed onBehalfOf,
        uint256 amount,
        uint8 interestRateMode,
        uint256 borrowRate,
        uint16 indexed referralCode
    );

    event Repay(
        address indexed reserve,
        address indexed user,
        address indexed repayer,
        uint256 amount,
        bool useATokens
    );

    event LiquidationCall(
        address indexed collateralAsset,
        address indexed debtAsset,
        address indexed user,
        uint256 debtToCover,
        uint256 liquidatedCollateralAmount,
        address liquidator,
        bool receiveAToken
    );

    /// @notice Pays at most what is owed. Whoever pays for another must name the amount.
    /// @return Units of the asset that were paid.
    function repay(
        address asset,
        uint256 amount,
        uint256 interestRateMode,
        address onBehalfOf
    ) external returns (uint256);

    /// @notice Pays the caller's own debt with the caller's own deposit of the same asset.
    function repayWithATokens(address asset, uint256 amount, uint256 interestRateMode) external returns (uint256);

    function supply(address asset, uint256 amount, address onBehalfOf, uint16 referralCode) external;

    function withdraw(address asset, uint256 amount, address to) external returns (uint256);

    function borrow(
        address asset,
        uint256 amount,
        uint256 interestRateMode,
        uint16 referralCode,
        address onBehalfOf
    ) external;

    function setUserUseReserveAsCollateral(address asset, bool useAsCollateral) external;

    function setUserEMode(uint8 categoryId) external;

    function liquidationCall(
        address collateralAsset,
        address debtAsset,
        address user,
        uint256 debtToCover,
        bool receiveAToken
    ) external;

    /// @notice The health factor is a wad; the largest number without debt.
    function getUserAccountData(
        address user
    )
        external
        view
        returns (
            uint256 totalCollateralBase,
            uint256 totalDebtBase,
            uint256 availableBorrowsBase,
            uint256 currentLiquidationThreshold,
            uint256 ltv,
            uint256 healthFactor
        );

    /// @notice Two bits per reserve id: debt, then use as collateral.
    function getUserConfiguration(address user) external view returns (uint256);

    function getUserEMode(address user) external view returns (uint256);

    function getReservesList() external view returns (address[] memory);

    function getReserveData(address asset) external view returns (ReserveData memory);

    function getEModeCategoryData(uint8 id) external view returns (EModeCategory memory);
}

/// @title Prices of a market of Aave v3 in its base currency
interface IAaveOracle {
    /// @dev Reverts when the source has no positive answer and nothing stands in for it.
    function getAssetPrice(address asset) external view returns (uint256);

    /// @notice 0: the asset has no source of its own.
    function getSourceOfAsset(address asset) external view returns (address);
}

/// @title An aToken or debt token of Aave v3
interface IAaveScaledToken {
    /// @notice Without interest: times the index of the reserve it is the balance.
    function scaledBalanceOf(address user) external view returns (uint256);
}
