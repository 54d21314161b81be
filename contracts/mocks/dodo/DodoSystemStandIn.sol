// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {
    IDodoV2DppProxy,
    IDodoV2DspFactory,
    IDodoV2DspProxy,
    IDodoV2Registry
} from "../../interfaces/IDodoV2Periphery.sol";
import {DodoDppAdminStandIn, DodoDppStandIn} from "./DodoDppStandIn.sol";
import {DodoDspStandIn} from "./DodoDspStandIn.sol";

/// @title A registry that its admin can edit, as DODO's
abstract contract DodoRegistryStandIn is IDodoV2Registry {
    address public immutable admin = msg.sender;
    mapping(address base => mapping(address quote => address[] pools)) public _REGISTRY_;

    error NotAdmin();

    function getDODOPool(address base, address quote) external view returns (address[] memory) {
        return _REGISTRY_[base][quote];
    }

    function getDODOPoolBidirection(
        address token0,
        address token1
    ) external view returns (address[] memory, address[] memory) {
        return (_REGISTRY_[token0][token1], _REGISTRY_[token1][token0]);
    }

    function addPoolByAdmin(address, address base, address quote, address pool) external {
        require(msg.sender == admin, NotAdmin());
        _REGISTRY_[base][quote].push(pool);
    }
}

/// @title Stand-in of DODO's DSPFactory
contract DodoDspFactoryStandIn is DodoRegistryStandIn, IDodoV2DspFactory {
    event NewDSP(address baseToken, address quoteToken, address creator, address dsp);

    address public immutable _DSP_TEMPLATE_ = address(new DodoDspStandIn());
    address public immutable _DEFAULT_MAINTAINER_ = msg.sender;
    uint256 public constant MT_FEE_RATE = 0;
    /// @dev Imitates a `create` that failed for lack of gas: the factory does not notice.
    bool public failsToClone;

    function setFailsToClone(bool fails) external {
        failsToClone = fails;
    }

    function createDODOStablePool(
        address baseToken,
        address quoteToken,
        uint256 lpFeeRate,
        uint256 i,
        uint256 k,
        bool isOpenTWAP
    ) external returns (address newStablePool) {
        if (failsToClone) return address(0);
        newStablePool = Clones.clone(_DSP_TEMPLATE_);
        DodoDspStandIn(newStablePool).init(
            _DEFAULT_MAINTAINER_,
            baseToken,
            quoteToken,
            lpFeeRate,
            MT_FEE_RATE,
            i,
            k,
            isOpenTWAP
        );
        _REGISTRY_[baseToken][quoteToken].push(newStablePool);
        emit NewDSP(baseToken, quoteToken, msg.sender, newStablePool);
    }
}

/// @title Stand-in of DODO's DPPFactory: the clone and its initialisation are two calls, the second for listed callers only
contract DodoDppFactoryStandIn is DodoRegistryStandIn {
    event NewDPP(address baseToken, address quoteToken, address creator, address dpp);

    address public immutable _DPP_TEMPLATE_ = address(new DodoDppStandIn());
    address public immutable _DPP_ADMIN_TEMPLATE_ = address(new DodoDppAdminStandIn());
    mapping(address caller => bool listed) public isAdminListed;

    function addAdminList(address caller) external {
        require(msg.sender == admin, NotAdmin());
        isAdminListed[caller] = true;
    }

    function createDODOPrivatePool() external returns (address newPrivatePool) {
        newPrivatePool = Clones.clone(_DPP_TEMPLATE_);
    }

    function initDODOPrivatePool(
        address dpp,
        address creator,
        address baseToken,
        address quoteToken,
        uint256 lpFeeRate,
        uint256 k,
        uint256 i,
        bool isOpenTwap
    ) external {
        require(isAdminListed[msg.sender], NotAdmin());
        address poolAdmin = Clones.clone(_DPP_ADMIN_TEMPLATE_);
        DodoDppAdminStandIn(poolAdmin).init(creator, dpp);
        DodoDppStandIn(dpp).init(poolAdmin, admin, baseToken, quoteToken, lpFeeRate, 0, k, i, isOpenTwap);
        _REGISTRY_[baseToken][quoteToken].push(dpp);
        emit NewDPP(baseToken, quoteToken, creator, dpp);
    }
}

/// @title Stand-in of DODOApprove: users approve it, only listed proxies claim
contract DodoApproveStandIn {
    using SafeERC20 for IERC20;

    address public immutable admin = msg.sender;
    mapping(address proxy => bool allowed) public isAllowedProxy;

    error NotAllowedProxy();

    function allow(address proxy) external {
        require(msg.sender == admin, NotAllowedProxy());
        isAllowedProxy[proxy] = true;
    }

    function claimTokens(address token, address who, address dest, uint256 amount) external {
        require(isAllowedProxy[msg.sender], NotAllowedProxy());
        if (amount > 0) IERC20(token).safeTransferFrom(who, dest, amount);
    }
}

/// @title Stand-in of DODODspProxy: create, fund, mint
contract DodoDspProxyStandIn is IDodoV2DspProxy {
    DodoApproveStandIn public immutable approve;
    DodoDspFactoryStandIn public immutable factory;

    error Expired();

    constructor(DodoApproveStandIn approve_, DodoDspFactoryStandIn factory_) {
        (approve, factory) = (approve_, factory_);
    }

    function createDODOStablePair(
        address baseToken,
        address quoteToken,
        uint256 baseInAmount,
        uint256 quoteInAmount,
        uint256 lpFeeRate,
        uint256 i,
        uint256 k,
        bool isOpenTWAP,
        uint256 deadline
    ) external payable returns (address newStablePair, uint256 shares) {
        require(deadline >= block.timestamp, Expired());
        newStablePair = factory.createDODOStablePool(baseToken, quoteToken, lpFeeRate, i, k, isOpenTWAP);
        approve.claimTokens(baseToken, msg.sender, newStablePair, baseInAmount);
        approve.claimTokens(quoteToken, msg.sender, newStablePair, quoteInAmount);
        (shares, , ) = DodoDspStandIn(newStablePair).buyShares(msg.sender);
    }
}

/// @title Stand-in of DODODppProxy: clone, fund, initialise in one transaction
contract DodoDppProxyStandIn is IDodoV2DppProxy {
    DodoApproveStandIn public immutable approve;
    DodoDppFactoryStandIn public immutable factory;

    error Expired();

    constructor(DodoApproveStandIn approve_, DodoDppFactoryStandIn factory_) {
        (approve, factory) = (approve_, factory_);
    }

    function createDODOPrivatePool(
        address baseToken,
        address quoteToken,
        uint256 baseInAmount,
        uint256 quoteInAmount,
        uint256 lpFeeRate,
        uint256 i,
        uint256 k,
        bool isOpenTwap,
        uint256 deadline
    ) external payable returns (address newPrivatePool) {
        require(deadline >= block.timestamp, Expired());
        newPrivatePool = factory.createDODOPrivatePool();
        approve.claimTokens(baseToken, msg.sender, newPrivatePool, baseInAmount);
        approve.claimTokens(quoteToken, msg.sender, newPrivatePool, quoteInAmount);
        factory.initDODOPrivatePool(newPrivatePool, msg.sender, baseToken, quoteToken, lpFeeRate, k, i, isOpenTwap);
    }
}
