"""Policies that demand signatures of images: which images, in which form, verified with what, and where a policy is unclear."""
