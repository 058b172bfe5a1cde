"""Servers beside which ours is measured."""
