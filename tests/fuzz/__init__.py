"""Fuzzing of every reader of external text and bytes: seeds, mutations, targets, and the runner.

python -m tests.fuzz --inputs 1000000 [--seed 7] [--only lists,tar]
"""
