// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "../interfaces/ICommonErrors.sol";
import {IPegLens} from "../interfaces/IPegLens.sol";
import {IPmmPool} from "../interfaces/IPmmPool.sol";
import {IStabilizerLimits} from "../interfaces/IStabilizerLimits.sol";
import {IXAUOracle} from "../interfaces/IXAUOracle.sol";

/// @title One read for the keeper: every registered pool with its allowance, reserves, anchors, spot ratio and block ends
/// @dev ROLES: none. The contract holds no token, has no state and no owner.
/// @dev PRICE SOURCES: none of its own; anchors come from each pool, values from the oracle the limits contract uses for that pool.
/// @dev ROUNDING: none; every number is passed on as read.
/// @dev TOKEN REQUIREMENTS: none; no token is called.
/// @dev LIVENESS: a pool that reverts, returns garbage or burns all gas costs at most POOL_GAS and is reported as unreadable. The
/// limits contract is trusted: if it cannot be read, `snapshot` reverts.
/// @dev HOW TO STOP IT: not needed; nothing depends on it but keepers, which stop acting without it.
contract PegLens is IPegLens, ICommonErrors {
    /// @dev Gas for one pool: an oracle-priced pool with three feeds per token reads in well under a tenth of it.
    uint256 public constant POOL_GAS = 3_000_000;

    IStabilizerLimits public immutable override limits;
    /// @notice Values amounts in XAU; the same oracle that the limits contract uses.
    IXAUOracle public immutable oracle;

    constructor(IStabilizerLimits limits_, IXAUOracle oracle_) {
        require(address(limits_).code.length != 0, NotAContract(address(limits_)));
        require(address(oracle_).code.length != 0, NotAContract(address(oracle_)));
        limits = limits_;
        oracle = oracle_;
    }

    /// @inheritdoc IPegLens
    function snapshot(uint256 blockEnds) external view override returns (Snapshot memory answer) {
        address[] memory registered = limits.pools();
        IStabilizerLimits.GlobalConfig memory global = limits.globalConfig();
        answer.blockNumber = block.number;
        answer.timestamp = block.timestamp;
        answer.parentHash = blockhash(block.number - 1);
        answer.maxGasPriceWei = global.maxGasPriceWei;
        answer.globalCapXauWei = global.capXauWei;
        answer.nativePriceXauWei = global.nativePriceXauWei;
        answer.pools = new PoolView[](registered.length);
        for (uint256 index = 0; index < registered.length; ++index) {
            answer.pools[index] = _readGuarded(registered[index], blockEnds);
        }
    }

    /// @inheritdoc IPegLens
    function poolView(address pool, uint256 blockEnds) external view override returns (PoolView memory view_) {
        IStabilizerLimits.PoolConfig memory config = limits.poolConfig(pool);
        view_.pool = pool;
        view_.readable = true;
        view_.thresholdWad = config.thresholdWad;
        view_.fastThresholdWad = config.fastThresholdWad;
        view_.confirmations = config.confirmations;
        view_.minBlocks = config.minBlocks;
        view_.rewardShareWad = config.rewardShareWad;
        view_.allowance = limits.allowance(pool);

        IPmmPool target = IPmmPool(pool);
        view_.baseToken = target._BASE_TOKEN_();
        view_.quoteToken = target._QUOTE_TOKEN_();
        (view_.baseReserve, view_.quoteReserve) = target.getVaultReserve();
        // Each of these may have doubts of its own without making the pool unreadable: the allowance above names them.
        try target.anchors() returns (uint256 anchorNew, uint256 anchorPrevious) {
            view_.anchorNew = anchorNew;
            view_.anchorPrevious = anchorPrevious;
        } catch (bytes memory reason) {
            view_.anchorFailure = _selector(reason);
        }
        try target.spotRatio() returns (uint256 ratioWad) {
            view_.spotRatioWad = ratioWad;
        } catch {
            view_.spotRatioWad = 0;
        }
        if (blockEnds != 0) {
            try target.recentBlockEnds(blockEnds) returns (uint256[] memory ratiosWad) {
                view_.blockEndRatiosWad = ratiosWad;
            } catch {
                view_.blockEndRatiosWad = new uint256[](0);
            }
        }
        if (view_.allowance.maxAmountIn != 0) {
            try oracle.valueInXau(view_.allowance.tokenIn, view_.allowance.maxAmountIn) returns (uint256 xauWei) {
                view_.maxAmountInXauWei = xauWei;
            } catch {
                view_.maxAmountInXauWei = 0;
            }
        }
    }

    /// @dev The external call to itself is what contains a failing pool: reverts, undecodable answers and exhausted gas alike.
    function _readGuarded(address pool, uint256 blockEnds) internal view returns (PoolView memory view_) {
        try this.poolView{gas: POOL_GAS}(pool, blockEnds) returns (PoolView memory read) {
            view_ = read;
        } catch (bytes memory reason) {
            view_.pool = pool;
            view_.failure = _selector(reason);
        }
    }

    function _selector(bytes memory reason) internal pure returns (bytes4) {
        return reason.length < 4 ? bytes4(0) : bytes4(reason);
    }
}
