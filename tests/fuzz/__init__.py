"""Fuzzing of everything that takes text or bytes from outside: seeds, mutations, targets, and the runner.

python -m tests.fuzz --inputs 1000000 [--seed 7] [--only lists,tar]
"""
