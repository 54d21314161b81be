CREATE INDEX vaults_owner ON vaults (chain_id, owner)
