// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ICapitalHolder} from "../interfaces/ICapitalHolder.sol";
import {IDodoV2Pool} from "../interfaces/IDodoV2Pool.sol";
import {IPmmPool} from "../interfaces/IPmmPool.sol";
import {IStabilizer} from "../interfaces/IStabilizer.sol";
import {IStabilizerLimits} from "../interfaces/IStabilizerLimits.sol";
import {IXAUOracle} from "../interfaces/IXAUOracle.sol";
import {IXauMesh} from "../interfaces/IXauMesh.sol";

/// @title Stabilizer
/// @notice Trades registered public pools back to their anchor with its own inventory, then replaces what it spent through the mesh.
/// @dev ROLES. Anyone: execute, within StabilizerLimits, for a bounded reward. Keeper: settle. Owner (two steps, cannot be renounced;
/// a timelock): settle, keepers, withdrawals, the buckets once. Buckets: release, for the exchanges and moves of bucket B.
/// @dev PRICE SOURCES. `XAUOracle`, pulled once per transaction. ROUNDING. What is spent is valued up, what is received is valued
/// down, rewards are paid down: an execution that loses a single XAU wei by that account reverts.
/// @dev INVENTORY. A mesh swap moves tokens between the stabilizer and pools whose only liquidity is the protocol's own, so it leaves
/// the sum of both unchanged; the public trade and the reward are the only things that change it, and these are checked.
/// @dev TOKEN REQUIREMENTS. Those of the pools: exact transfers. LIVENESS. `withdraw` is never paused and reads no oracle. A mesh that
/// cannot trade costs nothing: the inventory is held and settled later.
/// @dev HOW TO STOP IT. `StabilizerLimits.pause`, or `removePool` there and `syncApprovals` here.
contract Stabilizer is IStabilizer, ICapitalHolder, Ownable2Step, ReentrancyGuardTransient {
    using Math for uint256;
    using SafeERC20 for IERC20;

    uint256 internal constant WAD = 1e18;
    /// @dev 1 bp in 1e18 fixed point.
    int256 internal constant WAD_PER_BPS = 1e14;

    IStabilizerLimits public immutable limits;
    IXauMesh public immutable mesh;
    IXAUOracle public immutable oracle;
    address private immutable _xau;

    /// @inheritdoc IStabilizer
    mapping(address account => bool allowed) public isKeeper;
    /// @inheritdoc ICapitalHolder
    address public buckets;

    constructor(address limits_, address mesh_, address owner_) Ownable(owner_) {
        require(limits_.code.length > 0, NotAContract(limits_));
        require(mesh_.code.length > 0, NotAContract(mesh_));
        limits = IStabilizerLimits(limits_);
        mesh = IXauMesh(mesh_);
        oracle = IXAUOracle(IStabilizerLimits(limits_).oracle());
        _xau = IXauMesh(mesh_).xau();
    }

    modifier onlyOwnerOrKeeper() {
        require(msg.sender == owner() || isKeeper[msg.sender], NotAuthorized(msg.sender));
        _;
    }

    // Acting

    /// @inheritdoc IStabilizer
    function executePrivateSwap(uint256 tradeSize, address tokenIn, address tokenOut) external nonReentrant {
        IStabilizerLimits.Grant memory grant = limits.consume(tokenIn, tokenOut, tradeSize);
        require(grant.reason != IStabilizerLimits.Reason.WRONG_DIRECTION, WrongDirection(tokenIn, grant.tokenIn));
        // A request below the minimum says so; a pool that allows less than the minimum is a reason like any other.
        if (grant.reason == IStabilizerLimits.Reason.BELOW_MINIMUM && grant.amountIn == tradeSize) {
            revert BelowMinimum(tradeSize, grant.minAmountIn);
        }
        _execute(grant, msg.sender);
    }

    /// @inheritdoc IStabilizer
    function executeBatch(Order[] calldata orders) external nonReentrant returns (uint256 executed) {
        for (uint256 index = 0; index < orders.length; ++index) {
            Order calldata order = orders[index];
            // A call to itself, so that a pool which fails takes back its own effects and nobody else's.
            try this.executeOrder(order, msg.sender) {
                ++executed;
            } catch (bytes memory revertData) {
                emit Skipped(order.pool, _reasonOf(revertData));
            }
        }
    }

    /// @notice One order of a batch. Only this contract calls it, from inside `executeBatch`.
    function executeOrder(Order calldata order, address caller) external {
        require(msg.sender == address(this), NotAuthorized(msg.sender));
        _execute(limits.consumePool(order.pool, order.maxAmountIn), caller);
    }

    /// @inheritdoc IStabilizer
    function settle(
        address tokenIn,
        uint256 amountIn,
        address tokenOut,
        uint256 minOut
    ) external onlyOwnerOrKeeper nonReentrant returns (uint256 amountOut) {
        require(block.timestamp >= limits.pausedUntil(), Paused());
        amountOut = mesh.swap(tokenIn, amountIn, tokenOut, minOut, block.timestamp);
        emit Settled(tokenIn, amountIn, tokenOut, amountOut);
    }

    // Bucket B

    /// @inheritdoc ICapitalHolder
    function release(address token, uint256 amountUnits, address to) external nonReentrant {
        require(msg.sender == buckets, NotAuthorized(msg.sender));
        require(block.timestamp >= limits.pausedUntil(), Paused());
        IERC20(token).safeTransfer(to, amountUnits);
        emit Released(token, amountUnits, to);
    }

    /// @inheritdoc ICapitalHolder
    function holding(address token) external view returns (uint256) {
        require(!_reentrancyGuardEntered(), Reentrant());
        return available(token);
    }

    /// @inheritdoc ICapitalHolder
    function setBuckets(address newBuckets) external onlyOwner {
        require(buckets == address(0), BucketsAlreadySet(buckets));
        require(newBuckets.code.length > 0, NotAContract(newBuckets));
        buckets = newBuckets;
        emit SetBuckets(newBuckets);
    }

    // Approvals

    /// @inheritdoc IStabilizer
    function syncApprovals(address pool) external {
        address baseToken = IDodoV2Pool(pool)._BASE_TOKEN_();
        address quoteToken = IDodoV2Pool(pool)._QUOTE_TOKEN_();
        // Mesh pools, too: nobody may revoke what replenishing needs.
        bool approved = limits.isRegistered(pool) || mesh.poolOf(quoteToken) == pool;
        uint256 amount = approved ? type(uint256).max : 0;
        IERC20(baseToken).forceApprove(pool, amount);
        IERC20(quoteToken).forceApprove(pool, amount);
        emit ApprovalsSynced(pool, approved);
    }

    /// @inheritdoc IStabilizer
    function syncMeshApprovals() external {
        address[] memory tokens = mesh.tokens();
        for (uint256 index = 0; index < tokens.length; ++index) {
            address pool = mesh.poolOf(tokens[index]);
            IERC20(tokens[index]).forceApprove(pool, type(uint256).max);
            IERC20(_xau).forceApprove(pool, type(uint256).max);
            emit ApprovalsSynced(pool, true);
        }
    }

    // Owner

    /// @inheritdoc IStabilizer
    function setKeeper(address keeper, bool allowed) external onlyOwner {
        require(keeper != address(0), ZeroAddress());
        isKeeper[keeper] = allowed;
        emit SetKeeper(keeper, allowed);
    }

    /// @inheritdoc IStabilizer
    function withdraw(address token, uint256 amountUnits, address to) external onlyOwner nonReentrant {
        require(to != address(0), ZeroAddress());
        IERC20(token).safeTransfer(to, amountUnits);
        emit Withdrawn(token, amountUnits, to);
    }

    /// @notice Always reverts: without an owner the inventory could never be withdrawn.
    function renounceOwnership() public view override onlyOwner {
        revert NotAuthorized(msg.sender);
    }

    // Views

    /// @inheritdoc IStabilizer
    function checkDeviation() external view returns (int256 deviationBps, bool shouldRebalance) {
        address[] memory registered = limits.pools();
        int256 worst;
        for (uint256 index = 0; index < registered.length; ++index) {
            (int256 deviationWad, bool acts) = checkDeviationWad(registered[index]);
            if (index > 0 && _abs(deviationWad) <= _abs(worst)) continue;
            (worst, shouldRebalance) = (deviationWad, acts);
        }
        deviationBps = worst / WAD_PER_BPS;
    }

    /// @inheritdoc IStabilizer
    function checkDeviation(address pool) external view returns (int256 deviationBps, bool shouldRebalance) {
        int256 deviationWad;
        (deviationWad, shouldRebalance) = checkDeviationWad(pool);
        deviationBps = deviationWad / WAD_PER_BPS;
    }

    /// @inheritdoc IStabilizer
    function checkDeviationWad(address pool) public view returns (int256 deviationWad, bool shouldRebalance) {
        IStabilizerLimits.Allowance memory answer = limits.allowance(pool);
        return (answer.blockEndDeviationWad, answer.reason == IStabilizerLimits.Reason.NONE);
    }

    /// @inheritdoc IStabilizer
    function inventoryXauWei() external view returns (uint256 total) {
        address[] memory tokens = mesh.tokens();
        uint256 xauUnits = available(_xau);
        for (uint256 index = 0; index < tokens.length; ++index) {
            (uint256 xauReserve, uint256 tokenReserve) = mesh.reserves(tokens[index]);
            xauUnits += xauReserve;
            total += oracle.valueInXau(tokens[index], available(tokens[index]) + tokenReserve);
        }
        total += oracle.valueInXau(_xau, xauUnits);
        address[] memory registered = limits.pools();
        address[] memory seen = new address[](2 * registered.length);
        for (uint256 index = 0; index < seen.length; ++index) {
            IDodoV2Pool pool = IDodoV2Pool(registered[index / 2]);
            address token = index % 2 == 0 ? pool._BASE_TOKEN_() : pool._QUOTE_TOKEN_();
            // Tokens without a mesh pool count with what the stabilizer holds, each once.
            if (token == _xau || mesh.poolOf(token) != address(0) || _contains(seen, token)) continue;
            seen[index] = token;
            total += oracle.valueInXau(token, available(token));
        }
    }

    /// @inheritdoc IStabilizer
    function available(address token) public view returns (uint256) {
        return IERC20(token).balanceOf(address(this));
    }

    // Internal

    /// @dev Public trade, checks, reward, mesh. Reverts with the reason; every effect, the consumed limits included, is undone then.
    function _execute(IStabilizerLimits.Grant memory grant, address caller) internal {
        require(grant.reason == IStabilizerLimits.Reason.NONE, NoAction(grant.pool, grant.reason));

        IPmmPool pool = IPmmPool(grant.pool);
        uint256 amountOut =
            grant.sellBase
                ? pool.swapBase(grant.amountIn, 0, address(this), address(this), block.timestamp)
                : pool.swapQuote(grant.amountIn, 0, address(this), address(this), block.timestamp);

        uint256 valueOut = amountOut.mulDiv(grant.priceOutXauWei, grant.unitOut);
        if (valueOut < grant.valueInXauWei || amountOut < grant.anchorOut) {
            uint256 floor = grant.valueInXauWei.mulDiv(WAD - grant.maxSlippageWad, WAD);
            revert NoAction(
                grant.pool,
                valueOut < floor ? IStabilizerLimits.Reason.SLIPPAGE : IStabilizerLimits.Reason.WOULD_LOSE
            );
        }
        uint256 gain = valueOut - grant.valueInXauWei;
        (uint256 rewardXauWei, uint256 rewardUnits) = _reward(grant, caller, gain);
        uint256 boughtBack = _replenish(grant, amountOut - rewardUnits);

        emit Stabilized(
            grant.pool,
            caller,
            grant.sellBase,
            grant.amountIn,
            amountOut,
            grant.ratioBeforeWad,
            boughtBack,
            gain - rewardXauWei,
            rewardXauWei
        );
    }

    /// @dev Paid in the token just received, whole units only, at the price rounded up: what leaves never exceeds what was counted, and
    /// that is at most half of the gain.
    function _reward(
        IStabilizerLimits.Grant memory grant,
        address caller,
        uint256 gain
    ) internal returns (uint256 rewardXauWei, uint256 rewardUnits) {
        // Without a gas price there is no gas cost to reward.
        if (gain == 0 || tx.gasprice == 0) return (0, 0);
        rewardXauWei = limits.consumeReward(gain);
        rewardUnits = (rewardXauWei * grant.unitOut) / (grant.priceOutXauWei + 1);
        if (rewardUnits > 0) IERC20(grant.tokenOut).safeTransfer(caller, rewardUnits);
    }

    /// @dev Buys the spent token back with what was received. A mesh that is short, too far from the oracle or stopped leaves the
    /// inventory where it is.
    function _replenish(IStabilizerLimits.Grant memory grant, uint256 amountIn) internal returns (uint256 boughtBack) {
        // The fair amount is what `amountIn` is worth, in units of the token spent, at the price it was spent at.
        uint256 value = amountIn.mulDiv(grant.priceOutXauWei, grant.unitOut);
        uint256 minOut = (value * (WAD - grant.maxSlippageWad)) / WAD;
        minOut = minOut.mulDiv(grant.amountIn, grant.valueInXauWei);
        try mesh.swap(grant.tokenOut, amountIn, grant.tokenIn, minOut, block.timestamp) returns (uint256 back) {
            return back;
        } catch {
            return 0;
        }
    }

    /// @dev The reason inside NoAction, or EXECUTION_FAILED for anything else (a token that refuses, too little gas).
    function _reasonOf(bytes memory revertData) internal pure returns (IStabilizerLimits.Reason) {
        if (revertData.length != 68 || bytes4(revertData) != NoAction.selector) {
            return IStabilizerLimits.Reason.EXECUTION_FAILED;
        }
        uint256 reason;
        assembly ("memory-safe") {
            reason := mload(add(revertData, 0x44))
        }
        return IStabilizerLimits.Reason(reason);
    }

    function _contains(address[] memory list, address item) internal pure returns (bool) {
        for (uint256 index = 0; index < list.length; ++index) {
            if (list[index] == item) return true;
        }
        return false;
    }

    function _abs(int256 value) internal pure returns (uint256) {
        return uint256(value < 0 ? -value : value);
    }
}
