"""Use cases: one function each, one transaction, one question to the policy, one audit event."""
