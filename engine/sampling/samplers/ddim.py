"""DDIM with eta 0: arXiv:2010.02502, Eq. 12. In x / sqrt(alpha_bar) it is Euler's method (Eq. 14)."""

from engine.sampling.samplers.euler import sample_euler

sample_ddim = sample_euler
