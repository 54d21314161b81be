// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {BasketVault} from "../../../contracts/gru/BasketVault.sol";
import {GruDiamond} from "../../../contracts/gru/GruDiamond.sol";
import {LoupeFacet} from "../../../contracts/gru/facets/LoupeFacet.sol";
import {OwnershipFacet} from "../../../contracts/gru/facets/OwnershipFacet.sol";
import {IDiamond} from "../../../contracts/interfaces/IDiamond.sol";
import {IDiamondLoupe} from "../../../contracts/interfaces/IDiamondLoupe.sol";
import {IGruOwnership} from "../../../contracts/interfaces/IGruOwnership.sol";
import {IM1Token} from "../../../contracts/interfaces/IM1Token.sol";
import {IM1TokenFactory} from "../../../contracts/interfaces/IM1TokenFactory.sol";
import {M1Token} from "../../../contracts/tokens/M1Token.sol";
import {M1TokenFactory} from "../../../contracts/tokens/M1TokenFactory.sol";
import {Base} from "../Base.t.sol";

/// @title GruBase
/// @notice M00 over four real M1 tokens (6, 6, 6 and 18 decimals), its vault registered as their system contract.
abstract contract GruBase is Base {
    uint256 internal constant TOKENS = 4;
    uint256 internal constant DELAY = 2 days;
    uint256 internal constant LOCKED = 1e12;
    uint256 internal constant FOREVER = type(uint256).max;
    address internal constant LOCK = 0x000000000000000000000000000000000000dEaD;

    address internal timelock;
    address internal guardian;
    address internal minter;
    address internal holder;
    address internal trader;
    address internal attacker;

    M1Token[TOKENS] internal tokens;
    GruDiamond internal m00;
    BasketVault internal vault;
    LoupeFacet internal loupeFacet;
    OwnershipFacet internal ownershipFacet;
    IDiamondLoupe internal loupe;

    function setUp() public virtual {
        vm.warp(1_700_000_000);
        timelock = makeAddr("timelock");
        guardian = makeAddr("guardian");
        minter = makeAddr("minter");
        holder = makeAddr("holder");
        trader = makeAddr("trader");
        attacker = makeAddr("attacker");

        M1TokenFactory factory = M1TokenFactory(deploy("M1TokenFactory", ""));
        string[TOKENS] memory symbols = ["cUSDT", "cUSDC", "cEURT", "XAU"];
        for (uint256 i = 0; i < TOKENS; ++i) tokens[i] = _newToken(factory, symbols[i], i == 3 ? 18 : 6);

        (loupeFacet, ownershipFacet) = (
            LoupeFacet(deploy("LoupeFacet", "")),
            OwnershipFacet(deploy("OwnershipFacet", ""))
        );
        (address[] memory list, uint256[] memory units) = _basket();
        m00 = GruDiamond(payable(deploy("GruDiamond", abi.encode(_setup(list, units)))));
        vault = BasketVault(m00.vault());
        loupe = IDiamondLoupe(address(m00));
        for (uint256 i = 0; i < TOKENS; ++i) {
            vm.prank(timelock);
            tokens[i].setSystemContract(address(vault), true);
        }
    }

    /// @dev 0.30 cUSDT, 0.30 cUSDC, 0.20 cEURT and 0.0001 oz of gold per M00.
    function _basket() internal view returns (address[] memory list, uint256[] memory units) {
        list = new address[](TOKENS);
        units = new uint256[](TOKENS);
        for (uint256 i = 0; i < TOKENS; ++i) list[i] = address(tokens[i]);
        (units[0], units[1], units[2], units[3]) = (300_000, 300_000, 200_000, 1e14);
    }

    function _setup(
        address[] memory list,
        uint256[] memory units
    ) internal view returns (GruDiamond.Setup memory setup) {
        setup.owner = timelock;
        setup.guardian = guardian;
        setup.minCutDelaySeconds = DELAY;
        setup.loupeFacet = address(loupeFacet);
        setup.ownershipFacet = address(ownershipFacet);
        setup.basketTokens = list;
        setup.initialUnitsPerShare = units;
    }

    function _newToken(M1TokenFactory factory, string memory symbol, uint8 decimals) internal returns (M1Token) {
        IM1Token.ChainSetup memory chainSetup;
        chainSetup.minters = new IM1Token.MinterLimit[](1);
        chainSetup.minters[0] = IM1Token.MinterLimit(minter, type(uint128).max, 0, 0, 0);
        chainSetup.pausers = _only(guardian);
        chainSetup.freezers = _only(guardian);
        IM1TokenFactory.CommonArguments memory common = IM1TokenFactory.CommonArguments({
            name: symbol,
            symbol: symbol,
            decimals: decimals,
            admin: timelock
        });
        return M1Token(factory.createToken(common, chainSetup));
    }

    // ---- Issue and redeem

    function _give(address account, uint256 token, uint256 amount) internal {
        vm.prank(minter);
        tokens[token].mint(account, amount);
    }

    /// @dev Gives `account` exactly what the issue takes, and has it issue.
    function _issue(address account, uint256 shares) internal returns (uint256[] memory amountsIn) {
        amountsIn = vault.previewIssue(shares);
        for (uint256 i = 0; i < TOKENS; ++i) {
            _give(account, i, amountsIn[i]);
            vm.prank(account);
            tokens[i].approve(address(vault), amountsIn[i]);
        }
        vm.prank(account);
        m00.issue(shares, amountsIn, account, FOREVER);
    }

    function _redeem(address account, uint256 shares) internal returns (uint256[] memory) {
        vm.prank(account);
        return m00.redeem(shares, new uint256[](TOKENS), account, FOREVER);
    }

    // ---- Cuts

    function _part(
        address facet,
        IDiamond.FacetCutAction action,
        bytes4[] memory selectors
    ) internal pure returns (IDiamond.FacetCut[] memory cuts) {
        cuts = new IDiamond.FacetCut[](1);
        cuts[0] = IDiamond.FacetCut(facet, action, selectors);
    }

    function _schedule(IDiamond.FacetCut[] memory cuts, address init, bytes memory data) internal returns (bytes32) {
        vm.prank(timelock);
        return m00.scheduleCut(cuts, init, data, bytes32(0), DELAY);
    }

    /// @dev Schedules, waits and executes.
    function _cut(IDiamond.FacetCut[] memory cuts) internal {
        _schedule(cuts, address(0), "");
        skipTime(DELAY, 2);
        vm.prank(timelock);
        m00.diamondCut(cuts, address(0), "");
    }

    /// @dev Schedules and waits; the execution that follows must revert with exactly this.
    function _expectCutToRevert(IDiamond.FacetCut[] memory cuts, bytes memory revertData) internal {
        _schedule(cuts, address(0), "");
        skipTime(DELAY, 2);
        vm.prank(timelock);
        vm.expectRevert(revertData);
        m00.diamondCut(cuts, address(0), "");
    }

    function _ownership() internal view returns (IGruOwnership) {
        return IGruOwnership(address(m00));
    }

    // ---- Lists

    function _only(address account) internal pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = account;
    }

    function _selectors(bytes4 selector) internal pure returns (bytes4[] memory list) {
        list = new bytes4[](1);
        list[0] = selector;
    }
}
