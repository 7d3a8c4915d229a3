"""What holds for all tests: one thread a process, so that a busy or small machine is no slower than an idle one."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is imported; child processes inherit it
