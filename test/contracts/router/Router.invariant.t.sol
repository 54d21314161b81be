// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IEnhancedSwapRouter} from "../../../contracts/interfaces/IEnhancedSwapRouter.sol";
import {IPmmPool, IPmmPrivatePool} from "../../../contracts/interfaces/IPmmPool.sol";
import {ISwapRegistry} from "../../../contracts/interfaces/ISwapRegistry.sol";
import {HostileToken} from "../../../contracts/mocks/HostileToken.sol";
import {PlainERC20} from "../../../contracts/mocks/PlainERC20.sol";
import {PoolTrap} from "../../../contracts/mocks/PoolTrap.sol";
import {IDODOPMMIntegration} from "../../../contracts/interfaces/IDODOPMMIntegration.sol";
import {RouterBase} from "./RouterBase.t.sol";

interface IDomain {
    function DOMAIN_SEPARATOR() external view returns (bytes32);
}

/// @title The router under random orders, among them broken and hostile ones
contract RouterInvariantTest is RouterBase {
    bytes32 private constant TOKEN_PERMISSIONS_TYPEHASH = keccak256("TokenPermissions(address token,uint256 amount)");
    bytes32 private constant TRANSFER_TYPEHASH = keccak256(
        "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,SwapOrder witness)Route(uint256 amountIn,address firstPool,address secondPool)SwapOrder(address tokenOut,uint256 minOut,address to,uint256 deadline,Route[] routes)TokenPermissions(address token,uint256 amount)"
    );
    /// @dev What bystanders hold and have approved, of each token.
    uint256 private constant BYSTANDER = 1e24;

    PoolTrap private _trap;
    /// @dev A private pool whose owner even lets the router in.
    address private _mesh;
    uint256 private _meshBase;
    uint256 private _meshQuote;
    /// @dev Has approved exactly what it holds, so that spending shows in the allowance.
    address private _bystander;
    uint256 private _nonce;
    /// @dev Sent to the router by mistake: not its own, and nobody's to take.
    mapping(address token => uint256) private _strays;
    HostileToken private _hostile;
    address private _hostilePool;
    uint256 private _swaps;
    bool private _paidOtherThanQuoted;
    bool private _splitWorseThanOne;
    bool private _calledTheTrap;
    bool private _swappedThroughUnregistered;

    function setUp() public override {
        super.setUp();
        _trap = PoolTrap(deploy("PoolTrap", abi.encode(address(cUSDT), address(cUSDC), address(v3Factory))));
        _hostile = HostileToken(deploy("HostileToken", abi.encode(6)));
        _hostilePool = funded(IDODOPMMIntegration.Venue.OURS, PlainERC20(address(_hostile)), cUSDC, 1e18, 1e12);
        vm.prank(timelock);
        router.registerPool(_hostilePool);
        _openMesh();
        // Bystanders who once approved: nobody may spend it. The trader lets Permit2 pull, as its users do.
        _bystander = makeAddr("bystander");
        PlainERC20[5] memory all = tokens();
        for (uint256 j = 0; j < all.length; ++j) {
            all[j].mint(provider, 1e12);
            all[j].mint(_bystander, BYSTANDER);
            vm.prank(provider);
            all[j].approve(address(router), type(uint256).max);
            vm.startPrank(_bystander);
            all[j].approve(address(router), BYSTANDER);
            all[j].approve(permit2, BYSTANDER);
            vm.stopPrank();
            vm.prank(trader);
            all[j].approve(permit2, type(uint256).max);
        }
        targetContract(address(this));
        bytes4[] memory selectors = new bytes4[](11);
        selectors[0] = this.swapAsQuoted.selector;
        selectors[1] = this.swapAnyPath.selector;
        selectors[2] = this.disturbPool.selector;
        selectors[3] = this.sellHostile.selector;
        selectors[4] = this.removeAndRestore.selector;
        selectors[5] = this.callBack.selector;
        selectors[6] = this.swapSigned.selector;
        selectors[7] = this.takeFromTheRouter.selector;
        selectors[8] = this.sendByMistake.selector;
        selectors[9] = this.listTheMesh.selector;
        selectors[10] = this.toggleIntermediate.selector;
        targetSelector(address(this), selectors);
    }

    // What the runner calls

    function swapAsQuoted(uint256 pair, uint256 amount, uint256 maxRoutes) external {
        PlainERC20[2][6] memory pairs = [
            [cUSDT, cUSDC],
            [cUSDC, cUSDT],
            [gold, cUSDC],
            [cUSDC, gold],
            [cUSDC, usdt],
            [usdt, cUSDT]
        ];
        PlainERC20[2] memory chosen = pairs[pair % 6];
        amount = bound(amount, 1, chosen[0] == gold ? uint256(50e18) : 100_000e6);
        try router.quote(address(chosen[0]), amount, address(chosen[1]), 1 + (maxRoutes % 3)) returns (
            uint256 quoted,
            IEnhancedSwapRouter.Route[] memory routes
        ) {
            _compare(chosen, amount, quoted, routes);
        } catch {
            return;
        }
    }

    function _compare(
        PlainERC20[2] memory chosen,
        uint256 amount,
        uint256 quoted,
        IEnhancedSwapRouter.Route[] memory routes
    ) private {
        try router.quote(address(chosen[0]), amount, address(chosen[1]), 1) returns (
            uint256 single,
            IEnhancedSwapRouter.Route[] memory
        ) {
            if (quoted < single) _splitWorseThanOne = true;
        } catch {
            // The split reaches what no single route does.
            assertGt(routes.length, 1);
        }
        allow(chosen[0], amount);
        IEnhancedSwapRouter.Order memory order_ = order(chosen[0], amount, chosen[1]);
        order_.minOut = quoted;
        vm.prank(trader);
        try router.swap(order_, routes) returns (uint256 paid) {
            ++_swaps;
            if (paid != quoted) _paidOtherThanQuoted = true;
        } catch {
            _paidOtherThanQuoted = true;
        }
    }

    /// @dev Any pools in any order, also ones that are not registered; most of it is refused.
    function swapAnyPath(uint256 seed, uint256 amount, bool asAttacker) external {
        PlainERC20[5] memory all = tokens();
        address[10] memory targets = [
            _mesh,
            ours,
            dodo,
            address(v3),
            goldCUSDT,
            address(goldCUSDC),
            cusdtUsdt,
            address(_trap),
            provider,
            address(0)
        ];
        amount = bound(amount, 0, 10_000e6);
        IEnhancedSwapRouter.Route[] memory routes = one(amount, targets[(seed >> 8) % 10], targets[(seed >> 16) % 10]);
        IEnhancedSwapRouter.Order memory order_ = order(all[seed % 5], amount, all[(seed >> 4) % 5]);
        order_.minOut = 0;
        allow(all[seed % 5], amount);
        vm.prank(asAttacker ? attacker : trader);
        try router.swap(order_, routes) {
            ++_swaps;
            if (router.poolEntry(routes[0].firstPool).venue == ISwapRegistry.Venue.NONE) {
                _swappedThroughUnregistered = true;
            }
            if (
                routes[0].secondPool != address(0) &&
                router.poolEntry(routes[0].secondPool).venue == ISwapRegistry.Venue.NONE
            ) _swappedThroughUnregistered = true;
        } catch (bytes memory reason) {
            if (bytes4(reason) == PoolTrap.Trapped.selector) _calledTheTrap = true;
        }
    }

    function disturbPool(uint256 which, bool isBase, uint256 amount) external {
        address[4] memory targets = [ours, dodo, goldCUSDT, cusdtUsdt];
        address pool = targets[which % 4];
        disturb(pool, isBase, bound(amount, 1e6, 20_000e6));
    }

    /// @dev A token of a registered pool that turns hostile.
    function sellHostile(uint256 mode, uint256 amount) external {
        amount = bound(amount, 1, 100_000e6);
        _hostile.setMode(HostileToken.Mode.HONEST);
        _hostile.mint(trader, amount);
        vm.prank(trader);
        _hostile.approve(address(router), amount);
        IEnhancedSwapRouter.Order memory order_ = order(PlainERC20(address(_hostile)), amount, cUSDC);
        IEnhancedSwapRouter.Route[] memory routes = one(amount, _hostilePool, address(0));
        if (mode % 5 == 4) _hostile.setHook(address(router), abi.encodeCall(router.swap, (order_, routes)));
        else _hostile.setMode(HostileToken.Mode(mode % 4));
        vm.prank(trader);
        try router.swap(order_, routes) {
            ++_swaps;
        } catch (bytes memory reason) {
            if (bytes4(reason) == PoolTrap.Trapped.selector) _calledTheTrap = true;
        }
        _hostile.setMode(HostileToken.Mode.HONEST);
    }

    function removeAndRestore(uint256 which) external {
        address pool = pools()[which % 6];
        if (router.poolEntry(pool).venue != ISwapRegistry.Venue.NONE) {
            vm.prank(guardian);
            router.removePool(pool);
        } else {
            vm.prank(timelock);
            if (pool == address(v3) || pool == address(goldCUSDC)) router.registerUniswapPool(address(v3Factory), pool);
            else router.registerPool(pool);
        }
    }

    function callBack(uint256 who, int256 amount) external {
        address[3] memory callers = [attacker, address(v3), address(_trap)];
        vm.prank(callers[who % 3]);
        try router.uniswapV3SwapCallback(amount, amount, "") {
            _calledTheTrap = true;
        } catch (bytes memory reason) {
            assertEq(bytes32(bytes4(reason)), bytes32(IEnhancedSwapRouter.UnexpectedCallback.selector));
        }
    }

    /// @dev The attacker submits what the trader signed: first changed, then as signed, then again.
    function swapSigned(uint256 amount, bool aToB, uint256 change) external {
        (PlainERC20 tokenIn, PlainERC20 tokenOut) = aToB ? (cUSDT, cUSDC) : (cUSDC, cUSDT);
        amount = bound(amount, 2, 50_000e6);
        tokenIn.mint(trader, amount);
        IEnhancedSwapRouter.Order memory order_ = order(tokenIn, amount, tokenOut);
        order_.minOut = 0;
        IEnhancedSwapRouter.Route[] memory routes = one(amount, ours, address(0));
        IEnhancedSwapRouter.SignedTransfer memory signed = _sign(order_, routes);
        uint256 before = tokenIn.balanceOf(trader);
        IEnhancedSwapRouter.Order memory changed = order(tokenIn, amount, tokenOut);
        changed.minOut = change % 3 == 0 ? 1 : 0;
        if (change % 3 == 1) changed.to = attacker;
        if (change % 3 == 2) (changed.amountIn, routes[0].amountIn) = (amount - 1, amount - 1);
        assertFalse(_submit(changed, routes, signed), "ROUTER-4: something else than was signed");
        routes[0].amountIn = amount;
        signed.owner = _bystander;
        assertFalse(_submit(order_, routes, signed), "ROUTER-4: somebody else than signed");
        signed.owner = trader;
        assertEq(tokenIn.balanceOf(trader), before, "ROUTER-4: nothing moved");
        if (!_submit(order_, routes, signed)) return;
        assertEq(before - tokenIn.balanceOf(trader), amount, "ROUTER-4: what was signed");
        assertFalse(_submit(order_, routes, signed), "ROUTER-5: twice");
    }

    /// @dev Pools of ours may pull from the router, so everything is tried that could make them.
    function takeFromTheRouter(uint256 how, uint256 amount) external {
        IPmmPool pool = IPmmPool(how % 2 == 0 ? ours : goldCUSDT);
        amount = bound(amount, 0, 1e24);
        vm.startPrank(attacker);
        bool done;
        bytes memory call = abi.encodeCall(pool.swapBase, (amount, 0, address(router), attacker, block.timestamp));
        if (how % 3 == 1)
            call = abi.encodeCall(pool.swapQuote, (amount, 0, address(router), attacker, block.timestamp));
        if (how % 3 == 2) call = abi.encodeCall(cUSDT.transferFrom, (address(router), attacker, amount + 1));
        (done, ) = (how % 3 == 2 ? address(cUSDT) : address(pool)).call(call);
        vm.stopPrank();
        assertFalse(done, "ROUTER-1: the approvals serve the router's own swaps");
    }

    function sendByMistake(uint256 which, uint256 amount) external {
        PlainERC20 token = tokens()[which % 5];
        amount = bound(amount, 1, 1e18);
        token.mint(address(router), amount);
        _strays[address(token)] += amount;
    }

    function listTheMesh(bool asTimelock) external {
        vm.prank(asTimelock ? timelock : attacker);
        (bool done, ) = address(router).call(abi.encodeCall(router.registerPool, (_mesh)));
        assertFalse(done, "ROUTER-3: a private pool");
    }

    function toggleIntermediate(bool isGold) external {
        address token = isGold ? address(gold) : address(cUSDT);
        bool accepted = router.isIntermediate(token);
        vm.prank(accepted ? guardian : timelock);
        router.setIntermediate(token, !accepted);
    }

    /// @dev The handlers above swallow refusals: here each of them must get through.
    function test_handlersReachTheRouter() public {
        this.swapAsQuoted(0, 5_000e6, 2);
        assertEq(_swaps, 1, "as quoted");
        this.swapSigned(5_000e6, true, 1);
        assertEq(_swaps, 2, "signed");
        this.sellHostile(0, 5_000e6);
        assertEq(_swaps, 3, "of a token that is honest now");
        // A seed that means cUSDT to cUSDC through our own pool.
        this.swapAnyPath(591_620, 5_000e6, false);
        assertEq(_swaps, 4, "on a path of its own");
        this.sendByMistake(0, 7);
        this.removeAndRestore(0);
        invariant_ROUTER1_holdsNothing();
        this.removeAndRestore(0);
        this.swapSigned(5_000e6, false, 2);
        assertEq(_swaps, 5, "after it was restored");
        invariant_ROUTER1_holdsNothing();
        assertFalse(_paidOtherThanQuoted, "as quoted");
    }

    // What must hold

    function invariant_ROUTER1_holdsNothing() public view {
        PlainERC20[5] memory all = tokens();
        for (uint256 j = 0; j < all.length; ++j) {
            assertEq(all[j].balanceOf(address(router)), _strays[address(all[j])], "ROUTER-1: nothing but strays");
        }
        assertApprovals();
        assertEq(_hostile.balanceOf(address(router)), 0, "ROUTER-1");
        assertApproval(_hostilePool, address(_hostile));
    }

    function invariant_ROUTER2_paysWhatWasQuoted() public view {
        assertFalse(_paidOtherThanQuoted, "ROUTER-2: exactly");
        assertFalse(_splitWorseThanOne, "ROUTER-2: never worse than one route");
    }

    function invariant_ROUTER3_onlyRegisteredPoolsAreCalled() public view {
        assertEq(_trap.calls(), 0, "ROUTER-3");
        assertFalse(_calledTheTrap, "ROUTER-3: not even in calls that reverted");
        assertFalse(_swappedThroughUnregistered, "ROUTER-3: no trade");
        assertEq(uint256(router.poolEntry(_mesh).venue), 0, "ROUTER-3: never a private pool");
        assertEq(cUSDT.balanceOf(_mesh), _meshBase, "ROUTER-3: it never trades");
        assertEq(cUSDC.balanceOf(_mesh), _meshQuote, "ROUTER-3: it never trades");
    }

    function invariant_ROUTER4_bystandersKeepTheirTokens() public view {
        PlainERC20[5] memory all = tokens();
        for (uint256 j = 0; j < all.length; ++j) {
            assertGe(all[j].balanceOf(provider), 1e12, "ROUTER-4");
            assertEq(all[j].balanceOf(_bystander), BYSTANDER, "ROUTER-4: holds what it held");
            assertEq(all[j].allowance(_bystander, address(router)), BYSTANDER, "ROUTER-4: unspent");
            assertEq(all[j].allowance(_bystander, permit2), BYSTANDER, "ROUTER-4: unspent");
        }
    }

    // Internal

    function _openMesh() private {
        uint256 amount = 1_000_000e6;
        give(cUSDT, manager, amount);
        give(cUSDC, manager, amount);
        vm.startPrank(manager);
        _mesh = integration.createPrivatePool(
            IDODOPMMIntegration.Venue.OURS,
            terms(cUSDT, cUSDC, 1e18),
            amount,
            amount,
            manager,
            block.timestamp
        );
        IPmmPrivatePool(_mesh).setAllowed(address(router), true);
        vm.stopPrank();
        (_meshBase, _meshQuote) = (cUSDT.balanceOf(_mesh), cUSDC.balanceOf(_mesh));
        assertGt(_meshBase, 0, "a pool that could trade");
    }

    function _submit(
        IEnhancedSwapRouter.Order memory order_,
        IEnhancedSwapRouter.Route[] memory routes,
        IEnhancedSwapRouter.SignedTransfer memory signed
    ) private returns (bool done) {
        vm.prank(attacker);
        (done, ) = address(router).call(abi.encodeCall(router.swapWithPermit2, (order_, routes, signed)));
        if (done) ++_swaps;
    }

    function _sign(
        IEnhancedSwapRouter.Order memory order_,
        IEnhancedSwapRouter.Route[] memory routes
    ) private returns (IEnhancedSwapRouter.SignedTransfer memory signed) {
        (signed.owner, signed.chainId, signed.nonce) = (trader, block.chainid, ++_nonce);
        signed.deadline = block.timestamp;
        bytes32 permitted = keccak256(abi.encode(TOKEN_PERMISSIONS_TYPEHASH, order_.tokenIn, order_.amountIn));
        bytes32 witness = router.witnessOf(order_, routes);
        bytes32 content = keccak256(
            abi.encode(TRANSFER_TYPEHASH, permitted, address(router), _nonce, signed.deadline, witness)
        );
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", IDomain(permit2).DOMAIN_SEPARATOR(), content));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keyOf("trader"), digest);
        signed.signature = abi.encodePacked(r, s, v);
    }
}
