"""The recipe of the model that ships: procedural scenes, a scorer, training and export."""
