"""What keeps the ledger of exclusions: leases, the bridge's own holds, published heads, what auditors get."""
