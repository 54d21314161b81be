// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IDodoV2PublicPool} from "../../../contracts/interfaces/IDodoV2Pool.sol";
import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IPmmFactory} from "../../../contracts/interfaces/IPmmFactory.sol";
import {IPmmPool, IPmmPublicPool} from "../../../contracts/interfaces/IPmmPool.sol";
import {PlainERC20} from "../../../contracts/mocks/PlainERC20.sol";
import {PmmTestBase} from "../pmm/PmmTestBase.sol";

/// @notice ERC-777-like token: in the middle of each transfer it attacks the pool.
contract HookedToken {
    // solhint-disable-next-line const-name-snakecase
    string public constant symbol = "HOOK";
    // solhint-disable-next-line const-name-snakecase
    uint8 public constant decimals = 18;
    uint256 public totalSupply;
    mapping(address account => uint256) public balanceOf;
    mapping(address owner => mapping(address spender => uint256)) public allowance;
    address public target;
    bytes[] private _attacks;
    uint256 public refused;
    uint256 public passed;
    bool private _inside;

    function arm(address target_, bytes[] calldata attacks) external {
        target = target_;
        for (uint256 index = 0; index < attacks.length; ++index) _attacks.push(attacks[index]);
    }

    function mint(address to, uint256 value) external {
        balanceOf[to] += value;
        totalSupply += value;
    }

    function approve(address spender, uint256 value) external returns (bool) {
        allowance[msg.sender][spender] = value;
        return true;
    }

    function transfer(address to, uint256 value) external returns (bool) {
        _move(msg.sender, to, value);
        return true;
    }

    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        allowance[from][msg.sender] -= value;
        _move(from, to, value);
        return true;
    }

    function _move(address from, address to, uint256 value) private {
        balanceOf[from] -= value;
        _hook();
        balanceOf[to] += value;
    }

    function _hook() private {
        if (_inside || target == address(0)) return;
        _inside = true;
        for (uint256 index = 0; index < _attacks.length; ++index) {
            (bool ok, bytes memory answer) = target.call(_attacks[index]);
            if (!ok && bytes4(answer) == ICommonErrors.Reentrant.selector) ++refused;
            else ++passed;
        }
        _inside = false;
    }
}

/// @notice Keeps a loan of one token and pays with the other.
contract LoanSwapper {
    IERC20 private _pay;
    uint256 private _amount;

    function run(IPmmPool pool, bool isBase, uint256 amountIn, uint256 loan) external {
        (_pay, _amount) = (IERC20(isBase ? pool._BASE_TOKEN_() : pool._QUOTE_TOKEN_()), amountIn);
        pool.flashLoan(isBase ? 0 : loan, isBase ? loan : 0, address(this), "x");
    }

    function DSPFlashLoanCall(address, uint256, uint256, bytes calldata) external {
        _pay.transfer(msg.sender, _amount);
    }
}

