"""A pack that cannot be imported: the others must load all the same."""

import a_module_that_nobody_has  # noqa: F401

NODE_CLASS_MAPPINGS = {"ProbeBroken": object}
