// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IPmmPool, IPmmPublicPool} from "../../../contracts/interfaces/IPmmPool.sol";
import {AnchorOracleMock} from "../../../contracts/mocks/AnchorOracleMock.sol";
import {FlashBorrower} from "../../../contracts/mocks/FlashBorrower.sol";
import {PlainERC20} from "../../../contracts/mocks/PlainERC20.sol";
import {Base} from "../Base.t.sol";
import {PmmTestBase} from "./PmmTestBase.sol";

/// @notice Everything a stranger can do to a public pool, in any order and size: sales by both kinds of entry, donations, syncs, loans,
/// shares bought and sold, blocks that end. It writes down each block's last ratio and the highest value of a share.
contract PmmPoolHandler is Base {
    uint256 private constant WAD = 1e18;

    IPmmPublicPool public immutable POOL;
    PlainERC20 public immutable BASE;
    PlainERC20 public immutable QUOTE;
    /// @dev Zero: FIXED pricing.
    AnchorOracleMock public immutable ORACLE;
    FlashBorrower private immutable BORROWER;

    uint256 public immutable CREATED;
    uint256 public highestShareValue;
    uint256 public cumulative;
    uint256 public lastChange;
    uint256 public ratioSinceLastChange = WAD;
    uint256 public trades;
    uint256 public panics;
    bool public targetsMovedInsideAState;
    mapping(uint256 blockNumber => uint256) public endRatio;

    constructor(IPmmPublicPool pool, AnchorOracleMock oracle) {
        POOL = pool;
        ORACLE = oracle;
        BASE = PlainERC20(pool._BASE_TOKEN_());
        QUOTE = PlainERC20(pool._QUOTE_TOKEN_());
        BORROWER = FlashBorrower(deploy("FlashBorrower", ""));
        CREATED = block.number;
        lastChange = block.timestamp;
        BASE.approve(address(pool), type(uint256).max);
        QUOTE.approve(address(pool), type(uint256).max);
        _noteShareValue();
    }

    // ---- Actions

    function swap(bool isBase, uint256 size) external {
        size = _size(isBase, size);
        (uint256 r, uint256 b0, uint256 q0) = (POOL._RState_(), POOL._BASE_TARGET_(), POOL._QUOTE_TARGET_());
        (isBase ? BASE : QUOTE).mint(address(this), size);
        _do(
            isBase
                ? abi.encodeCall(POOL.swapBase, (size, 0, address(this), address(this), block.timestamp))
                : abi.encodeCall(POOL.swapQuote, (size, 0, address(this), address(this), block.timestamp))
        );
        ++trades;
        if (r == POOL._RState_() && (b0 != POOL._BASE_TARGET_() || q0 != POOL._QUOTE_TARGET_())) {
            targetsMovedInsideAState = true;
        }
    }

    function sellTransferred(bool isBase, uint256 size) external {
        (isBase ? BASE : QUOTE).mint(address(POOL), _size(isBase, size));
        _do(isBase ? abi.encodeCall(POOL.sellBase, (address(this))) : abi.encodeCall(POOL.sellQuote, (address(this))));
    }

    /// @notice The sale that ends at, just before or just beyond the anchor.
    function close(uint256 off) external {
        (bool isBase, uint256 amountIn) = POOL.amountToAnchor();
        amountIn += off % 3;
        if (amountIn <= 1) return;
        (isBase ? BASE : QUOTE).mint(address(this), --amountIn);
        _do(
            isBase
                ? abi.encodeCall(POOL.swapBase, (amountIn, 0, address(this), address(this), block.timestamp))
                : abi.encodeCall(POOL.swapQuote, (amountIn, 0, address(this), address(this), block.timestamp))
        );
    }

    function donate(bool isBase, uint256 size, bool sync) external {
        (isBase ? BASE : QUOTE).mint(address(POOL), _size(isBase, size) / 100);
        if (sync) _do(abi.encodeCall(POOL.sync, ()));
    }

    function borrow(uint256 baseAmount, uint256 quoteAmount, uint256 extra, bool swapInstead) external {
        (uint256 b, uint256 q) = POOL.getVaultReserve();
        baseAmount = bound(baseAmount, 0, b / 2);
        quoteAmount = bound(quoteAmount, 0, q / 2);
        BASE.mint(address(BORROWER), b * 4);
        QUOTE.mint(address(BORROWER), q * 4);
        // Everything back and more; or one side only, paid with the other.
        BORROWER.plan(
            baseAmount + baseAmount / 1000 + (extra % 1000),
            swapInstead ? 0 : quoteAmount + quoteAmount / 1000 + (extra % 7)
        );
        bytes memory data = abi.encode(address(BASE), address(QUOTE));
        bytes memory call = abi.encodeCall(POOL.flashLoan, (baseAmount, quoteAmount, address(BORROWER), data));
        (bool ok, bytes memory answer) = address(BORROWER).call(
            abi.encodeCall(FlashBorrower.run, (address(POOL), call))
        );
        _note(ok, answer);
    }

    function buy(uint256 baseSize, uint256 quoteSize, bool pull) external {
        baseSize = _size(true, baseSize);
        quoteSize = _size(false, quoteSize);
        BASE.mint(pull ? address(this) : address(POOL), baseSize);
        QUOTE.mint(pull ? address(this) : address(POOL), quoteSize);
        _do(
            pull
                ? abi.encodeCall(POOL.addLiquidity, (baseSize, quoteSize, 0, address(this), block.timestamp))
                : abi.encodeCall(POOL.buyShares, (address(this)))
        );
    }

    function leave(uint256 part) external {
        uint256 held = PlainERC20(address(POOL)).balanceOf(address(this));
        if (held == 0) return;
        // Everything is a favourite; LIVE-25: it can never fail.
        part = part % 3 == 0 ? held : bound(part, 1, held);
        POOL.removeLiquidity(part, 0, 0, address(this), block.timestamp);
        _noteChange();
    }

    function moveOracle(uint256 newest) external {
        if (address(ORACLE) == address(0)) return;
        (uint256 before, ) = POOL.anchors();
        ORACLE.setAnchors(
            address(BASE),
            address(QUOTE),
            bound(newest, before - before / 50, before + before / 50),
            before
        );
    }

    function endBlocks(uint256 count) external {
        count = 1 + (count % 5);
        for (uint256 j = 0; j < count; ++j) {
            endRatio[vm.getBlockNumber()] = ratioSinceLastChange;
            vm.roll(vm.getBlockNumber() + 1);
            vm.warp(vm.getBlockTimestamp() + 2);
        }
    }

    // ---- Notes

    function _size(bool isBase, uint256 seed) private view returns (uint256) {
        uint256 reserve = isBase ? POOL._BASE_RESERVE_() : POOL._QUOTE_RESERVE_();
        // From one unit to three times the reserve, small ones as often as large ones.
        return bound(seed >> 8, 1, 1 + ((reserve * 3) >> (seed % 64)));
    }

    function _do(bytes memory call) private {
        (bool ok, bytes memory answer) = address(POOL).call(call);
        _note(ok, answer);
    }

    /// @dev Refusals are answers; a panic or an empty revert is a fault.
    function _note(bool ok, bytes memory answer) private {
        if (ok) _noteChange();
        else if (answer.length < 4 || bytes4(answer) == 0x4e487b71) ++panics;
    }

    function _noteChange() private {
        uint256 timestamp = vm.getBlockTimestamp();
        cumulative += ratioSinceLastChange * (timestamp - lastChange);
        lastChange = timestamp;
        ratioSinceLastChange = POOL.recordedRatio();
        _noteShareValue();
    }

    function _noteShareValue() private {
        uint256 value = shareValue();
        if (value > highestShareValue) highestShareValue = value;
    }

    /// @notice i B0 + Q0 (adjusted) per share, in quote units times 1e18; without the unit by which a view rounds a target up.
    function shareValue() public view returns (uint256) {
        IPmmPool.PMMState memory state = POOL.getPMMState();
        uint256 rounding = 1 + state.i / WAD;
        uint256 value = (state.B0 * state.i) / WAD + state.Q0;
        return ((value > rounding ? value - rounding : 0) * WAD) / PlainERC20(address(POOL)).totalSupply();
    }

    function highestAllowed() external view returns (uint256) {
        IPmmPool.PMMState memory state = POOL.getPMMState();
        uint256 rounding = (2 * (1 + state.i / WAD) * WAD) / PlainERC20(address(POOL)).totalSupply() + 2;
        return shareValue() + rounding;
    }
}

