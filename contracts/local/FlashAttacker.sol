// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ICommonErrors} from "../interfaces/ICommonErrors.sol";
import {IPmmPool} from "../interfaces/IPmmPool.sol";

/// @title The local world's attacker: opens a swing, does something inside it, and closes it, all in one transaction
/// @notice For the simulator and the local world only. It holds its own capital or borrows it from another pool.
/// @dev ROLES: the owner, fixed at construction, alone may command it and take its tokens.
contract FlashAttacker is ICommonErrors {
    using SafeERC20 for IERC20;

    /// @dev Something done while a swing is open: a price report, an execution of the stabilizer.
    struct InnerCall {
        address target;
        bytes data;
    }

    /// @dev A swing: sell `amountIn` into `pool`, make the inner calls, buy back exactly what was sold.
    struct Swing {
        IPmmPool pool;
        bool sellBase;
        uint256 amountIn;
        InnerCall[] inner;
    }

    /// @dev What `open` received, to be sold back by `close`.
    struct Position {
        bool soldBase;
        uint248 received;
    }

    /// @dev Ratio before the swing, at its height, and after it.
    event Swung(address indexed pool, uint256 ratioBeforeWad, uint256 ratioInsideWad, uint256 ratioAfterWad);
    /// @dev What an inner call answered.
    event InnerCalled(address indexed target, bool success, bytes4 reason);

    /// @dev Each one divides the error by about a thousand at the curvatures in use.
    uint256 private constant CORRECTIONS = 4;

    address public immutable owner;
    mapping(IPmmPool pool => Position position) public positions;
    IPmmPool private transient _lender;

    modifier onlyOwner() {
        require(msg.sender == owner, NotAuthorized(msg.sender));
        _;
    }

    constructor(address owner_) {
        require(owner_ != address(0), ZeroAddress());
        owner = owner_;
    }

    /// @notice A swing with the attacker's own tokens.
    function swing(Swing calldata plan) external onlyOwner {
        _swing(plan);
    }

    /// @notice A swing with tokens borrowed from `lender`, repaid with the lender's flash fee out of own tokens.
    function borrowAndSwing(
        IPmmPool lender,
        uint256 baseAmount,
        uint256 quoteAmount,
        Swing calldata plan
    ) external onlyOwner {
        _lender = lender;
        lender.flashLoan(baseAmount, quoteAmount, address(this), abi.encode(plan));
        _lender = IPmmPool(address(0));
    }

    /// @notice Callback of public pools.
    function DSPFlashLoanCall(address sender, uint256 baseAmount, uint256 quoteAmount, bytes calldata data) external {
        IPmmPool lender = _lender;
        require(msg.sender == address(lender) && sender == address(this), NotAuthorized(msg.sender));
        _swing(abi.decode(data, (Swing)));
        uint256 rate = lender.flashFeeRate();
        _repay(lender._BASE_TOKEN_(), baseAmount, rate);
        _repay(lender._QUOTE_TOKEN_(), quoteAmount, rate);
    }

    /// @notice Opens a swing that is held over blocks.
    function open(IPmmPool pool, bool sellBase, uint256 amountIn) external onlyOwner returns (uint256 received) {
        received = _sell(pool, sellBase, amountIn);
        positions[pool] = Position(sellBase, SafeCast.toUint248(received));
    }

    /// @notice Sells back exactly what `open` received.
    function close(IPmmPool pool) external onlyOwner returns (uint256 amountOut) {
        Position memory position = positions[pool];
        require(position.received > 0, ZeroAmount());
        delete positions[pool];
        return _sell(pool, !position.soldBase, position.received);
    }

    function withdraw(IERC20 token, uint256 amountUnits) external onlyOwner {
        token.safeTransfer(owner, amountUnits);
    }

    function _swing(Swing memory plan) private {
        uint256 ratioBefore = plan.pool.spotRatio();
        uint256 received = _sell(plan.pool, plan.sellBase, plan.amountIn);
        uint256 ratioInside = plan.pool.spotRatio();
        for (uint256 i = 0; i < plan.inner.length; ++i) {
            (bool success, bytes memory answer) = plan.inner[i].target.call(plan.inner[i].data);
            // forge-lint: disable-next-line(unsafe-typecast)
            emit InnerCalled(plan.inner[i].target, success, success ? bytes4(0) : bytes4(answer));
        }
        _buyBack(plan, received);
        emit Swung(address(plan.pool), ratioBefore, ratioInside, plan.pool.spotRatio());
    }

    /// @dev Pays as much as it takes to get back what was sold, so that the pool's inventory stands where it stood: the price per unit of
    /// the last quote corrects the amount, and a few corrections reach it to the unit.
    function _buyBack(Swing memory plan, uint256 received) private {
        uint256 amountIn = received;
        for (uint256 i = 0; i < CORRECTIONS; ++i) {
            uint256 out = _query(plan.pool, !plan.sellBase, amountIn);
            amountIn = Math.mulDiv(amountIn, plan.amountIn, out, Math.Rounding.Ceil);
        }
        _sell(plan.pool, !plan.sellBase, amountIn);
    }

    function _query(IPmmPool pool, bool sellBase, uint256 amountIn) private view returns (uint256 amountOut) {
        if (sellBase) (amountOut, , , ) = pool.querySellBase(address(this), amountIn);
        else (amountOut, , , ) = pool.querySellQuote(address(this), amountIn);
    }

    function _sell(IPmmPool pool, bool sellBase, uint256 amountIn) private returns (uint256 amountOut) {
        IERC20 tokenIn = IERC20(sellBase ? pool._BASE_TOKEN_() : pool._QUOTE_TOKEN_());
        tokenIn.forceApprove(address(pool), amountIn);
        return
            sellBase
                ? pool.swapBase(amountIn, 0, address(this), address(this), block.timestamp)
                : pool.swapQuote(amountIn, 0, address(this), address(this), block.timestamp);
    }

    /// @dev The fee rounds up, as the lender's does.
    function _repay(address token, uint256 amountUnits, uint256 rate) private {
        if (amountUnits == 0) return;
        uint256 feeUnits = (amountUnits * rate + 1e18 - 1) / 1e18;
        IERC20(token).safeTransfer(msg.sender, amountUnits + feeUnits);
    }
}
