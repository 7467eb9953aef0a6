"""An intent resolved against the model: the plan of a read or a write."""
