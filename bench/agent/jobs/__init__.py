"""What a job can do: one module for each kind, with a `run(context)` that returns the `result` event."""
