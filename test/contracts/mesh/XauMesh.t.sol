// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IPmmFactory} from "../../../contracts/interfaces/IPmmFactory.sol";
import {IPmmPool, IPmmPrivatePool} from "../../../contracts/interfaces/IPmmPool.sol";
import {IXauMesh} from "../../../contracts/interfaces/IXauMesh.sol";
import {PmmFactory} from "../../../contracts/pmm/PmmFactory.sol";
import {M1Token} from "../../../contracts/tokens/M1Token.sol";
import {StabilizerBase} from "../stabilizer/StabilizerBase.t.sol";

contract XauMeshTest is StabilizerBase {
    address internal operator;

    function setUp() public override {
        super.setUp();
        operator = makeAddr("operator");
        vm.prank(timelock);
        mesh.setOperator(operator, true);
        M1Token[4] memory all = [xau, cUSDT, cUSDC, cEURT];
        address[] memory tokens = mesh.tokens();
        for (uint256 index = 0; index < 4; ++index) mint(all[index], operator, unitsOfUsd(all[index], 500_000));
        vm.startPrank(operator);
        for (uint256 index = 0; index < tokens.length; ++index) {
            IERC20(tokens[index]).approve(mesh.poolOf(tokens[index]), type(uint256).max);
            xau.approve(mesh.poolOf(tokens[index]), type(uint256).max);
        }
        vm.stopPrank();
    }

    function _pool(M1Token token) internal view returns (IPmmPrivatePool) {
        return IPmmPrivatePool(mesh.poolOf(address(token)));
    }

    // Swaps

    function testFuzz_swap_paysWhatQuoteSays(uint256 usd, uint256 from, uint256 to) public {
        M1Token[4] memory all = [xau, cUSDT, cUSDC, cEURT];
        M1Token tokenIn = all[from % 4];
        M1Token tokenOut = all[to % 4];
        uint256 amountIn = unitsOfUsd(tokenIn, bound(usd, 1, 300_000));
        if (address(tokenIn) == address(tokenOut)) {
            vm.expectRevert(abi.encodeWithSelector(ICommonErrors.IdenticalTokens.selector, address(tokenIn)));
            mesh.quote(address(tokenIn), amountIn, address(tokenOut));
            return;
        }
        uint256 quoted = mesh.quote(address(tokenIn), amountIn, address(tokenOut));
        uint256 inBefore = tokenIn.balanceOf(operator);
        uint256 outBefore = tokenOut.balanceOf(operator);
        uint256 xauBefore = xau.balanceOf(operator);
        vm.prank(operator);
        uint256 out = mesh.swap(address(tokenIn), amountIn, address(tokenOut), quoted, block.timestamp);
        assertEq(out, quoted, "quote");
        assertEq(inBefore - tokenIn.balanceOf(operator), amountIn, "paid exactly");
        assertEq(tokenOut.balanceOf(operator) - outBefore, out, "received");
        if (address(tokenIn) != address(xau) && address(tokenOut) != address(xau)) {
            assertEq(xau.balanceOf(operator), xauBefore, "the middle passes through");
        }
        for (uint256 index = 0; index < 4; ++index)
            assertEq(all[index].balanceOf(address(mesh)), 0, "mesh holds nothing");
        assertLe(valueXau(tokenOut, out), valueXau(tokenIn, amountIn), "never better than the oracle from balance");
    }

    function testFuzz_swap_countsOnlyWhatTheFirstLegPaid(uint256 usd, uint256 donatedUsd) public {
        uint256 amountIn = unitsOfUsd(cUSDT, bound(usd, 1, 300_000));
        uint256 donated = unitsOfUsd(xau, bound(donatedUsd, 1, 1_000_000));
        uint256 quoted = mesh.quote(address(cUSDT), amountIn, address(cUSDC));
        mint(xau, address(_pool(cUSDC)), donated);
        assertEq(mesh.quote(address(cUSDT), amountIn, address(cUSDC)), quoted, "a donation moves no quote");

        uint256 xauBefore = xau.balanceOf(operator);
        vm.prank(operator);
        uint256 out = mesh.swap(address(cUSDT), amountIn, address(cUSDC), quoted, block.timestamp);
        assertEq(out, quoted, "a donation moves no swap");
        assertEq(xau.balanceOf(operator), xauBefore, "XAU never touches the operator");
        assertEq(_pool(cUSDC).getBaseInput(), donated, "the donation lies where it lay");
        assertEq(_pool(cUSDT).getBaseInput(), 0, "nothing is left behind");
        address last = address(_pool(cUSDC));
        vm.prank(timelock);
        mesh.retrieve(last, address(xau), donated, provider);
        assertEq(xau.balanceOf(provider), donated, "for the owner to take out");
    }

    function test_swap_needsNoXauApprovalForTheMiddle() public {
        address last = address(_pool(cUSDC));
        vm.startPrank(operator);
        xau.approve(last, 0);
        uint256 out = mesh.swap(address(cUSDT), 1e9, address(cUSDC), 0, block.timestamp);
        vm.stopPrank();
        assertGt(out, 0, "two legs");
    }

    function testFuzz_ORACLE22_roundTripNeverGains(uint256 usd) public {
        uint256 amountIn = unitsOfUsd(cUSDT, bound(usd, 1, 300_000));
        vm.startPrank(operator);
        uint256 there = mesh.swap(address(cUSDT), amountIn, address(cEURT), 0, block.timestamp);
        uint256 back = mesh.swap(address(cEURT), there, address(cUSDT), 0, block.timestamp);
        vm.stopPrank();
        assertLt(back, amountIn, "A to B to A");
    }

    function test_swap_minimumDeadlineAndUnknownToken() public {
        uint256 amountIn = unitsOfUsd(cUSDT, 1_000);
        uint256 quoted = mesh.quote(address(cUSDT), amountIn, address(cUSDC));
        vm.startPrank(operator);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutputBelowMinimum.selector, quoted, quoted + 1));
        mesh.swap(address(cUSDT), amountIn, address(cUSDC), quoted + 1, block.timestamp);
        vm.expectRevert(
            abi.encodeWithSelector(ICommonErrors.DeadlineExpired.selector, block.timestamp - 1, block.timestamp)
        );
        mesh.swap(address(cUSDT), amountIn, address(cUSDC), 0, block.timestamp - 1);
        vm.expectRevert(abi.encodeWithSelector(IXauMesh.NoMeshPool.selector, address(oracle)));
        mesh.swap(address(oracle), 1, address(cUSDC), 0, block.timestamp);
        vm.expectRevert(abi.encodeWithSelector(IXauMesh.NoMeshPool.selector, address(oracle)));
        mesh.swap(address(xau), 1, address(oracle), 0, block.timestamp);
        vm.stopPrank();
    }

    // MESH-18: nobody else

    function test_MESH18_noFunctionOpensToStrangers() public {
        vm.startPrank(attacker);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        mesh.swap(address(cUSDT), 1e6, address(cUSDC), 0, block.timestamp);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        mesh.fund(address(cUSDT), 0, 1e6);
        bytes memory notOwner = abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", attacker);
        vm.expectRevert(notOwner);
        mesh.setOperator(attacker, true);
        vm.expectRevert(notOwner);
        mesh.setFactory(attacker, true);
        vm.expectRevert(notOwner);
        mesh.registerPool(attacker);
        vm.expectRevert(notOwner);
        mesh.removePool(address(cUSDT));
        vm.expectRevert(notOwner);
        mesh.withdraw(address(stablePool), 1, 1, attacker);
        vm.expectRevert(notOwner);
        mesh.retrieve(address(stablePool), address(cUSDT), 1, attacker);
        vm.expectRevert(notOwner);
        mesh.proposeParameters(address(stablePool), 0, 1, 1);
        vm.expectRevert(notOwner);
        mesh.cancelParameters(address(stablePool));
        vm.stopPrank();
    }

    function test_MESH18_poolsRefuseStrangersOnEveryEntry() public {
        IPmmPrivatePool pool = _pool(cUSDT);
        mint(cUSDT, attacker, 1e12);
        mint(xau, attacker, 1e18);
        vm.startPrank(attacker);
        cUSDT.approve(address(pool), type(uint256).max);
        xau.approve(address(pool), type(uint256).max);
        bytes memory notAllowed = abi.encodeWithSelector(IPmmPrivatePool.NotAllowed.selector, attacker);
        vm.expectRevert(notAllowed);
        pool.swapBase(1e18, 0, attacker, attacker, block.timestamp);
        vm.expectRevert(notAllowed);
        pool.swapQuote(1e6, 0, operator, attacker, block.timestamp); // with an operator's approval
        cUSDT.transfer(address(pool), 1e6);
        vm.expectRevert(notAllowed);
        pool.sellQuote(attacker);
        vm.expectRevert(notAllowed);
        pool.sellBase(attacker);
        xau.transfer(address(pool), 1e18);
        vm.expectRevert(notAllowed);
        pool.swapReceivedBase(1e18, 0, attacker, block.timestamp);
        vm.expectRevert(notAllowed);
        pool.flashLoan(1, 1, attacker, "");
        bytes memory notOwner = abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker);
        vm.expectRevert(notOwner);
        pool.deposit(1, 1, operator);
        vm.expectRevert(notOwner);
        pool.withdraw(1, 1, attacker);
        vm.expectRevert(notOwner);
        pool.retrieve(attacker, address(cUSDT), 1e6);
        vm.expectRevert(notOwner);
        pool.setAllowed(attacker, true);
        vm.expectRevert(notOwner);
        pool.transferOwnership(attacker);
        vm.expectRevert(notOwner);
        pool.claimOwnership();
        vm.stopPrank();
        // What the attacker threw in is the owner's to take out.
        vm.prank(timelock);
        mesh.retrieve(address(pool), address(cUSDT), 1e6, provider);
        assertEq(cUSDT.balanceOf(provider), 1e6, "retrieved");
    }

    function test_MESH18_formerOwnerCannotHandOverAPoolWithGuests() public {
        // A pool that the attacker owned, with himself on the list, can never become the mesh's.
        IPmmFactory.PoolParams memory params = _params(attacker);
        vm.startPrank(attacker);
        address pool = factory.createPool(params);
        IPmmPrivatePool(pool).setAllowed(attacker, true);
        IPmmPrivatePool(pool).transferOwnership(address(mesh));
        vm.stopPrank();
        vm.startPrank(timelock);
        mesh.removePool(address(cUSDT));
        vm.expectRevert(abi.encodeWithSelector(IXauMesh.NotAMeshPool.selector, pool));
        mesh.registerPool(pool);
        vm.stopPrank();
    }

    function test_swap_takesFromItsCallerOnly() public {
        address other = makeAddr("other operator");
        vm.prank(timelock);
        mesh.setOperator(other, true);
        uint256 before = cUSDT.balanceOf(operator);
        vm.prank(other);
        vm.expectPartialRevert(IERC20Errors.ERC20InsufficientAllowance.selector);
        mesh.swap(address(cUSDT), 1e6, address(cUSDC), 0, block.timestamp);
        assertEq(cUSDT.balanceOf(operator), before, "another operator's approval is not used");
    }

    // Registry

    function _params(address owner) internal view returns (IPmmFactory.PoolParams memory) {
        return
            IPmmFactory.PoolParams({
                kind: IPmmPool.Kind.PRIVATE,
                pricing: IPmmPool.Pricing.ORACLE,
                baseToken: address(xau),
                quoteToken: address(cUSDT),
                lpFeeRate: MESH_FEE,
                i: 0,
                k: 0.005e18,
                isOpenTWAP: false,
                owner: owner
            });
    }

    function test_register_refusesWhatIsNotAMeshPool() public {
        IPmmFactory.PoolParams memory notXau = _params(address(mesh));
        (notXau.baseToken, notXau.quoteToken) = (address(cEURT), address(cUSDC));
        address[6] memory bad = [
            attacker, // no code
            address(cUSDT), // no pool
            address(stablePool), // public
            factory.createPool(_params(attacker)), // another owner
            factory.createPool(notXau), // not against XAU
            _poolOfFactory(0, false) // factory not accepted
        ];
        vm.startPrank(timelock);
        mesh.removePool(address(cUSDT));
        for (uint256 index = 0; index < bad.length; ++index) {
            vm.expectRevert(abi.encodeWithSelector(IXauMesh.NotAMeshPool.selector, bad[index]));
            mesh.registerPool(bad[index]);
        }
        vm.stopPrank();
        address withMaintainer = _poolOfFactory(1e14, true);
        vm.prank(timelock);
        vm.expectRevert(abi.encodeWithSelector(IXauMesh.NotAMeshPool.selector, withMaintainer));
        mesh.registerPool(withMaintainer);
    }

    function _poolOfFactory(uint256 mtFeeRate, bool accept) internal returns (address) {
        IPmmPool.Config memory config = IPmmPool.Config({
            oracle: address(oracle),
            stabilizer: address(stabilizer),
            maintainer: attacker,
            mtFeeRate: mtFeeRate,
            flashFeeRate: 0,
            parameterDelay: 1 days
        });
        PmmFactory other = PmmFactory(
            deploy(
                "PmmFactory",
                abi.encode(
                    timelock,
                    deploy("PublicPmmPool", abi.encode(config)),
                    deploy("PrivatePmmPool", abi.encode(config))
                )
            )
        );
        if (accept) {
            vm.prank(timelock);
            mesh.setFactory(address(other), true);
        }
        return other.createPool(_params(address(mesh)));
    }

    function test_register_onePoolPerToken() public {
        address second = factory.createPool(_params(address(mesh)));
        vm.startPrank(timelock);
        vm.expectRevert(abi.encodeWithSelector(IXauMesh.TokenTaken.selector, address(cUSDT)));
        mesh.registerPool(second);
        address first = mesh.poolOf(address(cUSDT));
        (uint256 xauWei, uint256 units) = mesh.reserves(address(cUSDT));
        mesh.removePool(address(cUSDT));
        assertEq(mesh.tokens().length, 2, "two left");
        vm.expectRevert(abi.encodeWithSelector(IXauMesh.NoMeshPool.selector, address(cUSDT)));
        mesh.reserves(address(cUSDT));
        mesh.registerPool(second);
        // D24: the funds of a removed pool stay within reach.
        mesh.withdraw(first, xauWei - 1, units - 1, provider);
        vm.stopPrank();
        assertEq(cUSDT.balanceOf(provider), units - 1, "recovered");
    }

    // Funds

    function test_fund_operatorsAndOwnerOnly_andWithdrawReadsNoOracle() public {
        (uint256 xauBefore, uint256 unitsBefore) = mesh.reserves(address(cUSDC));
        uint256 xauIn = unitsOfUsd(xau, 1_000);
        uint256 unitsIn = unitsOfUsd(cUSDC, 1_000);
        vm.prank(operator);
        mesh.fund(address(cUSDC), xauIn, unitsIn);
        (uint256 xauAfter, uint256 unitsAfter) = mesh.reserves(address(cUSDC));
        assertEq(xauAfter - xauBefore, xauIn, "XAU in");
        assertEq(unitsAfter - unitsBefore, unitsIn, "tokens in");
        skipTime(3 days, 2); // every feed is stale
        address pool = mesh.poolOf(address(cUSDC));
        vm.prank(timelock);
        mesh.withdraw(pool, xauIn, unitsIn, provider);
        assertEq(xau.balanceOf(provider), xauIn, "XAU out");
        assertEq(cUSDC.balanceOf(provider), unitsIn, "tokens out");
    }

    function test_parameters_passThroughTheMesh() public {
        address pool = mesh.poolOf(address(cUSDC));
        vm.startPrank(timelock);
        mesh.proposeParameters(pool, 0, 0.006e18, MESH_FEE);
        mesh.cancelParameters(pool);
        mesh.proposeParameters(pool, 0, 0.006e18, MESH_FEE);
        vm.stopPrank();
        skipTime(23 hours, 2);
        vm.expectPartialRevert(ICommonErrors.NotReady.selector);
        mesh.applyParameters(pool);
        skipTime(1 hours, 2);
        report(xau, XAU_USD);
        report(cUSDC, 1_00000000);
        skipBlocks(GRACE);
        mesh.applyParameters(pool);
        assertEq(IPmmPool(pool)._K_(), 0.006e18, "applied");
    }

    function test_constructor_needsXau() public {
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, attacker));
        deploy("XauMesh", abi.encode(attacker, timelock));
        vm.prank(timelock);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, timelock));
        mesh.renounceOwnership();
    }
}

