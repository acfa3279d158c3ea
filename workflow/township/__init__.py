"""A synthetic 寒亭镇 (示例镇) of the size its summary publishes, and its year 2021 told by the real verbs.

Nothing of the core imports this package: commands and tests do.
"""
