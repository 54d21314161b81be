/**
 * The type of programs/prebuilt/position_manager.json, with the names in camelCase that @anchor-lang/core gives to TypeScript. Written by
 * `npm run build:programs`; the IDL itself is that file.
 */
export type PositionManager = {
  "address": "FnWyXSmct2W35V3HJGEN54ohYUscotR5bLiBeADpUA1c",
  "metadata": {
    "name": "positionManager",
    "version": "0.1.0",
    "spec": "0.1.0",
    "description": "One perpetual market whose collateral lies in collateral vaults."
  },
  "instructions": [
    {
      "name": "acceptRole",
      "discriminator": [
        52,
        25,
        7,
        231,
        196,
        235,
        119,
        253
      ],
      "accounts": [
        {
          "name": "holder",
          "docs": [
            "Checked in `validate`."
          ],
          "signer": true
        },
        {
          "name": "market",
          "writable": true
        },
        {
          "name": "price",
          "writable": true
        }
      ],
      "args": [
        {
          "name": "role",
          "type": {
            "defined": {
              "name": "role"
            }
          }
        }
      ]
    },
    {
      "name": "addCollateral",
      "discriminator": [
        127,
        82,
        121,
        42,
        161,
        176,
        249,
        206
      ],
      "accounts": [
        {
          "name": "admin",
          "docs": [
            "Checked in `validate`."
          ],
          "signer": true
        },
        {
          "name": "market",
          "writable": true
        },
        {
          "name": "houseBalance"
        },
        {
          "name": "houseLock"
        },
        {
          "name": "mint"
        }
      ],
      "args": []
    },
    {
      "name": "addMargin",
      "discriminator": [
        211,
        238,
        238,
        90,
        223,
        228,
        228,
        76
      ],
      "accounts": [
        {
          "name": "owner",
          "docs": [
            "Checked in `validate`."
          ],
          "signer": true
        },
        {
          "name": "access",
          "accounts": [
            {
              "name": "program",
              "address": "4c33JBiGvMpKBUzijeg7qiWKtn7N6RpkNxjBhUMGwHDZ"
            },
            {
              "name": "collateralAuthority"
            },
            {
              "name": "vaultAuthority"
            },
            {
              "name": "authorizedProgram"
            },
            {
              "name": "programData"
            }
          ]
        },
        {
          "name": "market",
          "writable": true
        },
        {
          "name": "position",
          "writable": true
        },
        {
          "name": "trader",
          "accounts": [
            {
              "name": "vault"
            },
            {
              "name": "balance",
              "writable": true
            },
            {
              "name": "programLock",
              "writable": true
            }
          ]
        }
      ],
      "args": [
        {
          "name": "amount",
          "type": "u64"
        }
      ]
    },
    {
      "name": "increasePosition",
      "discriminator": [
        253,
        234,
        128,
        104,
        192,
        188,
        45,
        91
      ],
      "accounts": [
        {
          "name": "owner",
          "docs": [
            "Checked in `validate`."
          ],
          "signer": true
        },
        {
          "name": "access",
          "accounts": [
            {
              "name": "program",
              "address": "4c33JBiGvMpKBUzijeg7qiWKtn7N6RpkNxjBhUMGwHDZ"
            },
            {
              "name": "collateralAuthority"
            },
            {
              "name": "vaultAuthority"
            },
            {
              "name": "authorizedProgram"
            },
            {
              "name": "programData"
            }
          ]
        },
        {
          "name": "market",
          "writable": true
        },
        {
          "name": "price"
        },
        {
          "name": "position",
          "writable": true
        },
        {
          "name": "trader",
          "accounts": [
            {
              "name": "vault"
            },
            {
              "name": "balance",
              "writable": true
            },
            {
              "name": "programLock",
              "writable": true
            }
          ]
        }
      ],
      "args": [
        {
          "name": "args",
          "type": {
            "defined": {
              "name": "increasePositionArgs"
            }
          }
        }
      ]
    },
    {
      "name": "initializeMarket",
      "discriminator": [
        35,
        35,
        189,
        193,
        155,
        48,
        170,
        203
      ],
      "accounts": [
        {
          "name": "payer",
          "writable": true,
          "signer": true
        },
        {
          "name": "upgradeAuthority",
          "signer": true
        },
        {
          "name": "program",
          "address": "FnWyXSmct2W35V3HJGEN54ohYUscotR5bLiBeADpUA1c"
        },
        {
          "name": "programData"
        },
        {
          "name": "houseOwner",
          "docs": [
            "The house vault's owner agrees to be the other side of every position: checked in `validate`."
          ],
          "signer": true
        },
        {
          "name": "houseVault"
        },
        {
          "name": "market",
          "writable": true,
          "pda": {
            "seeds": [
              {
                "kind": "const",
                "value": [
                  109,
                  97,
                  114,
                  107,
                  101,
                  116
                ]
              }
            ]
          }
        },
        {
          "name": "price",
          "writable": true,
          "pda": {
            "seeds": [
              {
                "kind": "const",
                "value": [
                  112,
                  114,
                  105,
                  99,
                  101
                ]
              },
              {
                "kind": "account",
                "path": "market"
              }
            ]
          }
        },
        {
          "name": "systemProgram",
          "address": "11111111111111111111111111111111"
        }
      ],
      "args": [
        {
          "name": "args",
          "type": {
            "defined": {
              "name": "initializeMarketArgs"
            }
          }
        }
      ]
    },
    {
      "name": "liquidate",
      "discriminator": [
        223,
        179,
        226,
        125,
        48,
        46,
        39,
        74
      ],
      "accounts": [
        {
          "name": "liquidator",
          "signer": true
        },
        {
          "name": "owner",
          "writable": true
        },
        {
          "name": "settling",
          "accounts": [
            {
              "name": "access",
              "accounts": [
                {
                  "name": "program",
                  "address": "4c33JBiGvMpKBUzijeg7qiWKtn7N6RpkNxjBhUMGwHDZ"
                },
                {
                  "name": "collateralAuthority"
                },
                {
                  "name": "vaultAuthority"
                },
                {
                  "name": "authorizedProgram"
                },
                {
                  "name": "programData"
                }
              ]
            },
            {
              "name": "market",
              "writable": true
            },
            {
              "name": "price"
            },
            {
              "name": "position",
              "writable": true
            },
            {
              "name": "trader",
              "accounts": [
                {
                  "name": "vault"
                },
                {
                  "name": "balance",
                  "writable": true
                },
                {
                  "name": "programLock",
                  "writable": true
                }
              ]
            },
            {
              "name": "house",
              "accounts": [
                {
                  "name": "vault"
                },
                {
                  "name": "balance",
                  "writable": true
                },
                {
                  "name": "programLock",
                  "writable": true
                }
              ]
            },
            {
              "name": "traderTokens",
              "writable": true
            },
            {
              "name": "houseTokens",
              "writable": true
            },
            {
              "name": "mint"
            },
            {
              "name": "tokenProgram"
            }
          ]
        },
        {
          "name": "liquidatorVault",
          "docs": [
            "The liquidator's: checked in `validate`."
          ]
        },
        {
          "name": "liquidatorBalance",
          "docs": [
            "Of the position's mint: checked in `validate`."
          ],
          "writable": true
        },
        {
          "name": "liquidatorTokens",
          "writable": true
        }
      ],
      "args": []
    },
    {
      "name": "lockHouse",
      "discriminator": [
        218,
        39,
        120,
        237,
        81,
        130,
        153,
        44
      ],
      "accounts": [
        {
          "name": "houseOwner",
          "docs": [
            "The house vault's owner: checked in `validate`."
          ],
          "signer": true
        },
        {
          "name": "access",
          "accounts": [
            {
              "name": "program",
              "address": "4c33JBiGvMpKBUzijeg7qiWKtn7N6RpkNxjBhUMGwHDZ"
            },
            {
              "name": "collateralAuthority"
            },
            {
              "name": "vaultAuthority"
            },
            {
              "name": "authorizedProgram"
            },
            {
              "name": "programData"
            }
          ]
        },
        {
          "name": "market",
          "writable": true
        },
        {
          "name": "house",
          "accounts": [
            {
              "name": "vault"
            },
            {
              "name": "balance",
              "writable": true
            },
            {
              "name": "programLock",
              "writable": true
            }
          ]
        }
      ],
      "args": [
        {
          "name": "amount",
          "type": "u64"
        }
      ]
    },
    {
      "name": "openPosition",
      "discriminator": [
        135,
        128,
        47,
        77,
        15,
        152,
        240,
        49
      ],
      "accounts": [
        {
          "name": "owner",
          "docs": [
            "The vault's owner, who pays the position's rent and gets it back: checked in `validate`."
          ],
          "writable": true,
          "signer": true
        },
        {
          "name": "access",
          "accounts": [
            {
              "name": "program",
              "address": "4c33JBiGvMpKBUzijeg7qiWKtn7N6RpkNxjBhUMGwHDZ"
            },
            {
              "name": "collateralAuthority"
            },
            {
              "name": "vaultAuthority"
            },
            {
              "name": "authorizedProgram"
            },
            {
              "name": "programData"
            }
          ]
        },
        {
          "name": "market",
          "writable": true
        },
        {
          "name": "price"
        },
        {
          "name": "trader",
          "accounts": [
            {
              "name": "vault"
            },
            {
              "name": "balance",
              "writable": true
            },
            {
              "name": "programLock",
              "writable": true
            }
          ]
        },
        {
          "name": "position",
          "writable": true,
          "pda": {
            "seeds": [
              {
                "kind": "const",
                "value": [
                  112,
                  111,
                  115,
                  105,
                  116,
                  105,
                  111,
                  110
                ]
              },
              {
                "kind": "account",
                "path": "market"
              },
              {
                "kind": "account",
                "path": "trader.balance",
                "account": "funds"
              }
            ]
          }
        },
        {
          "name": "systemProgram",
          "address": "11111111111111111111111111111111"
        }
      ],
      "args": [
        {
          "name": "args",
          "type": {
            "defined": {
              "name": "openPositionArgs"
            }
          }
        }
      ]
    },
    {
      "name": "proposeRole",
      "discriminator": [
        79,
        5,
        160,
        90,
        21,
        127,
        195,
        5
      ],
      "accounts": [
        {
          "name": "admin",
          "docs": [
            "Checked in `validate`."
          ],
          "signer": true
        },
        {
          "name": "market",
          "writable": true
        },
        {
          "name": "price",
          "writable": true
        },
        {
          "name": "houseVault",
          "docs": [
            "Checked in `validate`."
          ]
        }
      ],
      "args": [
        {
          "name": "args",
          "type": {
            "defined": {
              "name": "proposeRoleArgs"
            }
          }
        }
      ]
    },
    {
      "name": "removeMargin",
      "discriminator": [
        227,
        105,
        231,
        23,
        236,
        26,
        6,
        32
      ],
      "accounts": [
        {
          "name": "owner",
          "docs": [
            "Checked in `validate`."
          ],
          "signer": true
        },
        {
          "name": "access",
          "accounts": [
            {
              "name": "program",
              "address": "4c33JBiGvMpKBUzijeg7qiWKtn7N6RpkNxjBhUMGwHDZ"
            },
            {
              "name": "collateralAuthority"
            },
            {
              "name": "vaultAuthority"
            },
            {
              "name": "authorizedProgram"
            },
            {
              "name": "programData"
            }
          ]
        },
        {
          "name": "market",
          "writable": true
        },
        {
          "name": "price"
        },
        {
          "name": "position",
          "writable": true
        },
        {
          "name": "trader",
          "accounts": [
            {
              "name": "vault"
            },
            {
              "name": "balance",
              "writable": true
            },
            {
              "name": "programLock",
              "writable": true
            }
          ]
        }
      ],
      "args": [
        {
          "name": "amount",
          "type": "u64"
        }
      ]
    },
    {
      "name": "requestHouseUnlock",
      "discriminator": [
        54,
        223,
        123,
        58,
        223,
        198,
        252,
        223
      ],
      "accounts": [
        {
          "name": "houseOwner",
          "docs": [
            "The house vault's owner: checked in `validate`."
          ],
          "signer": true
        },
        {
          "name": "access",
          "accounts": [
            {
              "name": "program",
              "address": "4c33JBiGvMpKBUzijeg7qiWKtn7N6RpkNxjBhUMGwHDZ"
            },
            {
              "name": "collateralAuthority"
            },
            {
              "name": "vaultAuthority"
            },
            {
              "name": "authorizedProgram"
            },
            {
              "name": "programData"
            }
          ]
        },
        {
          "name": "market",
          "writable": true
        },
        {
          "name": "house",
          "accounts": [
            {
              "name": "vault"
            },
            {
              "name": "balance",
              "writable": true
            },
            {
              "name": "programLock",
              "writable": true
            }
          ]
        }
      ],
      "args": [
        {
          "name": "amount",
          "type": "u64"
        }
      ]
    },
    {
      "name": "setCollateralOpen",
      "discriminator": [
        11,
        2,
        92,
        60,
        193,
        110,
        212,
        115
      ],
      "accounts": [
        {
          "name": "admin",
          "docs": [
            "Checked in the handler."
          ],
          "signer": true
        },
        {
          "name": "market",
          "writable": true
        }
      ],
      "args": [
        {
          "name": "args",
          "type": {
            "defined": {
              "name": "setCollateralOpenArgs"
            }
          }
        }
      ]
    },
    {
      "name": "setParams",
      "discriminator": [
        27,
        234,
        178,
        52,
        147,
        2,
        187,
        141
      ],
      "accounts": [
        {
          "name": "admin",
          "docs": [
            "Checked in the handlers."
          ],
          "signer": true
        },
        {
          "name": "market",
          "writable": true
        }
      ],
      "args": [
        {
          "name": "params",
          "type": {
            "defined": {
              "name": "params"
            }
          }
        }
      ]
    },
    {
      "name": "setPaused",
      "discriminator": [
        91,
        60,
        125,
        192,
        176,
        225,
        166,
        218
      ],
      "accounts": [
        {
          "name": "admin",
          "docs": [
            "Checked in the handlers."
          ],
          "signer": true
        },
        {
          "name": "market",
          "writable": true
        }
      ],
      "args": [
        {
          "name": "isPaused",
          "type": "bool"
        }
      ]
    },
    {
      "name": "setPrice",
      "discriminator": [
        16,
        19,
        182,
        8,
        149,
        83,
        72,
        181
      ],
      "accounts": [
        {
          "name": "priceAuthority",
          "docs": [
            "Checked in the handler."
          ],
          "signer": true
        },
        {
          "name": "market",
          "writable": true
        },
        {
          "name": "price",
          "writable": true
        }
      ],
      "args": [
        {
          "name": "args",
          "type": {
            "defined": {
              "name": "setPriceArgs"
            }
          }
        }
      ]
    },
    {
      "name": "settlePosition",
      "discriminator": [
        33,
        156,
        74,
        218,
        215,
        42,
        112,
        175
      ],
      "accounts": [
        {
          "name": "owner",
          "docs": [
            "Gets the position's rent back when it closes: checked in `validate`."
          ],
          "writable": true,
          "signer": true
        },
        {
          "name": "settling",
          "accounts": [
            {
              "name": "access",
              "accounts": [
                {
                  "name": "program",
                  "address": "4c33JBiGvMpKBUzijeg7qiWKtn7N6RpkNxjBhUMGwHDZ"
                },
                {
                  "name": "collateralAuthority"
                },
                {
                  "name": "vaultAuthority"
                },
                {
                  "name": "authorizedProgram"
                },
                {
                  "name": "programData"
                }
              ]
            },
            {
              "name": "market",
              "writable": true
            },
            {
              "name": "price"
            },
            {
              "name": "position",
              "writable": true
            },
            {
              "name": "trader",
              "accounts": [
                {
                  "name": "vault"
                },
                {
                  "name": "balance",
                  "writable": true
                },
                {
                  "name": "programLock",
                  "writable": true
                }
              ]
            },
            {
              "name": "house",
              "accounts": [
                {
                  "name": "vault"
                },
                {
                  "name": "balance",
                  "writable": true
                },
                {
                  "name": "programLock",
                  "writable": true
                }
              ]
            },
            {
              "name": "traderTokens",
              "writable": true
            },
            {
              "name": "houseTokens",
              "writable": true
            },
            {
              "name": "mint"
            },
            {
              "name": "tokenProgram"
            }
          ]
        }
      ],
      "args": [
        {
          "name": "args",
          "type": {
            "defined": {
              "name": "settlePositionArgs"
            }
          }
        }
      ]
    },
    {
      "name": "unlockHouse",
      "discriminator": [
        204,
        157,
        183,
        178,
        224,
        124,
        27,
        81
      ],
      "accounts": [
        {
          "name": "houseOwner",
          "docs": [
            "The house vault's owner: checked in `validate`."
          ],
          "signer": true
        },
        {
          "name": "access",
          "accounts": [
            {
              "name": "program",
              "address": "4c33JBiGvMpKBUzijeg7qiWKtn7N6RpkNxjBhUMGwHDZ"
            },
            {
              "name": "collateralAuthority"
            },
            {
              "name": "vaultAuthority"
            },
            {
              "name": "authorizedProgram"
            },
            {
              "name": "programData"
            }
          ]
        },
        {
          "name": "market",
          "writable": true
        },
        {
          "name": "house",
          "accounts": [
            {
              "name": "vault"
            },
            {
              "name": "balance",
              "writable": true
            },
            {
              "name": "programLock",
              "writable": true
            }
          ]
        }
      ],
      "args": [
        {
          "name": "amount",
          "type": "u64"
        }
      ]
    }
  ],
  "accounts": [
    {
      "name": "market",
      "discriminator": [
        219,
        190,
        213,
        55,
        0,
        227,
        198,
        154
      ]
    },
    {
      "name": "position",
      "discriminator": [
        170,
        188,
        143,
        228,
        122,
        64,
        247,
        208
      ]
    },
    {
      "name": "price",
      "discriminator": [
        50,
        107,
        127,
        61,
        83,
        36,
        39,
        75
      ]
    }
  ],
  "events": [
    {
      "name": "collateralSet",
      "discriminator": [
        122,
        254,
        78,
        222,
        37,
        7,
        132,
        200
      ]
    },
    {
      "name": "houseChanged",
      "discriminator": [
        96,
        221,
        188,
        133,
        132,
        26,
        203,
        108
      ]
    },
    {
      "name": "marginChanged",
      "discriminator": [
        59,
        161,
        4,
        171,
        216,
        62,
        157,
        180
      ]
    },
    {
      "name": "paramsSet",
      "discriminator": [
        57,
        111,
        33,
        252,
        120,
        76,
        98,
        245
      ]
    },
    {
      "name": "pauseSet",
      "discriminator": [
        175,
        57,
        198,
        136,
        192,
        66,
        204,
        73
      ]
    },
    {
      "name": "positionIncreased",
      "discriminator": [
        73,
        58,
        247,
        181,
        100,
        237,
        249,
        81
      ]
    },
    {
      "name": "positionLiquidated",
      "discriminator": [
        40,
        107,
        90,
        214,
        96,
        30,
        61,
        128
      ]
    },
    {
      "name": "positionSettled",
      "discriminator": [
        75,
        100,
        92,
        189,
        245,
        116,
        252,
        221
      ]
    },
    {
      "name": "priceSet",
      "discriminator": [
        152,
        186,
        196,
        72,
        117,
        210,
        36,
        160
      ]
    },
    {
      "name": "roleSet",
      "discriminator": [
        188,
        56,
        139,
        81,
        114,
        65,
        108,
        196
      ]
    }
  ],
  "errors": [
    {
      "code": 6000,
      "name": "zeroAmount",
      "msg": "amount must be above zero"
    },
    {
      "code": 6001,
      "name": "overflow",
      "msg": "arithmetic overflow"
    },
    {
      "code": 6002,
      "name": "tooManyDecimals",
      "msg": "a collateral mint has at most nine decimals"
    },
    {
      "code": 6003,
      "name": "notionalTooLarge",
      "msg": "the value of these contracts is too large"
    },
    {
      "code": 6004,
      "name": "sizeTooSmall",
      "msg": "below the smallest position"
    },
    {
      "code": 6005,
      "name": "sizeTooLarge",
      "msg": "the position holds fewer contracts"
    },
    {
      "code": 6006,
      "name": "openInterest",
      "msg": "above the open interest that this market allows"
    },
    {
      "code": 6007,
      "name": "belowInitialMargin",
      "msg": "margin without unrealised profit would be below the initial margin"
    },
    {
      "code": 6008,
      "name": "belowMaintenanceMargin",
      "msg": "what is left would be below the maintenance margin: close all of it"
    },
    {
      "code": 6009,
      "name": "notLiquidatable",
      "msg": "the position is not below its maintenance margin and its lock is not revoked"
    },
    {
      "code": 6010,
      "name": "priceLimit",
      "msg": "the price is worse than the limit"
    },
    {
      "code": 6011,
      "name": "houseShort",
      "msg": "the house cannot pay that much of the profit now"
    },
    {
      "code": 6012,
      "name": "paused",
      "msg": "new positions are paused"
    },
    {
      "code": 6013,
      "name": "houseCannotTrade",
      "msg": "the house cannot trade with itself"
    },
    {
      "code": 6014,
      "name": "selfLiquidation",
      "msg": "nobody is paid for his own liquidation"
    },
    {
      "code": 6015,
      "name": "priceAuthorityCannotTrade",
      "msg": "the price authority neither trades nor liquidates"
    },
    {
      "code": 6016,
      "name": "multiSigVault",
      "msg": "a vault with a multi-sig cannot open positions: its owner alone would dispose of its collateral"
    },
    {
      "code": 6017,
      "name": "lockReleased",
      "msg": "the lock holds less than the position's margin: the owner took collateral back"
    },
    {
      "code": 6018,
      "name": "lockRevoked",
      "msg": "the owner revoked the lock: the position can only be closed"
    },
    {
      "code": 6019,
      "name": "lockInUse",
      "msg": "the lock holds collateral of no position of this market"
    },
    {
      "code": 6020,
      "name": "stalePrice",
      "msg": "no price, or one that is too old"
    },
    {
      "code": 6021,
      "name": "futurePrice",
      "msg": "a price of the future"
    },
    {
      "code": 6022,
      "name": "priceNotNewer",
      "msg": "not newer than the last price"
    },
    {
      "code": 6023,
      "name": "priceOutOfRange",
      "msg": "a price is between 10^4 and 10^18"
    },
    {
      "code": 6024,
      "name": "priceStep",
      "msg": "too far from the last price"
    },
    {
      "code": 6025,
      "name": "notOwner",
      "msg": "signer is not the position's owner"
    },
    {
      "code": 6026,
      "name": "notVaultOwner",
      "msg": "signer is not the vault's owner"
    },
    {
      "code": 6027,
      "name": "wrongCollateralAuthority",
      "msg": "not the collateral authority of this program"
    },
    {
      "code": 6028,
      "name": "wrongAuthorizedProgram",
      "msg": "not this program's registration"
    },
    {
      "code": 6029,
      "name": "wrongProgramData",
      "msg": "not the ProgramData account of this program"
    },
    {
      "code": 6030,
      "name": "wrongMarket",
      "msg": "the account belongs to another market"
    },
    {
      "code": 6031,
      "name": "wrongVault",
      "msg": "not the vault that belongs here"
    },
    {
      "code": 6032,
      "name": "wrongBalance",
      "msg": "not the balance that belongs here"
    },
    {
      "code": 6033,
      "name": "wrongProgramLock",
      "msg": "not the program lock that belongs here"
    },
    {
      "code": 6034,
      "name": "wrongTokenAccount",
      "msg": "not the token account that belongs here"
    },
    {
      "code": 6035,
      "name": "wrongMint",
      "msg": "not the mint that belongs here"
    },
    {
      "code": 6036,
      "name": "wrongTokenProgram",
      "msg": "not the token program of this mint"
    },
    {
      "code": 6037,
      "name": "wrongVaultAccount",
      "msg": "not an account of the collateral vault of that type"
    },
    {
      "code": 6038,
      "name": "wrongOwnerWallet",
      "msg": "not the wallet of the position's owner"
    },
    {
      "code": 6039,
      "name": "notUpgradeAuthority",
      "msg": "signer is not the program's upgrade authority"
    },
    {
      "code": 6040,
      "name": "notAdmin",
      "msg": "signer is not the admin"
    },
    {
      "code": 6041,
      "name": "notPriceAuthority",
      "msg": "signer is not the price authority"
    },
    {
      "code": 6042,
      "name": "rolesCollide",
      "msg": "one key cannot be admin, house or price authority together"
    },
    {
      "code": 6043,
      "name": "zeroAddress",
      "msg": "an address must not be zero"
    },
    {
      "code": 6044,
      "name": "nothingPending",
      "msg": "nothing is pending"
    },
    {
      "code": 6045,
      "name": "notProposed",
      "msg": "signer is not the proposed holder"
    },
    {
      "code": 6046,
      "name": "stillWaiting",
      "msg": "the wait is not over"
    },
    {
      "code": 6047,
      "name": "badParams",
      "msg": "parameters out of range, or a maintenance margin that one price step and the reward could exceed"
    },
    {
      "code": 6048,
      "name": "notCollateral",
      "msg": "not a collateral mint of this market"
    },
    {
      "code": 6049,
      "name": "collateralClosed",
      "msg": "the mint is not open for new positions"
    },
    {
      "code": 6050,
      "name": "alreadyCollateral",
      "msg": "the mint is listed already"
    },
    {
      "code": 6051,
      "name": "tooManyCollaterals",
      "msg": "the market lists no more mints"
    },
    {
      "code": 6052,
      "name": "transferFeeMint",
      "msg": "a mint with a transfer fee: its fee authority could make settlements undeliverable"
    },
    {
      "code": 6053,
      "name": "aboveRequest",
      "msg": "above what the house asked to take back"
    },
    {
      "code": 6054,
      "name": "requestExpired",
      "msg": "the house did not take back in time what it asked for: it asks again"
    }
  ],
  "types": [
    {
      "name": "authorizedProgram",
      "docs": [
        "A program that owners may let lock their collateral. `[\"authorized_program\", program_id]`."
      ],
      "serialization": "bytemuck",
      "repr": {
        "kind": "c"
      },
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "programId",
            "type": "pubkey"
          },
          {
            "name": "collateralAuthority",
            "docs": [
              "`find_program_address([\"collateral_authority\"], program_id)`, derived here at registration: whoever signs with it is the program."
            ],
            "type": "pubkey"
          },
          {
            "name": "programData",
            "docs": [
              "Its ProgramData account; `program_id` itself for a loader whose programs cannot change."
            ],
            "type": "pubkey"
          },
          {
            "name": "codeHash",
            "docs": [
              "SHA-256 of its code at registration, without the zeros behind it: `loader::Code`."
            ],
            "type": {
              "array": [
                "u8",
                32
              ]
            }
          },
          {
            "name": "codeLength",
            "type": "u64"
          },
          {
            "name": "deploySlot",
            "docs": [
              "Slot of its last deployment with that code; another one stops lock and transfer."
            ],
            "type": "u64"
          },
          {
            "name": "activeAt",
            "docs": [
              "Unix time from which it may lock and transfer."
            ],
            "type": "i64"
          },
          {
            "name": "revokedAt",
            "docs": [
              "Unix time of its revocation; 0: not revoked."
            ],
            "type": "i64"
          },
          {
            "name": "seqNum",
            "type": "u64"
          },
          {
            "name": "bump",
            "type": "u8"
          },
          {
            "name": "padding",
            "type": {
              "array": [
                "u8",
                7
              ]
            }
          }
        ]
      }
    },
    {
      "name": "balance",
      "docs": [
        "One vault's ledger of one mint. `[\"balance\", vault, mint]`. Amounts in the mint's base units."
      ],
      "serialization": "bytemuck",
      "repr": {
        "kind": "c"
      },
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "vault",
            "type": "pubkey"
          },
          {
            "name": "mint",
            "type": "pubkey"
          },
          {
            "name": "vaultTokens",
            "docs": [
              "The vault's own associated token account."
            ],
            "type": "pubkey"
          },
          {
            "name": "ownerTokens",
            "docs": [
              "The owner's associated token account: where withdrawals go unless a whitelist says otherwise."
            ],
            "type": "pubkey"
          },
          {
            "name": "total",
            "docs": [
              "Everything the ledger owes the owner; at most what `vault_tokens` holds."
            ],
            "type": "u64"
          },
          {
            "name": "locked",
            "docs": [
              "Part of `total` held by program locks; their sum."
            ],
            "type": "u64"
          },
          {
            "name": "seqNum",
            "docs": [
              "Counts money events of this balance; a gap means a missed event."
            ],
            "type": "u64"
          },
          {
            "name": "limits",
            "docs": [
              "Meaningful while `is_limited` is 1."
            ],
            "type": {
              "defined": {
                "name": "limits"
              }
            }
          },
          {
            "name": "pendingLimits",
            "type": {
              "defined": {
                "name": "limits"
              }
            }
          },
          {
            "name": "pendingLimitsAt",
            "docs": [
              "Unix time from which the pending limits count; 0: none."
            ],
            "type": "i64"
          },
          {
            "name": "bucket",
            "type": {
              "defined": {
                "name": "bucket"
              }
            }
          },
          {
            "name": "programLocks",
            "type": "u32"
          },
          {
            "name": "pendingWithdrawals",
            "type": "u32"
          },
          {
            "name": "isLimited",
            "type": "u8"
          },
          {
            "name": "decimals",
            "type": "u8"
          },
          {
            "name": "bump",
            "type": "u8"
          },
          {
            "name": "padding",
            "type": {
              "array": [
                "u8",
                5
              ]
            }
          }
        ]
      }
    },
    {
      "name": "bucket",
      "docs": [
        "Amounts in the mint's base units; `remainder` in base units / 86,400, so that refilling rounds nothing away."
      ],
      "serialization": "bytemuck",
      "repr": {
        "kind": "c"
      },
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "level",
            "type": "u64"
          },
          {
            "name": "remainder",
            "type": "u64"
          },
          {
            "name": "updatedAt",
            "docs": [
              "Unix time up to which the level has been refilled."
            ],
            "type": "i64"
          }
        ]
      }
    },
    {
      "name": "collateral",
      "docs": [
        "A mint in which positions may be collateralised. One whole token of every listed mint counts the same: list only mints of one",
        "currency. Amounts in base units."
      ],
      "serialization": "bytemuck",
      "repr": {
        "kind": "c"
      },
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "mint",
            "type": "pubkey"
          },
          {
            "name": "tokenProgram",
            "type": "pubkey"
          },
          {
            "name": "houseBalance",
            "type": "pubkey"
          },
          {
            "name": "houseLock",
            "docs": [
              "This program's lock of the house's balance: what profits are paid from."
            ],
            "type": "pubkey"
          },
          {
            "name": "profitUnpaid",
            "docs": [
              "Profit that the house could not pay, ever; what is unpaid stays unpaid."
            ],
            "type": "u64"
          },
          {
            "name": "badDebt",
            "docs": [
              "Losses beyond traders' margins, ever; the house bears them."
            ],
            "type": "u64"
          },
          {
            "name": "activeAt",
            "docs": [
              "Unix time from which new positions may use the mint; i64::MAX: closed."
            ],
            "type": "i64"
          },
          {
            "name": "houseUnlock",
            "docs": [
              "What the house asked to take back, and from when it may, for a day."
            ],
            "type": "u64"
          },
          {
            "name": "houseUnlockAt",
            "type": "i64"
          },
          {
            "name": "houseLockedSince",
            "docs": [
              "What the house has locked since it asked: the request does not cover it."
            ],
            "type": "u64"
          },
          {
            "name": "nanoPerUnit",
            "docs": [
              "10^(9 - decimals)."
            ],
            "type": "u64"
          },
          {
            "name": "decimals",
            "type": "u8"
          },
          {
            "name": "padding",
            "type": {
              "array": [
                "u8",
                7
              ]
            }
          }
        ]
      }
    },
    {
      "name": "collateralSet",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "mint",
            "type": "pubkey"
          },
          {
            "name": "activeAt",
            "docs": [
              "From when new positions may use it; i64::MAX: closed."
            ],
            "type": "i64"
          },
          {
            "name": "stamp",
            "type": {
              "defined": {
                "name": "stamp"
              }
            }
          }
        ]
      }
    },
    {
      "name": "houseChanged",
      "docs": [
        "What the house has locked of one mint, and what it asked to take back."
      ],
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "mint",
            "type": "pubkey"
          },
          {
            "name": "locked",
            "type": "u64"
          },
          {
            "name": "unlockRequested",
            "type": "u64"
          },
          {
            "name": "unlockAt",
            "type": "i64"
          },
          {
            "name": "stamp",
            "type": {
              "defined": {
                "name": "stamp"
              }
            }
          }
        ]
      }
    },
    {
      "name": "increasePositionArgs",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "size",
            "docs": [
              "Contracts to add, on the position's side."
            ],
            "type": "u64"
          },
          {
            "name": "margin",
            "docs": [
              "Base units to lock in addition; may be zero."
            ],
            "type": "u64"
          },
          {
            "name": "priceLimit",
            "docs": [
              "Nano per contract, the spread included: the most a long pays, the least a short gets."
            ],
            "type": "u64"
          }
        ]
      }
    },
    {
      "name": "initializeMarketArgs",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "admin",
            "type": "pubkey"
          },
          {
            "name": "priceAuthority",
            "type": "pubkey"
          },
          {
            "name": "params",
            "type": {
              "defined": {
                "name": "params"
              }
            }
          }
        ]
      }
    },
    {
      "name": "limits",
      "docs": [
        "What may leave of one mint. All in the mint's base units; capacity + refill per day is the daily limit."
      ],
      "repr": {
        "kind": "c"
      },
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "perTransaction",
            "type": "u64"
          },
          {
            "name": "capacity",
            "type": "u64"
          },
          {
            "name": "refillPerDay",
            "type": "u64"
          }
        ]
      }
    },
    {
      "name": "marginChanged",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "position",
            "type": "pubkey"
          },
          {
            "name": "state",
            "type": {
              "defined": {
                "name": "positionState"
              }
            }
          },
          {
            "name": "stamp",
            "type": {
              "defined": {
                "name": "stamp"
              }
            }
          }
        ]
      }
    },
    {
      "name": "market",
      "docs": [
        "The market. `[\"market\"]`."
      ],
      "serialization": "bytemuck",
      "repr": {
        "kind": "c"
      },
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "admin",
            "type": "pubkey"
          },
          {
            "name": "pendingAdmin",
            "docs": [
              "Zero: nothing pending."
            ],
            "type": "pubkey"
          },
          {
            "name": "houseVault",
            "docs": [
              "The other side of every position: an ordinary collateral vault."
            ],
            "type": "pubkey"
          },
          {
            "name": "pendingAdminAt",
            "docs": [
              "Unix time from which the pending admin may accept."
            ],
            "type": "i64"
          },
          {
            "name": "pausedUntil",
            "docs": [
              "New positions are refused before this time; i64::MAX: until the admin ends the pause."
            ],
            "type": "i64"
          },
          {
            "name": "params",
            "type": {
              "defined": {
                "name": "params"
              }
            }
          },
          {
            "name": "pendingParams",
            "type": {
              "defined": {
                "name": "params"
              }
            }
          },
          {
            "name": "pendingParamsAt",
            "docs": [
              "Unix time from which the pending parameters count; 0: none."
            ],
            "type": "i64"
          },
          {
            "name": "longSize",
            "docs": [
              "Contracts open on each side: the sums over all positions."
            ],
            "type": "u64"
          },
          {
            "name": "shortSize",
            "type": "u64"
          },
          {
            "name": "positions",
            "type": "u64"
          },
          {
            "name": "seqNum",
            "type": "u64"
          },
          {
            "name": "collaterals",
            "type": {
              "array": [
                {
                  "defined": {
                    "name": "collateral"
                  }
                },
                8
              ]
            }
          },
          {
            "name": "bump",
            "type": "u8"
          },
          {
            "name": "collateralAuthorityBump",
            "type": "u8"
          },
          {
            "name": "padding",
            "type": {
              "array": [
                "u8",
                6
              ]
            }
          }
        ]
      }
    },
    {
      "name": "openPositionArgs",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "isLong",
            "type": "bool"
          },
          {
            "name": "size",
            "docs": [
              "Contracts."
            ],
            "type": "u64"
          },
          {
            "name": "margin",
            "docs": [
              "Base units to lock."
            ],
            "type": "u64"
          },
          {
            "name": "priceLimit",
            "docs": [
              "Nano per contract, the spread included: the most a long pays, the least a short gets."
            ],
            "type": "u64"
          }
        ]
      }
    },
    {
      "name": "params",
      "docs": [
        "The market's rules."
      ],
      "repr": {
        "kind": "c"
      },
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "maxOpenInterest",
            "docs": [
              "Contracts that may be open on each side."
            ],
            "type": "u64"
          },
          {
            "name": "minSize",
            "docs": [
              "Contracts of the smallest position: liquidating dust would pay nobody."
            ],
            "type": "u64"
          },
          {
            "name": "priceMaxAgeSeconds",
            "type": "u32"
          },
          {
            "name": "initialMarginBps",
            "docs": [
              "Equity that opening, growing and taking margin out need; unrealised profit does not count for it."
            ],
            "type": "u16"
          },
          {
            "name": "maintenanceMarginBps",
            "docs": [
              "Equity below which anybody may liquidate."
            ],
            "type": "u16"
          },
          {
            "name": "liquidationRewardBps",
            "docs": [
              "Part of the notional that a liquidator earns, as far as the margin reaches."
            ],
            "type": "u16"
          },
          {
            "name": "entrySpreadBps",
            "docs": [
              "What entering is worse than the price; at least the price step makes it pointless to enter just before a known update."
            ],
            "type": "u16"
          },
          {
            "name": "priceStepBps",
            "docs": [
              "Largest change of one update, against the last price."
            ],
            "type": "u16"
          },
          {
            "name": "priceStepBpsPerMinute",
            "docs": [
              "Largest change for the time since the last price."
            ],
            "type": "u16"
          }
        ]
      }
    },
    {
      "name": "paramsSet",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "params",
            "type": {
              "defined": {
                "name": "params"
              }
            }
          },
          {
            "name": "pendingParams",
            "type": {
              "defined": {
                "name": "params"
              }
            }
          },
          {
            "name": "pendingAt",
            "type": "i64"
          },
          {
            "name": "stamp",
            "type": {
              "defined": {
                "name": "stamp"
              }
            }
          }
        ]
      }
    },
    {
      "name": "pauseSet",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "pausedUntil",
            "docs": [
              "New positions are refused before this time; i64::MAX: until the admin ends it."
            ],
            "type": "i64"
          },
          {
            "name": "stamp",
            "type": {
              "defined": {
                "name": "stamp"
              }
            }
          }
        ]
      }
    },
    {
      "name": "position",
      "docs": [
        "One trader's contracts. `[\"position\", market, balance]`: one for each balance, so a balance's lock is its position's margin."
      ],
      "serialization": "bytemuck",
      "repr": {
        "kind": "c"
      },
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "market",
            "type": "pubkey"
          },
          {
            "name": "owner",
            "type": "pubkey"
          },
          {
            "name": "vault",
            "type": "pubkey"
          },
          {
            "name": "balance",
            "type": "pubkey"
          },
          {
            "name": "programLock",
            "docs": [
              "This program's lock of the balance."
            ],
            "type": "pubkey"
          },
          {
            "name": "mint",
            "type": "pubkey"
          },
          {
            "name": "size",
            "docs": [
              "Contracts."
            ],
            "type": "u64"
          },
          {
            "name": "entryValue",
            "docs": [
              "What the contracts were entered at, in nano, the spread included."
            ],
            "type": "u64"
          },
          {
            "name": "margin",
            "docs": [
              "Base units that the position put into the lock; less may be left when the owner revoked it and took collateral back."
            ],
            "type": "u64"
          },
          {
            "name": "openedAt",
            "type": "i64"
          },
          {
            "name": "isLong",
            "docs": [
              "1: long, 0: short."
            ],
            "type": "u8"
          },
          {
            "name": "bump",
            "type": "u8"
          },
          {
            "name": "padding",
            "type": {
              "array": [
                "u8",
                6
              ]
            }
          }
        ]
      }
    },
    {
      "name": "positionIncreased",
      "docs": [
        "Opened, or made larger."
      ],
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "position",
            "type": "pubkey"
          },
          {
            "name": "owner",
            "type": "pubkey"
          },
          {
            "name": "mint",
            "type": "pubkey"
          },
          {
            "name": "isLong",
            "type": "bool"
          },
          {
            "name": "size",
            "type": "u64"
          },
          {
            "name": "entryValue",
            "docs": [
              "Of this increase, in nano."
            ],
            "type": "u64"
          },
          {
            "name": "price",
            "type": "u64"
          },
          {
            "name": "state",
            "type": {
              "defined": {
                "name": "positionState"
              }
            }
          },
          {
            "name": "stamp",
            "type": {
              "defined": {
                "name": "stamp"
              }
            }
          }
        ]
      }
    },
    {
      "name": "positionLiquidated",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "position",
            "type": "pubkey"
          },
          {
            "name": "owner",
            "type": "pubkey"
          },
          {
            "name": "liquidator",
            "type": "pubkey"
          },
          {
            "name": "size",
            "type": "u64"
          },
          {
            "name": "price",
            "type": "u64"
          },
          {
            "name": "loss",
            "type": "u64"
          },
          {
            "name": "badDebt",
            "type": "u64"
          },
          {
            "name": "reward",
            "type": "u64"
          },
          {
            "name": "profitPaid",
            "type": "u64"
          },
          {
            "name": "profitUnpaid",
            "type": "u64"
          },
          {
            "name": "state",
            "type": {
              "defined": {
                "name": "positionState"
              }
            }
          },
          {
            "name": "stamp",
            "type": {
              "defined": {
                "name": "stamp"
              }
            }
          }
        ]
      }
    },
    {
      "name": "positionSettled",
      "docs": [
        "Its owner closed all of a position or a part. Amounts in base units."
      ],
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "position",
            "type": "pubkey"
          },
          {
            "name": "owner",
            "type": "pubkey"
          },
          {
            "name": "size",
            "type": "u64"
          },
          {
            "name": "price",
            "type": "u64"
          },
          {
            "name": "loss",
            "type": "u64"
          },
          {
            "name": "badDebt",
            "type": "u64"
          },
          {
            "name": "profitPaid",
            "type": "u64"
          },
          {
            "name": "profitUnpaid",
            "type": "u64"
          },
          {
            "name": "state",
            "type": {
              "defined": {
                "name": "positionState"
              }
            }
          },
          {
            "name": "stamp",
            "type": {
              "defined": {
                "name": "stamp"
              }
            }
          }
        ]
      }
    },
    {
      "name": "positionState",
      "docs": [
        "A position and the open interest after an event. Sizes in contracts, entry value in nano, margin in base units."
      ],
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "size",
            "type": "u64"
          },
          {
            "name": "entryValue",
            "type": "u64"
          },
          {
            "name": "margin",
            "type": "u64"
          },
          {
            "name": "longSize",
            "type": "u64"
          },
          {
            "name": "shortSize",
            "type": "u64"
          }
        ]
      }
    },
    {
      "name": "price",
      "docs": [
        "The index price. `[\"price\", market]`. Written by its authority, who is neither admin nor house and neither trades nor liquidates."
      ],
      "serialization": "bytemuck",
      "repr": {
        "kind": "c"
      },
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "market",
            "type": "pubkey"
          },
          {
            "name": "authority",
            "docs": [
              "Zero: revoked."
            ],
            "type": "pubkey"
          },
          {
            "name": "pendingAuthority",
            "type": "pubkey"
          },
          {
            "name": "pendingAuthorityAt",
            "docs": [
              "Unix time from which the pending authority may accept; 0: none."
            ],
            "type": "i64"
          },
          {
            "name": "price",
            "docs": [
              "Billionths of one whole collateral token per contract; 0: none yet."
            ],
            "type": "u64"
          },
          {
            "name": "publishedAt",
            "docs": [
              "Unix time for which its authority says it."
            ],
            "type": "i64"
          },
          {
            "name": "bump",
            "type": "u8"
          },
          {
            "name": "padding",
            "type": {
              "array": [
                "u8",
                7
              ]
            }
          }
        ]
      }
    },
    {
      "name": "priceSet",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "price",
            "type": "u64"
          },
          {
            "name": "publishedAt",
            "type": "i64"
          },
          {
            "name": "stamp",
            "type": {
              "defined": {
                "name": "stamp"
              }
            }
          }
        ]
      }
    },
    {
      "name": "programLock",
      "docs": [
        "What one program holds of one balance. `[\"program_lock\", balance, program_id]`. Amounts in the mint's base units."
      ],
      "serialization": "bytemuck",
      "repr": {
        "kind": "c"
      },
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "balance",
            "type": "pubkey"
          },
          {
            "name": "programId",
            "type": "pubkey"
          },
          {
            "name": "locked",
            "type": "u64"
          },
          {
            "name": "cap",
            "docs": [
              "The most that `locked` may reach by locking; the owner's signature set it."
            ],
            "type": "u64"
          },
          {
            "name": "pendingCap",
            "type": "u64"
          },
          {
            "name": "pendingCapAt",
            "docs": [
              "Unix time from which the pending cap counts; 0: none."
            ],
            "type": "i64"
          },
          {
            "name": "revokedAt",
            "docs": [
              "Unix time at which the owner revoked it; 0: not revoked."
            ],
            "type": "i64"
          },
          {
            "name": "bump",
            "type": "u8"
          },
          {
            "name": "padding",
            "type": {
              "array": [
                "u8",
                7
              ]
            }
          }
        ]
      }
    },
    {
      "name": "proposeRoleArgs",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "role",
            "type": {
              "defined": {
                "name": "role"
              }
            }
          },
          {
            "name": "holder",
            "docs": [
              "Zero cancels a proposal; for the price authority it takes the role away at once as well."
            ],
            "type": "pubkey"
          }
        ]
      }
    },
    {
      "name": "role",
      "type": {
        "kind": "enum",
        "variants": [
          {
            "name": "admin"
          },
          {
            "name": "priceAuthority"
          }
        ]
      }
    },
    {
      "name": "roleSet",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "role",
            "type": {
              "defined": {
                "name": "role"
              }
            }
          },
          {
            "name": "holder",
            "type": "pubkey"
          },
          {
            "name": "pending",
            "type": "pubkey"
          },
          {
            "name": "pendingAt",
            "type": "i64"
          },
          {
            "name": "stamp",
            "type": {
              "defined": {
                "name": "stamp"
              }
            }
          }
        ]
      }
    },
    {
      "name": "setCollateralOpenArgs",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "mint",
            "type": "pubkey"
          },
          {
            "name": "isOpen",
            "docs": [
              "True: after the wait; false: closed for new positions at once. Positions that are open are not touched."
            ],
            "type": "bool"
          }
        ]
      }
    },
    {
      "name": "setPriceArgs",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "price",
            "docs": [
              "Billionths of one whole collateral token per contract."
            ],
            "type": "u64"
          },
          {
            "name": "publishedAt",
            "docs": [
              "Unix time for which it holds: above the last one's, not of the future, not too old."
            ],
            "type": "i64"
          }
        ]
      }
    },
    {
      "name": "settlePositionArgs",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "size",
            "docs": [
              "Contracts to close; all of them close the position."
            ],
            "type": "u64"
          },
          {
            "name": "priceLimit",
            "docs": [
              "Nano per contract: the least a long gets, the most a short pays."
            ],
            "type": "u64"
          },
          {
            "name": "maxUnpaid",
            "docs": [
              "Base units of profit that may stay unpaid, for good, when the house's lock does not reach."
            ],
            "type": "u64"
          }
        ]
      }
    },
    {
      "name": "stamp",
      "docs": [
        "Where the market's count stands."
      ],
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "seqNum",
            "type": "u64"
          },
          {
            "name": "slot",
            "type": "u64"
          }
        ]
      }
    },
    {
      "name": "vault",
      "docs": [
        "One user's vault. `[\"vault\", owner]`. It signs for its own token accounts and for nothing else."
      ],
      "serialization": "bytemuck",
      "repr": {
        "kind": "c"
      },
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "owner",
            "type": "pubkey"
          },
          {
            "name": "seqNum",
            "docs": [
              "Counts settings events of this vault; a gap means a missed event."
            ],
            "type": "u64"
          },
          {
            "name": "configVersion",
            "docs": [
              "Changes whenever a rule of withdrawals changes; a pending withdrawal of another version is stale."
            ],
            "type": "u64"
          },
          {
            "name": "lastWithdrawalTimestamp",
            "docs": [
              "Seed of the last delayed withdrawal; the next must be above it."
            ],
            "type": "i64"
          },
          {
            "name": "frozenAt",
            "type": "i64"
          },
          {
            "name": "frozenUntil",
            "type": "i64"
          },
          {
            "name": "balances",
            "docs": [
              "Open balances."
            ],
            "type": "u32"
          },
          {
            "name": "pendingWithdrawals",
            "type": "u32"
          },
          {
            "name": "hasSecurityConfig",
            "docs": [
              "1 while the security configuration exists: withdrawing without its account fails."
            ],
            "type": "u8"
          },
          {
            "name": "hasMultiSig",
            "docs": [
              "1 while the multi-sig exists: only its address, signing through an executed proposal, is the authority."
            ],
            "type": "u8"
          },
          {
            "name": "isMultiSigWaiting",
            "docs": [
              "1 while a first multi-sig waits: its account exists, the owner still decides."
            ],
            "type": "u8"
          },
          {
            "name": "bump",
            "type": "u8"
          },
          {
            "name": "multiSigBump",
            "type": "u8"
          },
          {
            "name": "padding",
            "type": {
              "array": [
                "u8",
                3
              ]
            }
          }
        ]
      }
    },
    {
      "name": "vaultAuthority",
      "docs": [
        "Configuration of the program, never a signer. `[\"vault_authority\"]`. No instruction of a user writes it."
      ],
      "serialization": "bytemuck",
      "repr": {
        "kind": "c"
      },
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "admin",
            "type": "pubkey"
          },
          {
            "name": "pendingAdmin",
            "docs": [
              "Zero: nothing pending."
            ],
            "type": "pubkey"
          },
          {
            "name": "guardian",
            "type": "pubkey"
          },
          {
            "name": "pendingGuardian",
            "type": "pubkey"
          },
          {
            "name": "freezeMultiSig",
            "docs": [
              "The multi-sig that may freeze everything; zero: nobody may."
            ],
            "type": "pubkey"
          },
          {
            "name": "pendingFreezeMultiSig",
            "type": "pubkey"
          },
          {
            "name": "freezeMultiSigCreatedSlot",
            "docs": [
              "Slot of its creation: another one at the same address may not freeze."
            ],
            "type": "u64"
          },
          {
            "name": "pendingAdminAt",
            "docs": [
              "Unix time from which the pending role may be accepted."
            ],
            "type": "i64"
          },
          {
            "name": "pendingGuardianAt",
            "type": "i64"
          },
          {
            "name": "pendingFreezeMultiSigAt",
            "type": "i64"
          },
          {
            "name": "pauseRowStartedAt",
            "docs": [
              "Beginning of the current or last row of pauses, and the end of its last one."
            ],
            "type": "i64"
          },
          {
            "name": "pausedUntil",
            "type": "i64"
          },
          {
            "name": "recentPauses",
            "docs": [
              "Beginnings of the last pauses, newest first."
            ],
            "type": {
              "array": [
                "i64",
                3
              ]
            }
          },
          {
            "name": "unpauseAt",
            "docs": [
              "Unix time from which the admin may end the pause early; 0: not requested."
            ],
            "type": "i64"
          },
          {
            "name": "frozenAt",
            "type": "i64"
          },
          {
            "name": "frozenUntil",
            "type": "i64"
          },
          {
            "name": "seqNum",
            "type": "u64"
          },
          {
            "name": "pausesInRow",
            "type": "u8"
          },
          {
            "name": "isPauseOpen",
            "docs": [
              "1 from a pause until somebody ends it; the pause itself ends by the clock."
            ],
            "type": "u8"
          },
          {
            "name": "bump",
            "type": "u8"
          },
          {
            "name": "padding",
            "type": {
              "array": [
                "u8",
                5
              ]
            }
          }
        ]
      }
    }
  ]
};