abstract contract PmmPoolInvariantBase is PmmTestBase {
    PmmPoolHandler internal handler;
    IPmmPublicPool internal pool;

    function target(AnchorOracleMock oracle_) internal {
        handler = new PmmPoolHandler(pool, oracle_);
        targetContract(address(handler));
        bytes4[] memory selectors = new bytes4[](9);
        selectors[0] = PmmPoolHandler.swap.selector;
        selectors[1] = PmmPoolHandler.sellTransferred.selector;
        selectors[2] = PmmPoolHandler.close.selector;
        selectors[3] = PmmPoolHandler.donate.selector;
        selectors[4] = PmmPoolHandler.borrow.selector;
        selectors[5] = PmmPoolHandler.buy.selector;
        selectors[6] = PmmPoolHandler.leave.selector;
        selectors[7] = PmmPoolHandler.moveOracle.selector;
        selectors[8] = PmmPoolHandler.endBlocks.selector;
        targetSelector(address(handler), selectors);
    }

    function invariant_POOL1_holdsItsReserves() public view {
        (uint256 b, uint256 q) = pool.getVaultReserve();
        assertGe(handler.BASE().balanceOf(address(pool)), b, "base");
        assertGe(handler.QUOTE().balanceOf(address(pool)), q, "quote");
        assertEq(handler.panics(), 0, "panics");
    }

    function invariant_POOL6_reservesPositiveAndMidFinite() public view {
        (uint256 b, uint256 q) = pool.getVaultReserve();
        assertGt(b, 0);
        assertGt(q, 0);
        assertGt(pool.spotRatio(), 0);
        pool.amountToAnchor();
    }

    function invariant_POOL7_rNamesTheScarceSide() public view {
        IPmmPool.PMMState memory state = pool.getPMMState();
        if (state.R == BELOW) assertTrue(state.B > state.B0 && state.Q <= state.Q0 && pool.spotRatio() <= WAD);
        else if (state.R == ABOVE) assertTrue(state.B <= state.B0 && state.Q > state.Q0 && pool.spotRatio() >= WAD);
        else assertTrue(state.B == state.B0 && state.Q == state.Q0 && pool.spotRatio() == WAD);
        assertFalse(handler.targetsMovedInsideAState());
    }

    function invariant_POOL10_historyEqualsTheModel() public view {
        uint256 ended = vm.getBlockNumber() - handler.CREATED();
        uint256 count = ended > 64 ? 64 : ended;
        if (count == 0) return;
        uint256[] memory ends = pool.recentBlockEnds(count);
        uint256 sum = 0;
        for (uint256 j = 0; j < count; ++j) {
            assertEq(ends[j], handler.endRatio(vm.getBlockNumber() - 1 - j), "block end");
            sum += ends[j];
        }
        assertEq(pool.twapRatio(count), sum / count, "twap");
    }
}

