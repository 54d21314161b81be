// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IDiamondCutTimelock} from "../interfaces/IDiamondCutTimelock.sol";
import {IDiamondLoupe} from "../interfaces/IDiamondLoupe.sol";
import {IGruOwnership} from "../interfaces/IGruOwnership.sol";
import {IGruToken} from "../interfaces/IGruToken.sol";
import {BasketVault} from "./BasketVault.sol";
import {CutTimelock} from "./CutTimelock.sol";
import {GruToken} from "./GruToken.sol";
import {SelectorTable} from "./SelectorTable.sol";

/// @title GruDiamond
/// @notice M00, the GRU index, as an EIP-2535 diamond: token, issue, redeem and the cut timelock are its own code ("immutable functions"
/// of the standard); loupe, ownership and everything that comes later are facets.
/// @dev ROLES. Owner (the protocol's timelock): cuts, after their delay. Guardian: cancels cuts. Holders: everything about shares.
/// @dev DELEGATECALL. Only to facets in the table and to the initializer of an executed cut. Before any of them except the two facets
/// of the constructor, whose code is known to call nobody, the vault is told to refuse the diamond for the rest of the transaction. So
/// code that a cut brought in can write all of the diamond's storage and move neither a share nor a basket token.
/// @dev STATIC CALLS. In them the vault cannot note anything, and nothing can be changed either. A facet whose front did not close,
/// for this or any other reason, therefore runs inside a static call that the diamond makes to itself: it fails closed. Such a facet
/// sees the diamond as its caller.
/// @dev PRICE SOURCES, ROUNDING, TOKEN REQUIREMENTS: see BasketVault. Never approve the diamond for anything, and send it nothing.
/// @dev LIVENESS. Token, issue and redeem depend on no facet, no owner and no storage of the diamond.
/// @dev HOW TO STOP IT. Cuts: `cancelCut`. The rest: nobody can.
contract GruDiamond is GruToken, CutTimelock {
    struct Setup {
        address owner;
        address guardian;
        uint256 minCutDelaySeconds;
        address loupeFacet;
        address ownershipFacet;
        address[] basketTokens;
        uint256[] initialUnitsPerShare;
    }

    /// @dev Many times what `closeFront` needs. Failing in a static call it burns all of it, so it must not be much more.
    uint256 private constant CLOSE_GAS = 5_000;
    /// @dev Below this, closing could fail for want of gas, and a facet that writes would fail without a reason.
    uint256 private constant MIN_DISPATCH_GAS = 15_000;

    address private immutable _LOUPE;
    address private immutable _OWNERSHIP;

    /// @notice Thrown when a call to a facet comes with too little gas to be dispatched.
    error GasTooLow(uint256 gasLeft, uint256 required);
    /// @notice Thrown when an initializer would run although the vault could not be told to refuse the diamond.
    error FrontStaysOpen();

    constructor(
        Setup memory setup
    )
        GruToken(new BasketVault(address(this), setup.basketTokens, setup.initialUnitsPerShare))
        CutTimelock(setup.owner, setup.guardian, setup.minCutDelaySeconds)
    {
        (_LOUPE, _OWNERSHIP) = (setup.loupeFacet, setup.ownershipFacet);
        emit IGruOwnership.OwnershipTransferred(address(0), setup.owner);

        FacetCut[] memory cuts = new FacetCut[](2);
        cuts[0] = FacetCut(setup.loupeFacet, FacetCutAction.Add, _loupeSelectors());
        cuts[1] = FacetCut(setup.ownershipFacet, FacetCutAction.Add, _ownershipSelectors());
        SelectorTable.cut(cuts);
        emit DiamondCut(cuts, address(0), "");

        bytes4[] memory own = _ownSelectors();
        SelectorTable.addImmutable(own);
        cuts = new FacetCut[](1);
        cuts[0] = FacetCut(address(this), FacetCutAction.Add, own);
        emit DiamondCut(cuts, address(0), "");

        SelectorTable.Layout storage table = SelectorTable.layout();
        table.supportsInterface[type(IERC165).interfaceId] = true;
        table.supportsInterface[type(IDiamondLoupe).interfaceId] = true;
        table.supportsInterface[IDiamondCutTimelock.diamondCut.selector] = true;
        table.supportsInterface[IGruOwnership.owner.selector ^ IGruOwnership.transferOwnership.selector] = true;
        table.supportsInterface[type(IERC20).interfaceId] = true;
        table.supportsInterface[type(IERC20Metadata).interfaceId] = true;
        table.supportsInterface[type(IERC20Permit).interfaceId] = true;
        table.supportsInterface[type(IERC5267).interfaceId] = true;
    }

    receive() external payable {
        revert FunctionNotFound(bytes4(0));
    }

    fallback() external payable {
        address facet = SelectorTable.facetOf(msg.sig);
        require(facet != address(0), FunctionNotFound(msg.sig));
        // The diamond calls itself only below, or from replaceable code: closed already, or static.
        bool isSafe = facet == _LOUPE || facet == _OWNERSHIP || msg.sender == address(this) || _closeFront();
        assembly {
            calldatacopy(0, 0, calldatasize())
            let ok
            switch isSafe
            case 0 {
                ok := staticcall(gas(), address(), 0, calldatasize(), 0, 0)
            }
            default {
                ok := delegatecall(gas(), facet, 0, calldatasize(), 0, 0)
            }
            returndatacopy(0, 0, returndatasize())
            switch ok
            case 0 {
                revert(0, returndatasize())
            }
            default {
                return(0, returndatasize())
            }
        }
    }

    function _initialize(address init, bytes calldata data) internal override {
        require(init.code.length > 0, NotAContract(init));
        require(_closeFront(), FrontStaysOpen());
        (bool ok, bytes memory answer) = init.delegatecall(data);
        if (ok) return;
        assembly ("memory-safe") {
            revert(add(answer, 0x20), mload(answer))
        }
    }

    /// @return closed false in a static call.
    function _closeFront() private returns (bool closed) {
        require(gasleft() >= MIN_DISPATCH_GAS, GasTooLow(gasleft(), MIN_DISPATCH_GAS));
        try _VAULT.closeFront{gas: CLOSE_GAS}() {
            closed = true;
        } catch {}
    }

    /// @dev Every function of this contract; a test compares the list with the ABI.
    function _ownSelectors() private pure returns (bytes4[] memory selectors) {
        selectors = new bytes4[](29);
        selectors[0] = IGruToken.vault.selector;
        selectors[1] = IGruToken.issue.selector;
        selectors[2] = IGruToken.redeem.selector;
        selectors[3] = IGruToken.redeemWithout.selector;
        selectors[4] = IERC20.totalSupply.selector;
        selectors[5] = IERC20.balanceOf.selector;
        selectors[6] = IERC20.transfer.selector;
        selectors[7] = IERC20.allowance.selector;
        selectors[8] = IERC20.approve.selector;
        selectors[9] = IERC20.transferFrom.selector;
        selectors[10] = IERC20Metadata.name.selector;
        selectors[11] = IERC20Metadata.symbol.selector;
        selectors[12] = IERC20Metadata.decimals.selector;
        selectors[13] = IERC20Permit.permit.selector;
        selectors[14] = IERC20Permit.nonces.selector;
        selectors[15] = IERC20Permit.DOMAIN_SEPARATOR.selector;
        selectors[16] = IERC5267.eip712Domain.selector;
        selectors[17] = IDiamondCutTimelock.scheduleCut.selector;
        selectors[18] = IDiamondCutTimelock.executeCut.selector;
        selectors[19] = IDiamondCutTimelock.diamondCut.selector;
        selectors[20] = IDiamondCutTimelock.cancelCut.selector;
        selectors[21] = IDiamondCutTimelock.announceGuardian.selector;
        selectors[22] = IDiamondCutTimelock.applyGuardian.selector;
        selectors[23] = IDiamondCutTimelock.minCutDelaySeconds.selector;
        selectors[24] = IDiamondCutTimelock.cutReadyAt.selector;
        selectors[25] = IDiamondCutTimelock.cutId.selector;
        selectors[26] = IDiamondCutTimelock.guardian.selector;
        selectors[27] = IDiamondCutTimelock.pendingGuardian.selector;
        selectors[28] = IDiamondCutTimelock.MAX_WAIT_SECONDS.selector;
    }

    function _loupeSelectors() private pure returns (bytes4[] memory selectors) {
        selectors = new bytes4[](5);
        selectors[0] = IDiamondLoupe.facets.selector;
        selectors[1] = IDiamondLoupe.facetFunctionSelectors.selector;
        selectors[2] = IDiamondLoupe.facetAddresses.selector;
        selectors[3] = IDiamondLoupe.facetAddress.selector;
        selectors[4] = IERC165.supportsInterface.selector;
    }

    function _ownershipSelectors() private pure returns (bytes4[] memory selectors) {
        selectors = new bytes4[](4);
        selectors[0] = IGruOwnership.owner.selector;
        selectors[1] = IGruOwnership.pendingOwner.selector;
        selectors[2] = IGruOwnership.transferOwnership.selector;
        selectors[3] = IGruOwnership.acceptOwnership.selector;
    }
}