/// @title Attacks on one pool and its factory
contract PoolAttacksTest is PmmTestBase {
    PlainERC20 private _base;
    PlainERC20 private _quote;
    uint256 private _anchor;
    uint256 private _seed;

    function setUp() public {
        setUpFactory(0);
        _base = PlainERC20(deploy("PlainERC20", abi.encode("BASE", 18)));
        _quote = PlainERC20(deploy("PlainERC20", abi.encode("QUOTE", 6)));
    }

    // Flash loans

    /// @notice A loan kept and paid with the other token: paying more than needed is no error, and never beats a swap.
    function testFuzz_loanKeptIsNeverCheaperThanASwap(uint256 amountIn, uint256 loan, bool isBase) public {
        IPmmPool pool = IPmmPool(fund(publicParams(address(_base), address(_quote), 2650e6, K), 400e18, 1_060_000e6));
        amountIn = isBase ? bound(amountIn, 1e13, 800e18) : bound(amountIn, 1e3, 2_000_000e6);
        (uint256 out, , , ) = isBase ? pool.querySellBase(trader, amountIn) : pool.querySellQuote(trader, amountIn);
        loan = bound(loan, 1, (out * 999) / 1000);
        LoanSwapper swapper = new LoanSwapper();
        (isBase ? _base : _quote).mint(address(swapper), amountIn);
        uint256 snapshot = vm.snapshotState();
        swapper.run(pool, isBase, amountIn, loan);
        assertEq((isBase ? _quote : _base).balanceOf(address(swapper)), loan, "keeps what it borrowed");
        assertGe(_base.balanceOf(address(pool)), pool._BASE_RESERVE_(), "POOL-1 base");
        assertGe(_quote.balanceOf(address(pool)), pool._QUOTE_RESERVE_(), "POOL-1 quote");
        vm.revertToState(snapshot);
        // As much as the swap pays is more than a loan may keep.
        vm.expectPartialRevert(IPmmPool.FlashLoanNotRepaid.selector);
        swapper.run(pool, isBase, amountIn, out);
    }

    // One pool, a trader without fees, liquidity and donations

    /// @notice POOL-2, POOL-8: swaps without a fee, liquidity of all sizes, donations and `sync`, in any order, at a fixed anchor.
    function testFuzz_feeExemptTraderWithLiquidityNeverGains(
        uint256 seed,
        uint256 k,
        uint256 anchor,
        uint256 depth
    ) public {
        _seed = seed;
        k = bound(k, 1e14, 0.999e18);
        _anchor = bound(anchor, 1e9, 1e30);
        // At least a thousand units on the dearer side.
        uint256 baseIn = bound(depth, Math.mulDiv(1e4, 1e18, _anchor) + 1e4, 1e26);
        uint256 quoteIn = Math.mulDiv(baseIn, _anchor, 1e18);
        vm.assume(quoteIn < 1e32);
        IPmmPool pool = IPmmPool(fund(publicParams(address(_base), address(_quote), _anchor, k), baseIn, quoteIn));
        _base.mint(stabilizer, type(uint112).max);
        _quote.mint(stabilizer, type(uint112).max);
        vm.startPrank(stabilizer);
        _base.approve(address(pool), type(uint256).max);
        _quote.approve(address(pool), type(uint256).max);
        uint256 before = _worth(stabilizer);
        for (uint256 step = 0; step < 25; ++step) _step(pool);
        uint256 shares = IERC20(address(pool)).balanceOf(stabilizer);
        if (shares != 0) _public(pool).removeLiquidity(shares, 0, 0, stabilizer, vm.getBlockTimestamp());
        (bool sellBase, uint256 close) = pool.amountToAnchor();
        if (close != 0) _trade(pool, sellBase, close);
        vm.stopPrank();
        assertLe(_worth(stabilizer), before, "worth");
        assertGe(_base.balanceOf(address(pool)), pool._BASE_RESERVE_(), "POOL-1 base");
        assertGe(_quote.balanceOf(address(pool)), pool._QUOTE_RESERVE_(), "POOL-1 quote");
    }

    function _step(IPmmPool pool) private {
        (uint256 baseReserve, uint256 quoteReserve) = pool.getVaultReserve();
        uint256 action = _roll(8);
        bool isBase = _roll(2) == 0;
        if (action < 3) {
            uint256 amount = ((isBase ? baseReserve : quoteReserve) >> _roll(40)) + 1 + _roll(3);
            _trade(pool, isBase, amount);
        } else if (action == 3) {
            // Exactly to the target, one short, one past.
            (bool sellBase, uint256 close) = pool.amountToAnchor();
            close += _roll(3);
            if (close > 1) _trade(pool, sellBase, close - 1);
        } else if (action == 4) {
            uint256 part = 1 << _roll(60);
            (bool ok, ) = address(pool).call(
                abi.encodeCall(
                    IPmmPublicPool.addLiquidity,
                    (
                        baseReserve / part + _roll(2),
                        quoteReserve / part + _roll(2),
                        0,
                        stabilizer,
                        vm.getBlockTimestamp()
                    )
                )
            );
            ok;
        } else if (action == 5) {
            uint256 shares = IERC20(address(pool)).balanceOf(stabilizer) >> _roll(50);
            if (shares == 0) return;
            _public(pool).removeLiquidity(shares, 0, 0, stabilizer, vm.getBlockTimestamp());
        } else if (action == 6) {
            (isBase ? _base : _quote).transfer(address(pool), _roll(1000));
            IDodoV2PublicPool(address(pool)).sync();
        } else {
            nextBlock();
        }
    }

    function _trade(IPmmPool pool, bool isBase, uint256 amount) private {
        bytes memory call =
            isBase
                ? abi.encodeCall(IPmmPool.swapBase, (amount, 0, stabilizer, stabilizer, vm.getBlockTimestamp()))
                : abi.encodeCall(IPmmPool.swapQuote, (amount, 0, stabilizer, stabilizer, vm.getBlockTimestamp()));
        // Sizes beyond what a pool can record revert; never with a panic.
        (bool ok, bytes memory answer) = address(pool).call(call);
        if (!ok) assertNotEq(bytes32(bytes4(answer)), bytes32(bytes4(0x4e487b71)), "panic");
    }

    /// @dev Quote units times 1e18: nothing is rounded.
    function _worth(address who) private view returns (uint256) {
        return _base.balanceOf(who) * _anchor + _quote.balanceOf(who) * 1e18;
    }

    // Shares

    /// @notice First-depositor inflation: the attacker seeds the least, donates, and loses half of the gift to nobody's shares.
    function testFuzz_inflatingTheFirstShareCostsTheAttacker(uint256 gift, uint256 deposit) public {
        gift = bound(gift, 1, 1e12);
        deposit = bound(deposit, 1e4, 1e12);
        PlainERC20 base = PlainERC20(deploy("PlainERC20", abi.encode("SIX", 6)));
        vm.startPrank(attacker);
        IPmmPool pool = IPmmPool(factory.createPool(publicParams(address(base), address(_quote), 1e18, K)));
        vm.stopPrank();
        _give(base, pool, attacker, 2002);
        vm.prank(attacker);
        _public(pool).addLiquidity(2002, 2002, 0, attacker, vm.getBlockTimestamp());
        base.mint(address(pool), gift);
        _quote.mint(address(pool), gift);
        IDodoV2PublicPool(address(pool)).sync();
        _give(base, pool, trader, deposit);
        vm.prank(trader);
        try _public(pool).addLiquidity(deposit, deposit, 1, trader, vm.getBlockTimestamp()) {
            uint256 shares = IERC20(address(pool)).balanceOf(trader);
            vm.prank(trader);
            _public(pool).removeLiquidity(shares, 0, 0, trader, vm.getBlockTimestamp());
            // Only what the shares cost was taken: rounding takes two units at most.
            assertGe(base.balanceOf(trader) + 2, deposit, "victim base");
            assertGe(_quote.balanceOf(trader) + 2, deposit, "victim quote");
        } catch {}
        uint256 own = IERC20(address(pool)).balanceOf(attacker);
        vm.prank(attacker);
        (uint256 baseOut, ) = _public(pool).removeLiquidity(own, 0, 0, attacker, vm.getBlockTimestamp());
        assertLe(baseOut, (gift + 2002) / 2 + 2, "attacker");
    }

    function _give(PlainERC20 base, IPmmPool pool, address who, uint256 amount) private {
        base.mint(who, amount);
        _quote.mint(who, amount);
        vm.startPrank(who);
        base.approve(address(pool), type(uint256).max);
        _quote.approve(address(pool), type(uint256).max);
        vm.stopPrank();
    }

    // Parameters

    /// @notice POOL-9, D13: trade, apply, trade back. Fee, i and k step as far as they may; the state before is any balanced one.
    function testFuzz_D13_sandwichAroundAppliedParametersLoses(
        uint256 iStep,
        uint256 kStep,
        uint256 feeStep,
        uint256 amount,
        bool isBase
    ) public {
        IPmmPool pool = IPmmPool(fund(publicParams(address(_base), address(_quote), 1e9, K), 1e21, 1e12));
        uint256 i = bound(iStep, 1e9 - (1e9 * FEE) / WAD, 1e9 + (1e9 * FEE) / WAD);
        uint256 k = bound(kStep, (K * 3) / 4, (K * 5) / 4);
        uint256 fee = bound(feeStep, FEE / 2, FEE * 2);
        vm.prank(governor);
        (bool ok, ) = address(pool).call(abi.encodeCall(IPmmPool.proposeParameters, (i, k, fee)));
        vm.assume(ok);
        skipTime(DELAY, 2);
        amount = isBase ? bound(amount, 1e10, 5e19) : bound(amount, 10, 5e10);
        (PlainERC20 tokenIn, PlainERC20 tokenOut) = isBase ? (_base, _quote) : (_quote, _base);
        uint256 out = sell(pool, attacker, isBase, amount);
        (bool applied, ) = address(pool).call(abi.encodeCall(IPmmPool.applyParameters, ()));
        vm.startPrank(attacker);
        tokenOut.approve(address(pool), out);
        uint256 back =
            isBase
                ? pool.swapQuote(out, 0, attacker, attacker, vm.getBlockTimestamp())
                : pool.swapBase(out, 0, attacker, attacker, vm.getBlockTimestamp());
        vm.stopPrank();
        assertLe(back, amount, applied ? "sandwich" : "round trip");
        assertLe(tokenIn.balanceOf(attacker), amount, "balance");
    }

    /// @notice D13 over blocks: the attacker holds his position through the block before and through the change.
    function testFuzz_D13_positionHeldThroughAChangeLoses(uint256 iStep, uint256 amount, bool isBase) public {
        IPmmPool pool = IPmmPool(fund(publicParams(address(_base), address(_quote), 1e9, K), 1e21, 1e12));
        uint256 i = bound(iStep, 1e9 - (1e9 * FEE) / WAD, 1e9 + (1e9 * FEE) / WAD);
        vm.prank(governor);
        (bool ok, ) = address(pool).call(abi.encodeCall(IPmmPool.proposeParameters, (i, (K * 5) / 4, FEE / 2)));
        vm.assume(ok);
        skipTime(DELAY, 2);
        amount = isBase ? bound(amount, 1e10, 2e19) : bound(amount, 10, 2e10);
        PlainERC20 tokenOut = isBase ? _quote : _base;
        uint256 out = sell(pool, attacker, isBase, amount);
        nextBlock();
        (ok, ) = address(pool).call(abi.encodeCall(IPmmPool.applyParameters, ()));
        nextBlock();
        vm.startPrank(attacker);
        tokenOut.approve(address(pool), out);
        uint256 back =
            isBase
                ? pool.swapQuote(out, 0, attacker, attacker, vm.getBlockTimestamp())
                : pool.swapBase(out, 0, attacker, attacker, vm.getBlockTimestamp());
        vm.stopPrank();
        assertLe(back, amount, "round trip");
    }

    // Creation

    function test_ACCESS23_nobodyInitialisesTwiceOrWithoutTheFactory() public {
        address pool = fund(publicParams(address(_base), address(_quote), 1e9, K), 1e21, 1e12);
        vm.startPrank(attacker);
        vm.expectPartialRevert(ICommonErrors.NotAuthorized.selector);
        IPmmPool(pool).initialize(1e9, K, FEE, attacker, 0, 0);
        address implementation = factory.publicImplementation();
        vm.expectPartialRevert(IPmmPool.NotInitializable.selector);
        IPmmPool(implementation).initialize(1e9, K, FEE, attacker, 0, 0);
        vm.expectPartialRevert(IPmmPool.NotInitializable.selector);
        IDodoV2PublicPool(implementation).sync();
        // A clone of one's own answers to the attacker, and is no pool to anybody.
        bytes memory args = abi.encodePacked(address(_base), address(_quote), attacker, uint8(0));
        address own = Clones.cloneWithImmutableArgs(implementation, args);
        IPmmPool(own).initialize(1e9, K, FEE, attacker, 0, 0);
        assertFalse(factory.isPool(own), "own clone");
        vm.stopPrank();
        vm.prank(address(factory));
        vm.expectPartialRevert(IPmmPool.NotInitializable.selector);
        IPmmPool(pool).initialize(1e9, K, FEE, attacker, 0, 0);
    }

    /// @notice Donations to the address of a pool to come, and creations by others, neither block nor dilute it.
    function test_D3_D4_creationCannotBeSquattedOrPoisoned() public {
        IPmmFactory.PoolParams memory params = publicParams(address(_base), address(_quote), 1e9, K);
        address expected = factory.predictPool(provider, params);
        _base.mint(expected, 1);
        _quote.mint(expected, 7e12);
        vm.prank(attacker);
        factory.createPool(params);
        address pool = fund(params, 1e21, 1e12);
        assertEq(pool, expected, "address");
        (uint256 baseReserve, uint256 quoteReserve) = IPmmPool(pool).getVaultReserve();
        assertEq(baseReserve, 1e21, "base");
        assertEq(quoteReserve, 1e12, "quote");
        assertEq(IPmmPool(pool).spotRatio(), WAD, "ratio");
    }

    // Hostile tokens

    /// @notice TOKEN-24: a token with hooks re-enters every function and reads every view while a call is in progress.
    function test_TOKEN24_hooksMeetALockedPool() public {
        HookedToken hooked = new HookedToken();
        IPmmFactory.PoolParams memory params = publicParams(address(hooked), address(_quote), 1e9, K);
        IPmmPool pool = IPmmPool(fund(params, 1e21, 1e12));
        bytes[] memory attacks = new bytes[](13);
        attacks[0] = abi.encodeCall(pool.swapBase, (1, 0, attacker, attacker, type(uint256).max));
        attacks[1] = abi.encodeCall(pool.sellQuote, (attacker));
        attacks[2] = abi.encodeCall(pool.flashLoan, (1, 1, attacker, ""));
        attacks[3] = abi.encodeCall(IDodoV2PublicPool.sync, ());
        attacks[4] = abi.encodeCall(IDodoV2PublicPool.buyShares, (attacker));
        attacks[5] = abi.encodeCall(IPmmPublicPool.removeLiquidity, (1, 0, 0, attacker, type(uint256).max));
        attacks[6] = abi.encodeCall(pool.applyParameters, ());
        attacks[7] = abi.encodeCall(pool.getMidPrice, ());
        attacks[8] = abi.encodeCall(pool.getVaultReserve, ());
        attacks[9] = abi.encodeCall(pool.recentBlockEnds, (1));
        attacks[10] = abi.encodeCall(pool.spotRatio, ());
        attacks[11] = abi.encodeCall(pool.querySellBase, (attacker, 1e18));
        attacks[12] = abi.encodeCall(IPmmPublicPool.addLiquidity, (1, 1, 0, attacker, type(uint256).max));
        hooked.arm(address(pool), attacks);
        hooked.mint(trader, 1e18);
        vm.startPrank(trader);
        hooked.approve(address(pool), type(uint256).max);
        pool.swapBase(1e18, 0, trader, trader, vm.getBlockTimestamp());
        vm.stopPrank();
        assertEq(hooked.refused(), attacks.length, "refused");
        assertEq(hooked.passed(), 0, "passed");
    }

    /// @notice TOKEN-24: after a rebase downwards nothing but `sync` is needed, and the mid price stays at the anchor.
    function test_TOKEN24_downwardRebaseIsSynced() public {
        IPmmPool pool = IPmmPool(fund(publicParams(address(_base), address(_quote), 1e9, K), 1e21, 1e12));
        sell(pool, trader, true, 3e19);
        vm.prank(address(pool));
        _base.transfer(attacker, 5e20);
        IDodoV2PublicPool(address(pool)).sync();
        (uint256 baseReserve, ) = pool.getVaultReserve();
        assertEq(baseReserve, _base.balanceOf(address(pool)), "reserve");
        assertEq(pool.spotRatio(), WAD, "ratio");
        sell(pool, trader, true, 1e17);
        sell(pool, trader, false, 1e9);
    }

    // History

    /// @notice POOL-10, POOL-11: block-ends against a plain list, through gaps, busy blocks and several turns of the ring.
    function testFuzz_historyEqualsAPlainList(uint256 seed, uint256 density) public {
        _seed = seed;
        density = bound(density, 1, 5);
        IPmmPool pool = IPmmPool(fund(publicParams(address(_base), address(_quote), 1e9, K), 1e21, 1e12));
        uint256[] memory ends = new uint256[](400);
        uint256 first = vm.getBlockNumber();
        uint256 count = 150 + _roll(250);
        for (uint256 offset = 0; offset < count; ++offset) {
            if (_roll(density) == 0) {
                sell(pool, trader, true, 1e17 + _roll(1e18));
                if (_roll(2) == 0) sell(pool, trader, false, 1e9 + _roll(1e9));
            }
            ends[offset] = pool.spotRatio();
            nextBlock();
        }
        uint256 now_ = vm.getBlockNumber();
        assertEq(now_, first + count, "blocks");
        if (_roll(2) == 0) sell(pool, trader, false, 3e9); // a change in the running block hides nothing
        uint256[] memory recent = pool.recentBlockEnds(64);
        for (uint256 age = 1; age <= 128 && age <= count; ++age) {
            assertEq(pool.blockEndRatio(now_ - age), ends[count - age], "block end");
            if (age <= 64) assertEq(recent[age - 1], ends[count - age], "recent");
        }
        vm.expectPartialRevert(IPmmPool.HistoryUnavailable.selector);
        pool.blockEndRatio(now_ - 129);
        vm.expectPartialRevert(IPmmPool.HistoryUnavailable.selector);
        pool.blockEndRatio(now_);
    }

    function test_historyBeforeCreationIsNoHistory() public {
        IPmmPool pool = IPmmPool(fund(publicParams(address(_base), address(_quote), 1e9, K), 1e21, 1e12));
        uint256 born = vm.getBlockNumber();
        sell(pool, trader, true, 1e17);
        vm.expectPartialRevert(IPmmPool.HistoryUnavailable.selector);
        pool.blockEndRatio(born);
        vm.expectPartialRevert(IPmmPool.HistoryUnavailable.selector);
        pool.recentBlockEnds(1);
        nextBlock();
        uint256[] memory ends = pool.recentBlockEnds(1);
        assertEq(ends[0], pool.spotRatio(), "the block of creation ends where its sale left it");
        vm.expectPartialRevert(IPmmPool.HistoryUnavailable.selector);
        pool.recentBlockEnds(2);
    }

    // Helpers

    function _public(IPmmPool pool) private pure returns (IPmmPublicPool) {
        return IPmmPublicPool(address(pool));
    }

    function _roll(uint256 sides) private returns (uint256) {
        _seed = uint256(keccak256(abi.encode(_seed)));
        return _seed % sides;
    }
}
