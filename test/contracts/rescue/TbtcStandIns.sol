// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice What the escrow sees of a deposit: its states and the redemption, refused where the real one refuses it. The real one is met in
/// test/integration/tbtc.
contract DepositStandIn {
    error Refused(uint256 state);

    uint256 public currentState = 4;
    bool public isSecure;
    uint256 public costUnits = 1e17;
    address public redeemer;
    bytes8 public outputValue;
    bytes public script;
    uint256 public compensationWei;
    IERC20 private immutable _token;

    constructor(IERC20 token) {
        _token = token;
    }

    receive() external payable {}

    // --- What a test does to it ---

    function set(uint256 state) external {
        currentState = state;
    }

    function secure(bool on) external {
        isSecure = on;
    }

    function price(uint256 newCostUnits) external {
        costUnits = newCostUnits;
    }

    function compensate() external payable {
        compensationWei += msg.value;
    }

    // --- What it is asked ---

    function getRedemptionTbtcRequirement(address) external view returns (uint256) {
        return costUnits;
    }

    function notifyCourtesyCall() external {
        require(currentState == 4 && !isSecure, Refused(currentState));
        currentState = 8;
    }

    function requestRedemption(bytes8 outputValue_, bytes calldata redeemerOutputScript) external {
        require(currentState == 4 || currentState == 8, Refused(currentState));
        _token.transferFrom(msg.sender, address(this), costUnits);
        (redeemer, outputValue, script) = (msg.sender, outputValue_, redeemerOutputScript);
        currentState = 5;
    }

    function withdrawFunds() external {
        require(msg.sender == redeemer, Refused(currentState));
        uint256 amountWei = compensationWei;
        compensationWei = 0;
        (bool ok, ) = msg.sender.call{value: amountWei}("");
        require(ok, Refused(currentState));
    }
}

/// @notice Knows which deposits its factory opened.
contract DepositTokenStandIn {
    mapping(uint256 tokenId => bool) public exists;

    function mint(address deposit) external {
        exists[uint256(uint160(deposit))] = true;
    }
}

/// @notice A contract that signs: it takes the signatures of one key.
contract SigningWallet {
    address private immutable _key;

    constructor(address key) payable {
        _key = key;
    }

    receive() external payable {}

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        (bytes32 r, bytes32 s, uint8 v) = abi.decode(signature, (bytes32, bytes32, uint8));
        return ecrecover(digest, v, r, s) == _key ? this.isValidSignature.selector : bytes4(0);
    }

    function act(address target, uint256 valueWei, bytes calldata data) external returns (bytes memory) {
        (bool ok, bytes memory answer) = target.call{value: valueWei}(data);
        if (ok) return answer;
        assembly ("memory-safe") {
            revert(add(answer, 0x20), mload(answer))
        }
    }
}

/// @notice An account that refuses ether, or calls back when it gets some.
contract HostileAccount {
    error Refused();

    address private _target;
    bytes private _again;
    bool private _refuses;
    bytes public answer;
    bool public reentered;

    receive() external payable {
        require(!_refuses, Refused());
        if (_again.length == 0) return;
        (reentered, answer) = _target.call(_again);
    }

    function refuse(bool on) external {
        _refuses = on;
    }

    function callBackWith(bytes calldata again) external {
        _again = again;
    }

    function call(address target, uint256 valueWei, bytes calldata data) external payable returns (bool ok) {
        _target = target;
        (ok, ) = target.call{value: valueWei}(data);
    }
}

/// @notice TBTC that anybody mints. Told to, it calls back while it moves, as the real one never does.
contract TbtcTokenStandIn is ERC20 {
    address private _target;
    bytes private _again;
    bytes public answer;
    bool public reentered;

    constructor() ERC20("tBTC", "TBTC") {}

    function mint(address to, uint256 units) external {
        _mint(to, units);
    }

    function callBackWith(address target, bytes calldata again) external {
        (_target, _again) = (target, again);
    }

    function transferFrom(address from, address to, uint256 units) public override returns (bool) {
        if (_again.length > 0) (reentered, answer) = _target.call(_again);
        return super.transferFrom(from, to, units);
    }
}
