"""How people are told: who is meant, when, and how a message is carried. bridge.usecases.notices begins it."""
