"""What a workflow is: nodes, their definitions, links between them, and whether they fit.

A facade: names come from the submodules when first used. Everything here is standard library only.
"""

from engine import lazy

__getattr__, __dir__, __all__ = lazy.facade(
    __name__,
    {
        "Blocked": "definition",
        "Choice": "declare",
        "ChoiceWidget": "widgets",
        "Expansion": "definition",
        "FilesIn": "widgets",
        "FreeWidget": "widgets",
        "Graph": "nodes",
        "InputSpec": "definition",
        "Link": "nodes",
        "ModelFiles": "widgets",
        "More": "declare",
        "Node": "nodes",
        "NodeDefinition": "definition",
        "NodeResult": "definition",
        "NumberWidget": "widgets",
        "OutputSpec": "definition",
        "OwnCheck": "own_check",
        "Problem": "problems",
        "Range": "declare",
        "Registry": "registry",
        "Runs": "definition",
        "Several": "declare",
        "Socket": "sockets",
        "Text": "declare",
        "TextWidget": "widgets",
        "ToggleWidget": "widgets",
        "Toggle": "declare",
        "Undeclared": "definition",
        "Validation": "validate",
        "Widget": "widgets",
        "accepts": "sockets",
        "check_graph": "validate",
        "declared_in": "declare",
        "node": "declare",
        "own_problems": "own_check",
        "order": "topology",
    },
)