/// @notice FIXED, no fee at all: the hardest case for POOL-2 and POOL-8.
contract PmmPoolZeroFeeInvariantTest is PmmPoolInvariantBase {
    function setUp() public {
        setUpFactory(0);
        PlainERC20 base = PlainERC20(deploy("PlainERC20", abi.encode("cUSDT", 6)));
        PlainERC20 quote = PlainERC20(deploy("PlainERC20", abi.encode("cUSDC", 6)));
        pool = IPmmPublicPool(fund(publicParams(address(base), address(quote), WAD, 0.1e18), 1e12, 1e12));
        vm.store(address(pool), bytes32(uint256(3)), bytes32(WAD | (uint256(0.1e18) << 120)));
        assertEq(pool._LP_FEE_RATE_(), 0);
        target(AnchorOracleMock(address(0)));
    }

    /// @dev POOL-2 and POOL-8 in one number: what a share is worth at the anchor never falls, so nobody ever took anything.
    function invariant_POOL2_POOL8_shareValueNeverFalls() public view {
        assertGe(handler.highestAllowed(), handler.highestShareValue(), "a share lost value");
    }

    function invariant_POOL11_cumulativeIsTheSumOfBlockEnds() public view {
        assertEq(pool._BASE_PRICE_CUMULATIVE_LAST_(), handler.cumulative(), "cumulative");
    }
}

/// @notice ORACLE, XAU against a stable of 6 decimals, while the anchor moves.
contract PmmPoolOracleInvariantTest is PmmPoolInvariantBase {
    function setUp() public {
        setUpFactory(1e13);
        PlainERC20 base = PlainERC20(deploy("PlainERC20", abi.encode("XAU", 18)));
        PlainERC20 quote = PlainERC20(deploy("PlainERC20", abi.encode("cUSDC", 6)));
        oracle.setAnchors(address(base), address(quote), 2650e6, 2650e6);
        pool = IPmmPublicPool(fund(publicParams(address(base), address(quote), 0, K), 1e21, 2_650_000e6));
        target(oracle);
    }

    function invariant_POOL11_cumulativeIsTheSumOfBlockEnds() public view {
        assertEq(pool._BASE_PRICE_CUMULATIVE_LAST_(), handler.cumulative(), "cumulative");
    }
}