/// @title MeshIntruder
/// @notice Tries whatever might move a token in or out of the mesh without being an operator.
contract MeshIntruder is StabilizerBase {
    uint256 public successes;
    uint256 public reservesAtStart;

    constructor() {
        setUp();
        reservesAtStart = _sum();
    }

    function _sum() internal view returns (uint256 sum) {
        address[] memory tokens = mesh.tokens();
        for (uint256 index = 0; index < tokens.length; ++index) {
            (uint256 xauWei, uint256 units) = mesh.reserves(tokens[index]);
            sum += xauWei + units;
        }
    }

    function sum() external view returns (uint256) {
        return _sum();
    }

    function tryAnything(uint256 seed, uint256 amount, address payer) external {
        address token = mesh.tokens()[seed % 3];
        address pool = mesh.poolOf(token);
        amount = bound(amount, 1, 1e24);
        address victim = seed & 16 == 0 ? address(stabilizer) : payer;
        bytes[12] memory calls = [
            abi.encodeCall(IPmmPool.swapBase, (amount, 0, victim, attacker, block.timestamp)),
            abi.encodeCall(IPmmPool.swapQuote, (amount, 0, victim, attacker, block.timestamp)),
            abi.encodeWithSignature("sellBase(address)", attacker),
            abi.encodeWithSignature("sellQuote(address)", attacker),
            abi.encodeWithSignature("flashLoan(uint256,uint256,address,bytes)", amount, amount, attacker, ""),
            abi.encodeCall(IPmmPrivatePool.deposit, (amount, amount, victim)),
            abi.encodeCall(IPmmPrivatePool.withdraw, (amount, amount, attacker)),
            abi.encodeCall(IPmmPrivatePool.retrieve, (attacker, token, amount)),
            abi.encodeCall(IPmmPrivatePool.setAllowed, (attacker, true)),
            abi.encodeWithSignature("sync()"),
            abi.encodeWithSignature("buyShares(address)", attacker),
            abi.encodeWithSignature(
                "initialize(uint256,uint256,uint256,address,uint256,uint256)",
                0,
                1e16,
                1e14,
                attacker,
                0,
                0
            )
        ];
        vm.prank(attacker);
        (bool ok, ) = pool.call(calls[(seed >> 8) % 12]);
        if (ok) ++successes;
        bytes[4] memory meshCalls = [
            abi.encodeCall(IXauMesh.swap, (token, amount, address(xau), 0, block.timestamp)),
            abi.encodeCall(IXauMesh.fund, (token, amount, amount)),
            abi.encodeCall(IXauMesh.withdraw, (pool, amount, amount, attacker)),
            abi.encodeCall(IXauMesh.registerPool, (address(stablePool)))
        ];
        vm.prank(attacker);
        (ok, ) = address(mesh).call(meshCalls[(seed >> 16) % 4]);
        if (ok) ++successes;
    }

    function donate(uint256 seed, uint256 usd) external {
        M1Token token = M1Token(mesh.tokens()[seed % 3]);
        mint(token, mesh.poolOf(address(token)), unitsOfUsd(token, bound(usd, 1, 1e6)));
    }
}

contract XauMeshInvariantTest is StabilizerBase {
    MeshIntruder internal intruder;

    function setUp() public override {
        intruder = new MeshIntruder();
        targetContract(address(intruder));
        targetSender(makeAddr("world"));
        bytes4[] memory selectors = new bytes4[](2);
        selectors[0] = MeshIntruder.tryAnything.selector;
        selectors[1] = MeshIntruder.donate.selector;
        targetSelector(address(intruder), selectors);
    }

    function invariant_MESH18_nobodyElseMovesAnything() public view {
        assertEq(intruder.successes(), 0, "a stranger's call succeeded");
        assertEq(intruder.sum(), intruder.reservesAtStart(), "recorded reserves");
    }
}
