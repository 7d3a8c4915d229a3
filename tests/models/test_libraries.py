"""Slow imports can be done before anybody waits for them."""

import subprocess
import sys


def test_preparing_imports_what_a_checkpoint_needs():
    code = (
        "import sys; from engine import models; assert 'transformers' not in sys.modules; "
        "models.prepare_libraries(); print('transformers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
